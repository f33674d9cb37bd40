"""Locks: those that migrations and queries take, and who waits for them."""

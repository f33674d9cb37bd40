"""Replacement of the output directory as a whole, and comparison with it."""

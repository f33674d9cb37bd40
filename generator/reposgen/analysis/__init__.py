"""Queries and schema → `TypedQuery`s: every fact that code can be made from."""

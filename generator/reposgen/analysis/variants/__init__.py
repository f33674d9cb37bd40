"""Variants of a query: the clauses and orders that a call can leave out or choose."""

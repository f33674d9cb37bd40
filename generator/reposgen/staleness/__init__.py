"""Reasons why generated files differ from what `generate` would write."""

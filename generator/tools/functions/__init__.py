"""Makes `reposgen/live_schema/functions/builtin-*.tsv`.

Run `python -m tools.functions postgresql://…` in `generator/`, once for each major
version. The server needs no preparation; everything happens in one transaction that
is rolled back.
"""

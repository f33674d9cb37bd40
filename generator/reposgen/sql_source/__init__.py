"""Annotated `.sql` files → `QueryFile`s. Knows no schema."""

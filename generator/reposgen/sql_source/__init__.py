"""From annotated `.sql` files to `QueryFile`s, without knowledge of the schema."""

"""Stage that turns queries and a schema into `TypedQuery`s, which code is made from."""

"""Analysis behind `@optimistic`: writes of a row whose version the caller has seen."""

"""Analysis behind `@cache`: which reads can be cached, and which writes change them."""

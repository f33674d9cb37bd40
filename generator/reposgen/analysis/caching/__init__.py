"""What `@cache` needs: which reads can be cached, and which writes change them."""

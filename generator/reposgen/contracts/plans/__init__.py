"""How the server would run each query on tables of a known size."""

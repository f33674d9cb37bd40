"""What queries and changes of the schema mean for a running system."""

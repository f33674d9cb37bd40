"""The development database, and migrations of any database."""

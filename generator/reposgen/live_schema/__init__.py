"""What the live server says: its catalog, and what it makes of each statement."""

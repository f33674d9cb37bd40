"""`Package` → text, through templates and black."""

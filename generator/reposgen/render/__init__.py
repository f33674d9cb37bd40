"""From `Package` to text, through templates and black."""

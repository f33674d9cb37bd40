"""Writing the output directory as a whole, and comparing it."""

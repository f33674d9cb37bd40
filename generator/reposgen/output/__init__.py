"""Files → the output directory, as a whole; or what differs there."""

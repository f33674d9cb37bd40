"""`@optional`: which stretches of a statement stand or fall with a parameter."""

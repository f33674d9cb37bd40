"""The live server's catalog and its description of each statement."""

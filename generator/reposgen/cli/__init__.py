"""The command line: the only part that reads arguments, prints and exits."""

from reposgen.cli.app import main

__all__ = ["main"]

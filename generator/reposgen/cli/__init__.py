"""The command line: reads arguments, prints, exits. Nothing else does."""

from reposgen.cli.app import main

__all__ = ["main"]

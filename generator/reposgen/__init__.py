"""reposgen: typed Python repositories from annotated SQL.

PostgreSQL itself parses and analyses every query; this package turns what the
server says into a Python package. The folders beside this file are the stages of
that pipeline, in order; `pipeline.py` shows them on one screen.
"""

__version__ = "0.1.0"

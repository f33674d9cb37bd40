"""What tests of code that uses a generated package need: see `docs/testing.md`.

The pytest plugin is `plugin.py`. It imports the rest on first use, so that a run that
does not ask for a database pays nothing for it.
"""

"""Support for tests of code that uses a generated package; see `docs/testing.md`.

The pytest plugin is `plugin.py`. It imports the other modules on first use, so that a
run without databases has no overhead.
"""

"""config-schema: print the JSON schema of codegen.toml."""

from __future__ import annotations

from importlib.resources import files

import click

from reposgen.cli.terminal import Terminal


@click.command("config-schema")
def config_schema() -> None:
    """Print the JSON schema of codegen.toml.

    \b
    Examples:
      reposgen config-schema > codegen.schema.json
      check-jsonschema --schemafile codegen.schema.json codegen.toml
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    text = (files("reposgen") / "config" / "codegen.schema.json").read_text("utf-8")
    Terminal().write(text)

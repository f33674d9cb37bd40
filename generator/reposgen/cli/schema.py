"""config-schema and findings-schema: print JSON schemas for other programs."""

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
    _print("config", "codegen.schema.json")


@click.command("findings-schema")
def findings_schema() -> None:
    """Print the JSON schema of what check, vet, impact and drift find.

    \b
    Examples:
      reposgen findings-schema > findings.schema.json
      check-jsonschema --schemafile findings.schema.json impact.json
    """  # noqa: D301 - as above
    _print("contracts", "findings.schema.json")


def _print(folder: str, name: str) -> None:
    Terminal().write((files("reposgen") / folder / name).read_text("utf-8"))

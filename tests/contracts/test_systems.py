"""The verdicts on this repository's own systems, as docs/scaling.md shows them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from reposgen.config import Overrides, load_config
from reposgen.config.model import TenantConfig
from reposgen.contracts.model import Routing
from reposgen.pipeline import analyse

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scaling.md"
START, END = "<!-- verdicts -->\n", "<!-- /verdicts -->"
TENANTS = {
    "control_plane": TenantConfig(column="org_id"),
    "collaboration": TenantConfig(
        column="tenant_id", setting="app.tenant_id", row_security=True
    ),
    "flows": TenantConfig(column="tenant_id"),
    "agents": TenantConfig(column="user_id"),
}


def test_the_documented_verdicts_are_these(server: str) -> None:
    path = ROOT / "codegen.toml"
    overrides = Overrides(database_url=server)
    config = load_config(path, environ=os.environ, overrides=overrides)
    packages = tuple(
        package.model_copy(update={"tenant": TENANTS[package.name]})
        for package in config.packages
    )
    project = analyse(replace(config, packages=packages), (), lambda _: None)
    names = " | ".join(routing.value for routing in Routing)
    lines = [
        f"| system | column | {names} |",
        f"| --- | --- |{' --- |' * len(Routing)}",
    ]
    for package in project.packages:
        assert package.tenancy is not None
        counts = Counter(verdict.routing for verdict in package.tenancy.verdicts)
        numbers = " | ".join(str(counts[routing]) for routing in Routing)
        column = f"`{package.tenancy.column}`"
        if package.options.tenant.row_security:
            column += " and row-level security"
        lines.append(f"| {package.options.name} | {column} | {numbers} |")
    text = PAGE.read_text(encoding="utf-8")
    shown = text.partition(START)[2].partition(END)[0]
    assert shown == "\n".join(["", *lines, "", ""])

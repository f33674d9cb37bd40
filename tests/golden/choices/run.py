"""Renamed things, and secrets that show themselves nowhere."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from golden_output.choices import (
    App,
    AppKind,
    CopyApplicationsParams,
    Database,
    NameTaken,
)
from reposgen_runtime.secret import Secret

FIRST = App(1, "one", AppKind.WEB, Secret("hash 1"), None)
SECOND = App(2, "two", AppKind.CLI, Secret("hash 2"), Secret("old 2"))


async def run(url: str) -> None:
    async with Database.open(url) as db:
        await db.applications.create_application(
            id=1,
            name="one",
            kind=AppKind.WEB,
            api_key_hash=Secret("hash 1"),
            old_hash=None,
        )
        rows = [
            CopyApplicationsParams(
                2, "two", AppKind.CLI, Secret("hash 2"), Secret("old 2")
            ),
            CopyApplicationsParams(
                3, "three", AppKind.CLI, Secret("hash 3"), Secret(None)
            ),
        ]
        assert await db.applications.copy_applications(rows) == 2
        first = await db.applications.get_application(id=1)
        assert first == FIRST
        assert "hash" not in repr(first).replace("_hash", "")
        with pytest.raises(TypeError):
            json.dumps(asdict(first))
        found = await db.applications.get_by_hash(api_key_hash=Secret("hash 2"))
        assert found is not None
        assert found.type is AppKind.CLI
        assert found.old_hash == Secret("old 2")
        assert (await db.applications.get_hash(id=1)).reveal() == "hash 1"
        assert await db.applications.get_old_hash(id=1) is None
        assert await db.applications.delete_by_hash([Secret("hash 3")]) == [1]
        pairs = await db.applications.list_pairs()
        assert [(pair.application, pair.other) for pair in pairs] == [
            (FIRST, SECOND),
            (SECOND, None),
        ]
        with pytest.raises(NameTaken):
            await db.applications.create_application(
                id=4,
                name="two",
                kind=AppKind.CLI,
                api_key_hash=Secret("hash 4"),
                old_hash=Secret("old 4"),
            )

"""The repository `tools`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from generated.agents import (
    GetToolMetricsRow,
    ImportUsageParams,
    ToolCapabilitiesToolIdFkeyViolation,
    ToolsCategoryCheckViolation,
    ToolsNameKeyViolation,
    ToolUsageAgentIdFkeyViolation,
    ToolUsageDurationMsCheckViolation,
    ToolUsageToolIdFkeyViolation,
)
from generated.agents.models import Tool, ToolCapability, ToolUsage
from tests.systems.agents.aio._compat import at_once
from tests.systems.agents.aio.work import NOBODY, new_agent, new_tool
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import psycopg
    from generated.agents import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def usage(
    tool: UUID, durations: Sequence[int], *, succeeded: bool = True
) -> list[ImportUsageParams]:
    """Calls of a tool by nobody, one a minute from noon on."""
    return [
        ImportUsageParams(
            tool_id=tool,
            agent_id=None,
            succeeded=succeeded,
            duration_ms=duration,
            details={"at": minute},
            used_at=NOON + timedelta(minutes=minute),
        )
        for minute, duration in enumerate(durations)
    ]


async def test_create_and_get(db: Database) -> None:
    made = await db.tools.create(
        name="grep",
        category="search",
        description="Finds lines.",
        parameters={"type": "object"},
    )
    assert (made.name, made.category) == ("grep", "search")
    assert (made.description, made.parameters) == ("Finds lines.", {"type": "object"})
    assert (made.available, made.usage_count, made.last_used_at) == (True, 0, None)
    assert await db.tools.get_by_id(id=made.id) == made


async def test_what_is_not_there(db: Database) -> None:
    assert await db.tools.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        await db.tools.update(id=NOBODY, available=False)
    assert await db.tools.get_tool_capabilities(tool_id=NOBODY) == []
    assert await db.tools.remove_capability(tool_id=NOBODY, name="read") == 0
    assert await db.tools.delete(id=NOBODY) == 0


async def test_what_is_refused(db: Database) -> None:
    tool = await new_tool(db)
    with pytest.raises(ToolsNameKeyViolation):
        await new_tool(db)
    with pytest.raises(ToolsCategoryCheckViolation):
        await db.tools.update(id=tool.id, category="")
    with pytest.raises(ToolCapabilitiesToolIdFkeyViolation):
        await db.tools.add_capability(
            tool_id=NOBODY, name="read", description=None, parameters={}
        )
    for refused, of, by, duration in (
        (ToolUsageToolIdFkeyViolation, NOBODY, None, 1),
        (ToolUsageAgentIdFkeyViolation, tool.id, NOBODY, 1),
        (ToolUsageDurationMsCheckViolation, tool.id, None, -1),
    ):
        with pytest.raises(refused):
            await db.tools.track_usage(
                tool_id=of,
                agent_id=by,
                succeeded=True,
                duration_ms=duration,
                details={},
            )
    # What was not recorded was not counted either.
    assert await db.tools.get_by_id(id=tool.id) == tool


async def test_update_of_what_is_given(db: Database) -> None:
    made = await new_tool(db)
    changed = await db.tools.update(
        id=made.id, description="Finds lines.", available=False
    )
    assert (changed.description, changed.available) == ("Finds lines.", False)
    assert (changed.name, changed.category) == ("grep", "search")
    assert changed.parameters == made.parameters
    changed = await db.tools.update(
        id=made.id, name="rg", category="files", parameters={}, description=None
    )
    assert (changed.name, changed.category, changed.parameters) == ("rg", "files", {})
    assert (changed.description, changed.available) == (None, False)
    assert await db.tools.get_by_id(id=made.id) == changed


async def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Tool, "SELECT * FROM tools ORDER BY created_at DESC, id DESC"
    )
    first = await db.tools.list(limit=20, total=True)
    rest = await db.tools.list(limit=20, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (30, None)
    for available in (True, False):
        found = await db.tools.list(
            category="shell", available=available, sort="-usage_count"
        )
        expected = [
            tool
            for tool in everything
            if (tool.category, tool.available) == ("shell", available)
        ]
        counts = [tool.usage_count for tool in found.items]
        assert counts == sorted(counts, reverse=True)
        assert {tool.id for tool in found.items} == {tool.id for tool in expected}
        counted = await db.tools.count(category="shell", available=available)
        assert counted == len(expected) > 0


async def test_get_by_category(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled, Tool, "SELECT * FROM tools WHERE category = 'files' ORDER BY name"
    )
    assert await db.tools.get_by_category(category="files") == expected != []


async def test_get_available_tools(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    expected = rows(filled, Tool, "SELECT * FROM tools WHERE available ORDER BY name")
    assert await db.tools.get_available_tools() == expected
    assert 0 < len(expected) < 30


async def test_track_usage(db: Database) -> None:
    tool, agent = await new_tool(db), await new_agent(db)
    await at_once(
        *(
            lambda number=number: db.tools.track_usage(
                tool_id=tool.id,
                agent_id=agent.id if number % 2 else None,
                succeeded=number != 3,
                duration_ms=number,
                details={"number": number},
            )
            for number in range(8)
        )
    )
    counted = await db.tools.get_by_id(id=tool.id)
    assert counted is not None
    assert counted.usage_count == 8
    calls = (await db.tools.get_usage(tool_id=tool.id)).items
    assert counted.last_used_at == max(call.used_at for call in calls)
    assert {call.duration_ms for call in calls} == set(range(8))
    assert all(call.details == {"number": call.duration_ms} for call in calls)
    failed = await db.tools.get_usage(
        tool_id=tool.id, agent_id=agent.id, succeeded=False
    )
    assert [call.duration_ms for call in failed.items] == [3]
    by_agent = await db.tools.get_usage(tool_id=tool.id, agent_id=agent.id)
    assert {call.duration_ms for call in by_agent.items} == {1, 3, 5, 7}


async def test_get_usage_page_by_page(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    tool = id_of("tool", 1)
    expected = rows(
        filled,
        ToolUsage,
        "SELECT * FROM tool_usage WHERE tool_id = %s ORDER BY used_at DESC, id DESC",
        tool,
    )
    first = await db.tools.get_usage(tool_id=tool, limit=2)
    rest = await db.tools.get_usage(tool_id=tool, limit=99, after=first.next)
    assert [*first.items, *rest.items] == expected
    assert len(expected) > 2


async def test_import_usage_and_metrics(db: Database) -> None:
    grep, sed = await new_tool(db, "grep"), await new_tool(db, "sed")
    durations = list(range(1, 2002))
    imported = await db.tools.import_usage(
        usage(grep.id, durations) + usage(sed.id, [10, 20], succeeded=False)
    )
    assert imported == 2003
    untouched = await db.tools.get_by_id(id=grep.id)
    assert untouched == grep
    by_grep, by_sed = await db.tools.get_tool_metrics(since=NOON)
    assert by_grep == GetToolMetricsRow(
        tool_id=grep.id,
        name="grep",
        calls=2001,
        failed_calls=0,
        average_duration_ms=mean(durations),
        p95_duration_ms=1901.0,
    )
    assert (by_sed.name, by_sed.calls, by_sed.failed_calls) == ("sed", 2, 2)
    (late,) = await db.tools.get_tool_metrics(since=NOON + timedelta(minutes=2000))
    assert (late.name, late.calls, late.average_duration_ms) == ("grep", 1, 2001.0)


async def test_add_and_remove_capability(db: Database) -> None:
    editor, viewer = await new_tool(db, "editor"), await new_tool(db, "viewer")
    for tool, name in (
        (editor, "write"),
        (editor, "read"),
        (viewer, "read"),
    ):
        added = await db.tools.add_capability(
            tool_id=tool.id, name=name, description=None, parameters={}
        )
        assert (added.tool_id, added.name) == (tool.id, name)
    said_anew = await db.tools.add_capability(
        tool_id=editor.id, name="read", description="Reads.", parameters={"max": 9}
    )
    read, write = await db.tools.get_tool_capabilities(tool_id=editor.id)
    assert (read, write.name) == (said_anew, "write")
    assert (read.description, read.parameters) == ("Reads.", {"max": 9})
    readers = await db.tools.get_by_capability(capability="read")
    assert readers == [editor, viewer]
    await db.tools.update(id=editor.id, available=False)
    assert await db.tools.get_by_capability(capability="read") == [viewer]
    assert await db.tools.remove_capability(tool_id=viewer.id, name="read") == 1
    assert await db.tools.get_by_capability(capability="read") == []
    assert await db.tools.get_tool_capabilities(tool_id=viewer.id) == []


async def test_get_tool_capabilities(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    for number in range(1, 6):
        tool = id_of("tool", number)
        assert await db.tools.get_tool_capabilities(tool_id=tool) == rows(
            filled,
            ToolCapability,
            "SELECT * FROM tool_capabilities WHERE tool_id = %s ORDER BY name",
            tool,
        )


async def test_delete_takes_everything_along(db: Database) -> None:
    tool, agent = await new_tool(db), await new_agent(db)
    await db.agents.grant_tool(agent_id=agent.id, tool_id=tool.id)
    await db.tools.import_usage(usage(tool.id, [1, 2, 3]))
    assert await db.tools.delete(id=tool.id) == 1
    assert await db.tools.get_by_id(id=tool.id) is None
    assert (await db.tools.get_usage(tool_id=tool.id)).items == []
    assert (await db.agents.get_with_tools(id=agent.id)).tools == []

# Derived from ../aio/test_tools.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
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
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import NOBODY, new_agent, new_tool
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import psycopg
    from generated.agents.sync import Database

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


def test_create_and_get(db: Database) -> None:
    made = db.tools.create(
        name="grep",
        category="search",
        description="Finds lines.",
        parameters={"type": "object"},
    )
    assert (made.name, made.category) == ("grep", "search")
    assert (made.description, made.parameters) == ("Finds lines.", {"type": "object"})
    assert (made.available, made.usage_count, made.last_used_at) == (True, 0, None)
    assert db.tools.get_by_id(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    assert db.tools.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.tools.update(id=NOBODY, available=False)
    assert db.tools.get_tool_capabilities(tool_id=NOBODY) == []
    assert db.tools.remove_capability(tool_id=NOBODY, name="read") == 0
    assert db.tools.delete(id=NOBODY) == 0


def test_what_is_refused(db: Database) -> None:
    tool = new_tool(db)
    with pytest.raises(ToolsNameKeyViolation):
        new_tool(db)
    with pytest.raises(ToolsCategoryCheckViolation):
        db.tools.update(id=tool.id, category="")
    with pytest.raises(ToolCapabilitiesToolIdFkeyViolation):
        db.tools.add_capability(
            tool_id=NOBODY, name="read", description=None, parameters={}
        )
    for refused, of, by, duration in (
        (ToolUsageToolIdFkeyViolation, NOBODY, None, 1),
        (ToolUsageAgentIdFkeyViolation, tool.id, NOBODY, 1),
        (ToolUsageDurationMsCheckViolation, tool.id, None, -1),
    ):
        with pytest.raises(refused):
            db.tools.track_usage(
                tool_id=of,
                agent_id=by,
                succeeded=True,
                duration_ms=duration,
                details={},
            )
    # What was not recorded was not counted either.
    assert db.tools.get_by_id(id=tool.id) == tool


def test_update_of_what_is_given(db: Database) -> None:
    made = new_tool(db)
    changed = db.tools.update(id=made.id, description="Finds lines.", available=False)
    assert (changed.description, changed.available) == ("Finds lines.", False)
    assert (changed.name, changed.category) == ("grep", "search")
    assert changed.parameters == made.parameters
    changed = db.tools.update(
        id=made.id, name="rg", category="files", parameters={}, description=None
    )
    assert (changed.name, changed.category, changed.parameters) == ("rg", "files", {})
    assert (changed.description, changed.available) == (None, False)
    assert db.tools.get_by_id(id=made.id) == changed


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Tool, "SELECT * FROM tools ORDER BY created_at DESC, id DESC"
    )
    first = db.tools.list(limit=20, total=True)
    rest = db.tools.list(limit=20, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (30, None)
    for available in (True, False):
        found = db.tools.list(
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
        counted = db.tools.count(category="shell", available=available)
        assert counted == len(expected) > 0


def test_get_by_category(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled, Tool, "SELECT * FROM tools WHERE category = 'files' ORDER BY name"
    )
    assert db.tools.get_by_category(category="files") == expected != []


def test_get_available_tools(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(filled, Tool, "SELECT * FROM tools WHERE available ORDER BY name")
    assert db.tools.get_available_tools() == expected
    assert 0 < len(expected) < 30


def test_track_usage(db: Database) -> None:
    tool, agent = new_tool(db), new_agent(db)
    at_once(
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
    counted = db.tools.get_by_id(id=tool.id)
    assert counted is not None
    assert counted.usage_count == 8
    calls = (db.tools.get_usage(tool_id=tool.id)).items
    assert counted.last_used_at == max(call.used_at for call in calls)
    assert {call.duration_ms for call in calls} == set(range(8))
    assert all(call.details == {"number": call.duration_ms} for call in calls)
    failed = db.tools.get_usage(tool_id=tool.id, agent_id=agent.id, succeeded=False)
    assert [call.duration_ms for call in failed.items] == [3]
    by_agent = db.tools.get_usage(tool_id=tool.id, agent_id=agent.id)
    assert {call.duration_ms for call in by_agent.items} == {1, 3, 5, 7}


def test_get_usage_page_by_page(db: Database, filled: psycopg.Connection[Any]) -> None:
    tool = id_of("tool", 1)
    expected = rows(
        filled,
        ToolUsage,
        "SELECT * FROM tool_usage WHERE tool_id = %s ORDER BY used_at DESC, id DESC",
        tool,
    )
    first = db.tools.get_usage(tool_id=tool, limit=2)
    rest = db.tools.get_usage(tool_id=tool, limit=99, after=first.next)
    assert [*first.items, *rest.items] == expected
    assert len(expected) > 2


def test_import_usage_and_metrics(db: Database) -> None:
    grep, sed = new_tool(db, "grep"), new_tool(db, "sed")
    durations = list(range(1, 2002))
    imported = db.tools.import_usage(
        usage(grep.id, durations) + usage(sed.id, [10, 20], succeeded=False)
    )
    assert imported == 2003
    untouched = db.tools.get_by_id(id=grep.id)
    assert untouched == grep
    by_grep, by_sed = db.tools.get_tool_metrics(since=NOON)
    assert by_grep == GetToolMetricsRow(
        tool_id=grep.id,
        name="grep",
        calls=2001,
        failed_calls=0,
        average_duration_ms=mean(durations),
        p95_duration_ms=1901.0,
    )
    assert (by_sed.name, by_sed.calls, by_sed.failed_calls) == ("sed", 2, 2)
    (late,) = db.tools.get_tool_metrics(since=NOON + timedelta(minutes=2000))
    assert (late.name, late.calls, late.average_duration_ms) == ("grep", 1, 2001.0)


def test_add_and_remove_capability(db: Database) -> None:
    editor, viewer = new_tool(db, "editor"), new_tool(db, "viewer")
    for tool, name in (
        (editor, "write"),
        (editor, "read"),
        (viewer, "read"),
    ):
        added = db.tools.add_capability(
            tool_id=tool.id, name=name, description=None, parameters={}
        )
        assert (added.tool_id, added.name) == (tool.id, name)
    said_anew = db.tools.add_capability(
        tool_id=editor.id, name="read", description="Reads.", parameters={"max": 9}
    )
    read, write = db.tools.get_tool_capabilities(tool_id=editor.id)
    assert (read, write.name) == (said_anew, "write")
    assert (read.description, read.parameters) == ("Reads.", {"max": 9})
    readers = db.tools.get_by_capability(capability="read")
    assert readers == [editor, viewer]
    db.tools.update(id=editor.id, available=False)
    assert db.tools.get_by_capability(capability="read") == [viewer]
    assert db.tools.remove_capability(tool_id=viewer.id, name="read") == 1
    assert db.tools.get_by_capability(capability="read") == []
    assert db.tools.get_tool_capabilities(tool_id=viewer.id) == []


def test_get_tool_capabilities(db: Database, filled: psycopg.Connection[Any]) -> None:
    for number in range(1, 6):
        tool = id_of("tool", number)
        assert db.tools.get_tool_capabilities(tool_id=tool) == rows(
            filled,
            ToolCapability,
            "SELECT * FROM tool_capabilities WHERE tool_id = %s ORDER BY name",
            tool,
        )


def test_delete_takes_everything_along(db: Database) -> None:
    tool, agent = new_tool(db), new_agent(db)
    db.agents.grant_tool(agent_id=agent.id, tool_id=tool.id)
    db.tools.import_usage(usage(tool.id, [1, 2, 3]))
    assert db.tools.delete(id=tool.id) == 1
    assert db.tools.get_by_id(id=tool.id) is None
    assert (db.tools.get_usage(tool_id=tool.id)).items == []
    assert (db.agents.get_with_tools(id=agent.id)).tools == []

# Derived from ../aio/test_playbooks.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `playbooks`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.agents import (
    PlaybookExecutionsCompletedAtCheckViolation,
    PlaybookExecutionsVersionFkeyViolation,
    PlaybooksCreatedByFkeyViolation,
    PlaybooksNameCheckViolation,
    PlaybooksNameKeyViolation,
)
from generated.agents.models import ExecutionStatus, Playbook, PlaybookStatus
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import NOBODY, new_agent, new_playbook, new_user
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.agents.models import PlaybookExecution, PlaybookVersion
    from generated.agents.sync import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def publish(db: Database, playbook: UUID, note: str | None = None) -> PlaybookVersion:
    """A version by nobody."""
    return db.playbooks.create_version(
        change_note=note, created_by=None, playbook_id=playbook
    )


def record(
    db: Database,
    playbook: UUID,
    status: ExecutionStatus = ExecutionStatus.COMPLETED,
    *,
    agent: UUID | None = None,
    started_at: datetime = NOON,
) -> PlaybookExecution:
    """A run of the current version."""
    return db.playbooks.record_execution(
        agent_id=agent,
        status=status,
        input={"ticket": 7},
        output=None,
        error=None,
        started_at=started_at,
        playbook_id=playbook,
    )


def test_create_and_get(db: Database) -> None:
    user = new_user(db)
    made = db.playbooks.create(
        name="Triage",
        description=None,
        category="support",
        is_template=True,
        content={"steps": ["greet"]},
        tags=["calm", "calm", 'with "quotes", {braces}'],
        created_by=user.id,
    )
    assert (made.name, made.description, made.category) == ("Triage", None, "support")
    assert (made.is_template, made.status, made.current_version) == (
        True,
        PlaybookStatus.DRAFT,
        0,
    )
    assert made.content == {"steps": ["greet"]}
    assert made.tags == ["calm", "calm", 'with "quotes", {braces}']
    assert made.created_by == user.id
    assert db.playbooks.get_by_id(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    assert db.playbooks.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.playbooks.update(id=NOBODY, name="Nothing")
    with pytest.raises(NotFound):
        publish(db, NOBODY)
    with pytest.raises(NotFound):
        record(db, NOBODY)
    assert db.playbooks.get_versions(playbook_id=NOBODY) == []
    assert db.playbooks.get_version(playbook_id=NOBODY, version=1) is None
    assert db.playbooks.delete(id=NOBODY) == 0


def test_what_is_refused(db: Database) -> None:
    made = new_playbook(db)
    with pytest.raises(PlaybooksNameKeyViolation):
        new_playbook(db)
    with pytest.raises(PlaybooksNameCheckViolation):
        db.playbooks.update(id=made.id, name="")
    with pytest.raises(PlaybooksCreatedByFkeyViolation):
        db.playbooks.create(
            name="Hand over",
            description=None,
            category="support",
            is_template=False,
            content={},
            tags=[],
            created_by=NOBODY,
        )
    # What was not published cannot have been run.
    with pytest.raises(PlaybookExecutionsVersionFkeyViolation):
        record(db, made.id)
    publish(db, made.id)
    with pytest.raises(PlaybookExecutionsCompletedAtCheckViolation):
        record(db, made.id, ExecutionStatus.RUNNING)


def test_update_of_what_is_given(db: Database) -> None:
    made = new_playbook(db)
    changed = db.playbooks.update(
        id=made.id, status=PlaybookStatus.ARCHIVED, tags=[], description=None
    )
    assert (changed.status, changed.tags, changed.description) == (
        PlaybookStatus.ARCHIVED,
        [],
        None,
    )
    assert (changed.name, changed.content) == (made.name, made.content)
    changed = db.playbooks.update(
        id=made.id, name="Calm", category="release", is_template=True, content=[1]
    )
    assert (changed.name, changed.category, changed.is_template, changed.content) == (
        "Calm",
        "release",
        True,
        [1],
    )
    assert db.playbooks.get_by_id(id=made.id) == changed


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Playbook, "SELECT * FROM playbooks ORDER BY created_at DESC, id DESC"
    )
    first = db.playbooks.list(limit=7, total=True)
    rest = db.playbooks.list(limit=7, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (12, None)
    for tags in ([], ["calm"], ["quick", "calm"], ["loud"]):
        found = db.playbooks.list(
            category="support", tags=tags, status=PlaybookStatus.DRAFT, sort="name"
        )
        assert found.items == [
            playbook
            for playbook in sorted(everything, key=lambda playbook: playbook.name)
            if playbook.category == "support" and set(tags) <= set(playbook.tags)
        ]
        counted = db.playbooks.count(
            category="support", tags=tags, status=PlaybookStatus.DRAFT
        )
        assert counted == len(found.items)
    assert db.playbooks.count(status=PlaybookStatus.PUBLISHED) == 0


def test_get_templates(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled, Playbook, "SELECT * FROM playbooks WHERE is_template ORDER BY name"
    )
    assert db.playbooks.get_templates() == expected
    assert len(expected) == 4


def test_create_from_template(db: Database) -> None:
    template = new_playbook(db, "Template", template=True)
    made = db.playbooks.create_from_template(
        name="Copy", created_by=None, template_id=template.id
    )
    assert (made.name, made.is_template, made.status) == (
        "Copy",
        False,
        PlaybookStatus.DRAFT,
    )
    assert (made.description, made.category, made.content, made.tags) == (
        template.description,
        template.category,
        template.content,
        template.tags,
    )
    with pytest.raises(NotFound):
        db.playbooks.create_from_template(
            name="Copy of a copy", created_by=None, template_id=made.id
        )


def test_create_version_and_get_versions(db: Database) -> None:
    user, playbook = new_user(db), new_playbook(db)
    first = db.playbooks.create_version(
        change_note="As agreed.", created_by=user.id, playbook_id=playbook.id
    )
    assert (first.playbook_id, first.version, first.content) == (
        playbook.id,
        1,
        playbook.content,
    )
    assert (first.change_note, first.created_by) == ("As agreed.", user.id)
    db.playbooks.update(id=playbook.id, content={"steps": ["ask"]})
    second = publish(db, playbook.id)
    assert (second.version, second.content) == (2, {"steps": ["ask"]})
    assert db.playbooks.get_versions(playbook_id=playbook.id) == [second, first]
    found = db.playbooks.get_version(playbook_id=playbook.id, version=1)
    assert found == first
    assert db.playbooks.get_version(playbook_id=playbook.id, version=3) is None
    published = db.playbooks.get_by_id(id=playbook.id)
    assert published is not None
    assert (published.status, published.current_version) == (
        PlaybookStatus.PUBLISHED,
        2,
    )


def test_versions_published_at_once_are_numbered(db: Database) -> None:
    playbook = new_playbook(db)
    made = at_once(*(lambda: publish(db, playbook.id) for _ in range(5)))
    assert sorted(version.version for version in made) == [1, 2, 3, 4, 5]


def test_execution_log(db: Database) -> None:
    playbook, agent = new_playbook(db), new_agent(db)
    publish(db, playbook.id)
    made = [
        record(
            db,
            playbook.id,
            ExecutionStatus.FAILED if number == 2 else ExecutionStatus.COMPLETED,
            agent=agent.id if number < 2 else None,
            started_at=NOON + timedelta(minutes=number),
        )
        for number in range(4)
    ]
    publish(db, playbook.id)
    last = db.playbooks.record_execution(
        agent_id=agent.id,
        status=ExecutionStatus.CANCELLED,
        input={},
        output={"answer": None},
        error="asked to stop",
        started_at=NOON + timedelta(hours=1),
        playbook_id=playbook.id,
    )
    assert (last.version, last.output, last.error) == (
        2,
        {"answer": None},
        "asked to stop",
    )
    assert last.completed_at is not None
    expected = [last, *reversed(made)]
    log = db.playbooks.get_execution_log
    first = log(playbook_id=playbook.id, limit=3, total=True)
    rest = log(playbook_id=playbook.id, limit=3, after=first.next)
    assert [*first.items, *rest.items] == expected
    assert first.total == 5
    of_first = log(playbook_id=playbook.id, version=1)
    assert of_first.items == expected[1:]
    by_agent = log(playbook_id=playbook.id, agent_id=agent.id)
    assert by_agent.items == [last, made[1], made[0]]
    failed = db.playbooks.get_execution_log(
        playbook_id=playbook.id, version=1, status=ExecutionStatus.FAILED
    )
    assert failed.items == [made[2]]


def test_delete_takes_versions_and_executions_along(db: Database) -> None:
    playbook = new_playbook(db)
    publish(db, playbook.id)
    record(db, playbook.id)
    assert db.playbooks.delete(id=playbook.id) == 1
    assert db.playbooks.get_versions(playbook_id=playbook.id) == []
    log = db.playbooks.get_execution_log(playbook_id=playbook.id)
    assert log.items == []

# Derived from ../aio/test_users.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `users`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.agents import (
    UserPreferencesPreferencesCheckViolation,
    UserPreferencesUserIdFkeyViolation,
    UsersEmailCheckViolation,
    UsersEmailKeyViolation,
    UsersNameCheckViolation,
)
from generated.agents.models import User
from generated.agents.users import CreateManyParams
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import NOBODY, new_conversation, new_task, new_user
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.agents.sync import Database


def test_create_and_get(db: Database) -> None:
    made = db.users.create(email="Ada@Example.com", name="Ada Ash")
    assert (made.email, made.name, made.active) == ("ada@example.com", "Ada Ash", True)
    assert db.users.get_by_id(id=made.id) == made


def test_get_by_email_in_any_case(db: Database) -> None:
    ada, _ = new_user(db, "Ada"), new_user(db, "Bob")
    assert db.users.get_by_email(email="ADA@example.COM") == ada
    assert db.users.get_by_email(email="nobody@example.com") is None


def test_what_is_not_there(db: Database) -> None:
    assert db.users.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.users.update(id=NOBODY, name="Nobody")
    with pytest.raises(NotFound):
        db.users.get_preferences(user_id=NOBODY)
    assert db.users.unset_preferences(keys=["theme"], user_id=NOBODY) is None
    assert db.users.delete(id=NOBODY) == 0


def test_what_is_refused(db: Database) -> None:
    user = new_user(db, "Ada")
    with pytest.raises(UsersEmailKeyViolation) as caught:
        db.users.create(email="ADA@example.com", name="Another")
    assert "ada" not in str(caught.value).lower()
    with pytest.raises(UsersEmailCheckViolation):
        db.users.create(email="ada", name="Ada")
    with pytest.raises(UsersNameCheckViolation):
        db.users.update(id=user.id, name="")
    with pytest.raises(UserPreferencesPreferencesCheckViolation):
        db.users.set_preferences(user_id=user.id, preferences="dark")
    with pytest.raises(UserPreferencesUserIdFkeyViolation):
        db.users.set_preferences(user_id=NOBODY, preferences={})


def test_update_of_what_is_given(db: Database) -> None:
    made = new_user(db, "Ada")
    changed = db.users.update(id=made.id, email="ADA@Example.org")
    assert (changed.email, changed.name, changed.active) == (
        "ada@example.org",
        "Ada",
        True,
    )
    assert changed.updated_at > made.updated_at
    changed = db.users.update(id=made.id, name="Ada Ash", active=False)
    assert (changed.email, changed.name, changed.active) == (
        "ada@example.org",
        "Ada Ash",
        False,
    )
    assert db.users.get_by_id(id=made.id) == changed


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, User, "SELECT * FROM users ORDER BY created_at DESC, id DESC"
    )
    first = db.users.list(limit=3, total=True)
    rest = db.users.list(limit=3, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (5, None)
    for active in (True, False):
        found = db.users.list(active=active, sort="email")
        assert found.items == [
            user
            for user in sorted(everything, key=lambda user: user.email)
            if user.active is active
        ]
        assert db.users.count(active=active) == len(found.items)
    assert db.users.count() == 5


def test_create_many(db: Database) -> None:
    params = [
        CreateManyParams(
            id=uuid4(), email=f"user{number}@example.com", name=f"User {number}"
        )
        for number in range(1500)
    ]
    assert db.users.create_many(iter(params)) == 1500
    assert db.users.count(active=True) == 1500
    found = db.users.get_by_email(email="user1499@example.com")
    assert found is not None
    assert (found.id, found.name) == (params[-1].id, "User 1499")
    bad = [
        CreateManyParams(id=uuid4(), email="good@example.com", name="Good"),
        CreateManyParams(id=uuid4(), email="BAD@example.com", name="Bad"),
    ]
    with pytest.raises(UsersEmailCheckViolation):
        db.users.create_many(bad)
    assert db.users.count() == 1500


def test_preferences_merge(db: Database) -> None:
    user = new_user(db)
    assert db.users.get_preferences(user_id=user.id) == {}
    assert db.users.unset_preferences(keys=["theme"], user_id=user.id) is None
    chosen = db.users.set_preferences(
        user_id=user.id, preferences={"theme": "dark", "font": {"size": 12}}
    )
    assert chosen == {"theme": "dark", "font": {"size": 12}}
    chosen = db.users.set_preferences(
        user_id=user.id, preferences={"theme": None, "lang": "en"}
    )
    assert chosen == {"theme": None, "font": {"size": 12}, "lang": "en"}
    assert db.users.get_preferences(user_id=user.id) == chosen
    left = db.users.unset_preferences(keys=["font", "x"], user_id=user.id)
    assert left == {"theme": None, "lang": "en"}


def test_preferences_set_at_once_are_all_kept(db: Database) -> None:
    user = new_user(db)
    at_once(
        *(
            lambda number=number: db.users.set_preferences(
                user_id=user.id, preferences={f"key{number}": number}
            )
            for number in range(6)
        )
    )
    assert db.users.get_preferences(user_id=user.id) == {
        f"key{number}": number for number in range(6)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ada", ["Ada Ash", "Ada Oak"]),
        ("ASH ad", ["Ada Ash"]),
        ("a", ["Ada Ash", "Ada Oak", "Bela Ash"]),
        ("bela.ash@example.com", ["Bela Ash"]),
        ("oak & 'ash' | !:*", []),
        ("", []),
        ("  ", []),
    ],
)
def test_search(db: Database, query: str, expected: list[str]) -> None:
    for name in ("Bela Ash", "Ada Oak", "Ada Ash"):
        new_user(db, name)
    found = db.users.search(query=query, limit=10)
    assert [user.name for user in found] == expected
    assert db.users.search(query=query, limit=1) == found[:1]


def test_delete_takes_what_is_private_along(db: Database) -> None:
    user = new_user(db)
    conversation = new_conversation(db, user.id)
    task = new_task(db, "Plan", user=user.id)
    db.users.set_preferences(user_id=user.id, preferences={"theme": "dark"})
    assert db.users.delete(id=user.id) == 1
    assert db.users.get_by_email(email=user.email) is None
    assert db.conversations.get_by_id(id=conversation.id) is None
    kept = db.tasks.get_by_id(id=task.id)
    assert kept is not None
    assert kept.created_by is None

from __future__ import annotations

import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.python_model.inflection import singular
from reposgen.python_model.names import (
    Namespace,
    class_name,
    constant_name,
    enum_members,
    field_name,
    identifier,
    snake_case,
    unique,
)

# What PostgreSQL allows in a name is any text without NUL.
NAMES = st.text(min_size=1).filter(lambda text: "\0" not in text)


def is_fine(name: str) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and unicodedata.normalize("NFKC", name) == name
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("title", "title"),
        ("createdAt", "createdAt"),
        ("class", "class_"),
        ("from", "from_"),
        ("None", "None_"),
        ("match", "match"),
        ("self", "self"),
        ("date", "date"),
        ("__init__", "init__"),
        ("_id", "id"),
        ("1st", "column_1st"),
        ("?column?", "column_"),
        ("straße", "straße"),
        ("ﬁle", "file"),
        ("x²", "x2"),
        ("a b", "a_b"),
        ("a\\b", "a_b"),
        ('a"b', "a_b"),
        ("日本", "日本"),
        ("%", "column_7"),
        ("", "column_7"),
        ("column", "column"),
    ],
)
def test_field_name(text: str, name: str) -> None:
    assert field_name(text, 7) == name


@given(st.text())
def test_every_text_gives_valid_names(text: str) -> None:
    assert is_fine(field_name(text, 1))
    assert is_fine(class_name(text))
    assert is_fine(constant_name(text))
    assert is_fine(identifier(text, "query"))


@given(st.lists(NAMES), st.sets(NAMES))
def test_unique_names_are_unique_and_valid(
    texts: list[str], reserved_texts: set[str]
) -> None:
    reserved = {identifier(text, "query") for text in reserved_texts}
    names = unique((field_name(t, n) for n, t in enumerate(texts, 1)), reserved)
    assert len(set(names)) == len(texts)
    assert not set(names) & reserved
    assert all(is_fine(name) for name in names)


@given(st.lists(NAMES, unique=True))
def test_a_name_that_nothing_argues_with_is_kept(texts: list[str]) -> None:
    names = [identifier(text, "query") for text in texts]
    for name, given_name in zip(unique(names), names, strict=True):
        if names.count(given_name) == 1:
            assert name == given_name


def test_the_first_of_equal_names_keeps_it() -> None:
    assert unique(["a", "b", "a", "a_2"]) == ("a", "b", "a_3", "a_2")


def test_reserved_names_get_an_underscore() -> None:
    assert unique(["self", "self"], {"self"}) == ("self_", "self__2")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tasks", "Tasks"),
        ("task_status", "TaskStatus"),
        ("taskStatus", "TaskStatus"),
        ("HTTP_log", "HTTPLog"),
        ("1st", "Type1st"),
        ("", "Type"),
        ("none", "None_"),
        ("a-b.c d", "ABCD"),
    ],
)
def test_class_name(text: str, name: str) -> None:
    assert class_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GetTask", "get_task"),
        ("getHTTPLog", "get_http_log"),
        ("get_task", "get_task"),
        ("get-task", "get_task"),
        ("Tasks2Go", "tasks2_go"),
    ],
)
def test_snake_case(text: str, name: str) -> None:
    assert snake_case(text) == name


def test_enum_members_are_called_as_by_sqlc() -> None:
    labels = ("open", "in progress", "to-do", "a/b:c", "50%", "", "OPEN", "-", "none")
    assert enum_members(labels) == (
        "OPEN",
        "IN_PROGRESS",
        "TO_DO",
        "A_B_C",
        "VALUE_50",
        "VALUE_6",
        "VALUE_7",
        "VALUE_8",
        "NONE",
    )


@given(st.lists(st.text(), unique=True))
def test_enum_members_are_unique_and_valid(labels: list[str]) -> None:
    members = enum_members(labels)
    assert len(set(members)) == len(labels)
    assert all(is_fine(member) for member in members)


def test_a_namespace_tries_all_wishes_first() -> None:
    names = Namespace()
    assert names.claim("Task") == "Task"
    assert names.claim("Task", "BillingTask") == "BillingTask"
    assert names.claim("Task", "BillingTask") == "BillingTask2"
    assert names.claim("task") == "task"
    assert names.claim("task") == "task_2"


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("tasks", "task"),
        ("audit_logs", "audit_log"),
        ("workspaceMembers", "workspaceMember"),
        ("policies", "policy"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("status", "status"),
        ("branches", "branch"),
        ("caches", "cache"),
        ("boxes", "box"),
        ("houses", "house"),
        ("databases", "database"),
        ("analyses", "analysis"),
        ("indices", "index"),
        ("people", "person"),
        ("movies", "movie"),
        ("news", "news"),
        ("analytics", "analytics"),
        ("topics", "topic"),
        ("campus", "campus"),
        ("meta", "meta"),
        ("calories", "calories"),
        ("waves", "waves"),
        ("metadata", "metadata"),
        ("TASKS", "TASK"),
        ("People", "Person"),
        ("日本", "日本"),
        ("", ""),
    ],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one

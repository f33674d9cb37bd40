from __future__ import annotations

import pytest

from reposgen.analysis.names import free_name, method_name, quote_identifier


@pytest.mark.parametrize(
    ("query", "method"),
    [
        ("GetTask", "get_task"),
        ("getTask", "get_task"),
        ("get_task", "get_task"),
        ("GetAuthorIDByID", "get_author_id_by_id"),
        ("CTERecursive", "cte_recursive"),
        ("ListV2Tasks", "list_v2_tasks"),
        ("_private", "_private"),
        ("Get_Task", "get_task"),
    ],
)
def test_methods(query: str, method: str) -> None:
    assert method_name(query) == method


def test_free_names() -> None:
    assert free_name("id", {"name"}) == "id"
    assert free_name("id", {"id", "id_2"}) == "id_3"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("plain_1", "plain_1"),
        ("Mixed", '"Mixed"'),
        ("select", '"select"'),
        ('a"b', '"a""b"'),
        ("größe", '"größe"'),
        ("1st", '"1st"'),
    ],
)
def test_quoting(name: str, quoted: str) -> None:
    assert quote_identifier(name, {"select"}) == quoted

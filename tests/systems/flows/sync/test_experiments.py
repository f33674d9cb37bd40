# Derived from ../aio/test_experiments.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `experiments`: which variant of a flow does a subject get?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import md5
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest
from generated.flows import (
    CountAssignmentsRow,
    ExperimentAssignmentsSubjectIdCheckViolation,
    ExperimentsNameCheckViolation,
    ExperimentsTenantIdNameKeyViolation,
    ExperimentVariantsFlowIdFkeyViolation,
    ExperimentVariantsNameCheckViolation,
    ExperimentVariantsWeightCheckViolation,
)
from generated.flows.models import ExperimentStatus, ExperimentVariant
from tests.systems.flows.sync._compat import at_once
from tests.systems.flows.sync.work import NOBODY, TENANT, new_experiment, new_flow

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    import psycopg
    from generated.flows.experiments import Assignment
    from generated.flows.sync import Database

WEIGHTS = {"control": 2, "friendly": 1, "short": 1}


def variant_of(experiment: UUID, subject: str, weights: Mapping[str, int]) -> str:
    """The rule: a subject's hash falls on one of the weights, put side by side."""
    digest = md5(f"{experiment}/{subject}".encode(), usedforsecurity=False)
    place = int(digest.hexdigest()[:8], 16) % sum(weights.values())
    bounds = accumulate(weights[name] for name in sorted(weights))
    return next(
        name
        for name, bound in zip(sorted(weights), bounds, strict=True)
        if place < bound
    )


def new_running_experiment(db: Database, weights: Mapping[str, int]) -> UUID:
    made = new_experiment(db, weights)
    return (db.experiments.start(tenant_id=TENANT, id=made.id)).id


def assign(db: Database, experiment: UUID, subject: str) -> Assignment:
    return db.experiments.assign(
        tenant_id=TENANT, experiment_id=experiment, subject_id=subject
    )


def test_create_and_get(db: Database) -> None:
    made = db.experiments.create(tenant_id=TENANT, name="Greeting", description=None)
    assert (made.tenant_id, made.name, made.description) == (TENANT, "Greeting", None)
    assert made.status is ExperimentStatus.DRAFT
    assert (made.started_at, made.completed_at) == (None, None)
    assert db.experiments.get_by_id(tenant_id=TENANT, id=made.id) == made
    assert db.experiments.get_by_id(tenant_id=TENANT, id=NOBODY) is None
    with pytest.raises(ExperimentsTenantIdNameKeyViolation):
        db.experiments.create(tenant_id=TENANT, name="Greeting", description=None)
    with pytest.raises(ExperimentsNameCheckViolation):
        db.experiments.create(tenant_id=TENANT, name="", description=None)


def test_list_the_newest_first(db: Database) -> None:
    made = [
        db.experiments.create(tenant_id=TENANT, name=name, description=None)
        for name in ("A", "B", "C")
    ]
    page = db.experiments.list(tenant_id=TENANT, limit=2, total=True)
    assert (page.items, page.total) == ([made[2], made[1]], 3)
    rest = db.experiments.list(tenant_id=TENANT, limit=2, after=page.next)
    assert rest.items == [made[0]]
    running = db.experiments.list(tenant_id=TENANT, status=ExperimentStatus.RUNNING)
    assert running.items == []
    drafts = db.experiments.list(tenant_id=TENANT, status=ExperimentStatus.DRAFT)
    assert drafts.items == made[::-1]


def test_update_changes_what_is_given(db: Database) -> None:
    made = new_experiment(db, {})
    renamed = db.experiments.update(name="Hello", tenant_id=TENANT, id=made.id)
    assert (renamed.name, renamed.description) == ("Hello", made.description)
    assert renamed.updated_at > made.updated_at
    cleared = db.experiments.update(description=None, tenant_id=TENANT, id=made.id)
    assert (cleared.name, cleared.description) == ("Hello", None)
    with pytest.raises(NotFound):
        db.experiments.update(name="x", tenant_id=TENANT, id=NOBODY)
    touched = db.experiments.update(tenant_id=TENANT, id=made.id)
    assert replace(touched, updated_at=cleared.updated_at) == cleared


def test_variants(db: Database) -> None:
    made = new_experiment(db, WEIGHTS)
    found = db.experiments.get_with_variants(tenant_id=TENANT, id=made.id)
    assert found is not None
    assert found.experiment == made
    assert {v.name: v.weight for v in found.variants} == WEIGHTS
    assert [v.name for v in found.variants] == sorted(WEIGHTS)
    flow = new_flow(db, "Other")
    changed = db.experiments.set_variant(
        tenant_id=TENANT, experiment_id=made.id, name="short", flow_id=flow.id, weight=5
    )
    assert changed == ExperimentVariant(made.id, "short", TENANT, flow.id, 5)
    removed = db.experiments.remove_variant(
        tenant_id=TENANT, experiment_id=made.id, name="friendly"
    )
    assert removed == 1
    again = db.experiments.get_with_variants(tenant_id=TENANT, id=made.id)
    assert again is not None
    assert again.variants == [found.variants[0], changed]
    assert db.experiments.get_with_variants(tenant_id=TENANT, id=NOBODY) is None


def test_variants_that_are_refused(db: Database) -> None:
    made = new_experiment(db, {})
    flow = new_flow(db, "Other")

    def put(name: str, flow_id: UUID, weight: int, experiment: UUID) -> None:
        db.experiments.set_variant(
            tenant_id=TENANT,
            experiment_id=experiment,
            name=name,
            flow_id=flow_id,
            weight=weight,
        )

    with pytest.raises(ExperimentVariantsFlowIdFkeyViolation):
        put("a", NOBODY, 1, made.id)
    with pytest.raises(ExperimentVariantsNameCheckViolation):
        put("", flow.id, 1, made.id)
    with pytest.raises(ExperimentVariantsWeightCheckViolation):
        put("a", flow.id, 0, made.id)
    with pytest.raises(NotFound):
        put("a", flow.id, 1, NOBODY)


def test_the_way_of_an_experiment(db: Database) -> None:
    made = new_experiment(db, {})
    with pytest.raises(NotFound):
        db.experiments.start(tenant_id=TENANT, id=made.id)
    flow = new_flow(db, "Other")

    def put(name: str) -> None:
        db.experiments.set_variant(
            tenant_id=TENANT,
            experiment_id=made.id,
            name=name,
            flow_id=flow.id,
            weight=1,
        )

    put("a")
    with pytest.raises(NotFound):
        db.experiments.complete(tenant_id=TENANT, id=made.id)
    with pytest.raises(NotFound):
        assign(db, made.id, "user-1")
    running = db.experiments.start(tenant_id=TENANT, id=made.id)
    assert running.status is ExperimentStatus.RUNNING
    assert running.started_at == running.updated_at
    # From now on its variants stay.
    with pytest.raises(NotFound):
        put("b")
    removed = db.experiments.remove_variant(
        tenant_id=TENANT, experiment_id=made.id, name="a"
    )
    assert removed == 0
    with pytest.raises(NotFound):
        db.experiments.start(tenant_id=TENANT, id=made.id)
    assigned = assign(db, made.id, "user-1")
    completed = db.experiments.complete(tenant_id=TENANT, id=made.id)
    assert completed.status is ExperimentStatus.COMPLETED
    assert completed.started_at == running.started_at
    assert completed.completed_at == completed.updated_at
    # Who was in it keeps the variant; nobody else gets one.
    assert assign(db, made.id, "user-1") == assigned
    with pytest.raises(NotFound):
        assign(db, made.id, "user-2")


def test_assign_follows_the_rule(db: Database) -> None:
    experiment = new_running_experiment(db, WEIGHTS)
    subjects = [f"user-{number}" for number in range(48)]
    assigned = at_once(
        *(
            lambda subject=subject: assign(db, experiment, subject)
            for subject in subjects
        )
    )
    expected = [variant_of(experiment, subject, WEIGHTS) for subject in subjects]
    assert [assignment.variant for assignment in assigned] == expected
    assert set(expected) == set(WEIGHTS)
    counts = Counter(expected)
    assert db.experiments.count_assignments(
        tenant_id=TENANT, experiment_id=experiment
    ) == [
        CountAssignmentsRow(name, WEIGHTS[name], counts[name])
        for name in sorted(WEIGHTS)
    ]
    with pytest.raises(ExperimentAssignmentsSubjectIdCheckViolation):
        assign(db, experiment, "")


def test_count_assignments_of_none(db: Database) -> None:
    experiment = new_running_experiment(db, {"a": 1, "b": 2})
    counts = db.experiments.count_assignments(
        tenant_id=TENANT, experiment_id=experiment
    )
    assert counts == [CountAssignmentsRow("a", 1, 0), CountAssignmentsRow("b", 2, 0)]


def test_assign_records_once(db: Database, admin: psycopg.Connection[Any]) -> None:
    experiment = new_running_experiment(db, WEIGHTS)
    first = assign(db, experiment, "user-1")
    assert (first.tenant_id, first.experiment_id) == (TENANT, experiment)
    assert assign(db, experiment, "user-1") == first
    # Whatever the rule would say today: what is recorded counts.
    other = min({*WEIGHTS} - {first.variant})
    admin.execute("UPDATE experiment_assignments SET variant = %s", [other])
    again = assign(db, experiment, "user-1")
    assert (again.variant, again.assigned_at) == (other, first.assigned_at)
    found = db.experiments.get_assignment(
        tenant_id=TENANT, experiment_id=experiment, subject_id="user-1"
    )
    assert found is not None
    assert (found.variant, found.assigned_at) == (other, first.assigned_at)
    missing = db.experiments.get_assignment(
        tenant_id=TENANT, experiment_id=experiment, subject_id="user-2"
    )
    assert missing is None


def test_assign_by_many_at_once(db: Database, admin: psycopg.Connection[Any]) -> None:
    experiment = new_running_experiment(db, WEIGHTS)
    for number in range(4):
        subject = f"user-{number}"
        assigned = at_once(
            *(lambda s=subject: assign(db, experiment, s) for _ in range(8))
        )
        assert assigned == [assigned[0]] * 8
    query = "SELECT count(*) FROM experiment_assignments"
    assert admin.execute(query).fetchone() == (4,)


def test_delete_takes_all_of_it(db: Database, admin: psycopg.Connection[Any]) -> None:
    experiment = new_running_experiment(db, WEIGHTS)
    assign(db, experiment, "user-1")
    assert db.experiments.delete(tenant_id=TENANT, id=experiment) == 1
    assert db.experiments.delete(tenant_id=TENANT, id=experiment) == 0
    for query in (
        "SELECT count(*) FROM experiment_variants",
        "SELECT count(*) FROM experiment_assignments",
    ):
        assert admin.execute(query.encode()).fetchone() == (0,)

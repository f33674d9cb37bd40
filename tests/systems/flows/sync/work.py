# Derived from ../aio/work.py by derive_sync.py: change that file.
"""What most tests of the system need to begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from generated.flows.models import ExperimentVariant
from tests.systems.data import id_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generated.flows.models import ConversationFlow, Experiment
    from generated.flows.sync import Database

    from reposgen_runtime import JsonInput

TENANT = id_of("tenant", 1)
OTHER = id_of("tenant", 2)
NOBODY = UUID(int=0)
ANN = id_of("person", 1)
BOB = id_of("person", 2)

HOUR = timedelta(hours=1)
# What lives so long has expired when it is written.
PAST = timedelta(seconds=-1)

DEFINITION: JsonInput = {
    "start": "greet",
    "states": {
        "greet": {"say": "Hello! What can I do for you?", "next": ["order", "end"]},
        "order": {"ask": "number", "next": ["end"], "retries": 2},
        "end": {"say": "Goodbye."},
    },
}


def new_flow(
    db: Database,
    name: str,
    *,
    version: str = "1.0",
    description: str | None = None,
    tags: Sequence[str] = (),
    created_by: UUID | None = None,
    tenant: UUID = TENANT,
) -> ConversationFlow:
    """A draft."""
    return db.flows.create_flow(
        tenant_id=tenant,
        name=name,
        version=version,
        description=description,
        flow_definition=DEFINITION,
        tags=tags,
        created_by=created_by,
    )


def new_active_flow(
    db: Database, name: str, *, tenant: UUID = TENANT
) -> ConversationFlow:
    """One that may be used."""
    made = new_flow(db, name, tenant=tenant)
    return db.flows.publish_flow(published_by=ANN, tenant_id=tenant, flow_id=made.id)


def new_experiment(
    db: Database, weights: Mapping[str, int], *, tenant: UUID = TENANT
) -> Experiment:
    """A draft whose variants have these weights; all of them are of one flow."""
    made = db.experiments.create(
        tenant_id=tenant, name="Greeting", description="Which greeting is liked best?"
    )
    flow = new_flow(db, "Welcome", tenant=tenant)
    for name, weight in weights.items():
        variant = db.experiments.set_variant(
            tenant_id=tenant,
            experiment_id=made.id,
            name=name,
            flow_id=flow.id,
            weight=weight,
        )
        assert variant == ExperimentVariant(made.id, name, tenant, flow.id, weight)
    return made

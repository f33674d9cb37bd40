"""An organization as most tests need one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from generated.control_plane.models import UserRole

from reposgen_runtime.secret import Secret

if TYPE_CHECKING:
    from generated.control_plane import Database
    from generated.control_plane.models import InferenceRequest

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The ids of an organization, of its application, and of a user."""

    org: UUID
    app: UUID
    user: UUID


def key_hash(key: str) -> Secret[str]:
    """What is stored of an API key."""
    return Secret(sha256(key.encode()).hexdigest())


async def new_tenant(db: Database, slug: str = "acme") -> Tenant:
    """An organization with an application and an admin."""
    org = await db.organizations.create_organization(name=slug.title(), slug=slug)
    app = await db.applications.create_application(
        org_id=org.id, name="Help desk", api_key_hash=key_hash(f"{slug}-help-desk")
    )
    user = await db.users.create_user(
        org_id=org.id,
        email=f"ada@{slug}.example",
        cognito_sub=f"{slug}|ada",
        role=UserRole.ADMIN,
    )
    return Tenant(org=org.id, app=app.id, user=user.id)


async def new_request(
    db: Database, tenant: Tenant, request_id: str, model: str = "large"
) -> InferenceRequest:
    """A request of the tenant's user that has just arrived."""
    return await db.inference_requests.create_inference_request(
        request_id=request_id,
        org_id=tenant.org,
        app_id=tenant.app,
        user_id=tenant.user,
        model=model,
        provider="north",
    )

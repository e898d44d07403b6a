"""Resolves every type that has an opaque id, for `node` and `_entities`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, TypeAlias, TypeVar, cast

import strawberry

from actions.officers.staff_views import leave_by_id
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, TypeCode, from_global_id, not_found
from schema.appeals.types import Appeal, appeal_by_id
from schema.applications.loaders import application_by_id
from schema.applications.types import Application
from schema.benefits.types import Benefit, sanction_by_id
from schema.catalogue.places import Department, District, department_by_id, district_by_id
from schema.catalogue.services import Scheme, Service, scheme_by_id, service_by_id
from schema.certificates.types import Certificate, certificate_by_id
from schema.clearances.types import Clearance, clearance_by_id
from schema.doorstep.types import DoorstepVisit, visit_by_id
from schema.feedback.grievances import Grievance, grievance_by_id
from schema.feedback.notifications import Notification, notice_by_id
from schema.feedback.suggestions import Suggestion, suggestion_by_id
from schema.identity.citizens import Citizen
from schema.kernel.context import Info
from schema.kernel.directives import NEVER_SILENTLY_NULL, PUBLIC, assumed_list_size
from schema.kernel.fields import resolver_field
from schema.kernel.guards import check_type
from schema.kernel.loaders import Loader
from schema.kernel.node import Node
from schema.officers.office_staff import Leave
from schema.officers.operators import Operator
from schema.officers.staff import citizen_by_id, officer_by_id, operator_by_id
from schema.officers.types import Officer

MOST_NODES = 100

V = TypeVar("V")
Finder: TypeAlias = Callable[[Info, str], Awaitable[Node | None]]


def by_loader(loader: Loader[str, V | None], make: Callable[[V], Node]) -> Finder:
    """Find through a loader, together with everything else that is asked for at once."""

    async def find(info: Info, key: str) -> Node | None:
        item = await info.context.load(loader, key)
        return None if item is None else make(item)

    return find


async def _benefit(info: Info, key: str) -> Node | None:
    sanction = await info.context.load(sanction_by_id, key)
    return None if sanction is None else await Benefit.of_sanction(info, sanction)


def _own_session_finder(kind: PersonKind, loader: Loader[str, V | None], make: Callable[[V], Node]) -> Finder:
    """Officers and operators are found only by the session that is theirs, as through `viewer`."""
    find = by_loader(loader, make)

    async def find_herself(info: Info, key: str) -> Node | None:
        subject = info.context.subject
        return await find(info, key) if (subject.kind, subject.person_id) == (kind, key) else None

    return find_herself


async def _leave(info: Info, key: str) -> Node | None:
    item = await leave_by_id(info.context.environment, info.context.subject, key)
    return None if item is None else Leave.of(item)


FINDERS: Mapping[TypeCode, Finder] = {
    TypeCode.APPEAL: by_loader(appeal_by_id, Appeal.of),
    TypeCode.CLEARANCE: by_loader(clearance_by_id, Clearance.of),
    TypeCode.APPLICATION: by_loader(application_by_id, Application.of),
    TypeCode.BENEFIT: _benefit,
    TypeCode.CERTIFICATE: by_loader(certificate_by_id, Certificate.of_issued),
    TypeCode.CITIZEN: by_loader(citizen_by_id, Citizen.of),
    TypeCode.DEPARTMENT: by_loader(department_by_id, Department.of),
    TypeCode.DISTRICT: by_loader(district_by_id, District.of),
    TypeCode.OFFICER: _own_session_finder(PersonKind.OFFICER, officer_by_id, Officer.of),
    TypeCode.OPERATOR: _own_session_finder(PersonKind.OPERATOR, operator_by_id, Operator.of),
    TypeCode.SCHEME: by_loader(scheme_by_id, Scheme.of),
    TypeCode.SERVICE: by_loader(service_by_id, Service.of),
    TypeCode.GRIEVANCE: by_loader(grievance_by_id, Grievance.of),
    TypeCode.SUGGESTION: by_loader(suggestion_by_id, Suggestion.of),
    TypeCode.LEAVE: _leave,
    TypeCode.VISIT: by_loader(visit_by_id, DoorstepVisit.of),
    TypeCode.NOTIFICATION: by_loader(notice_by_id, Notification.of),
}
"""How a thing of each type is found by its inner key, for those who may see it."""


TYPE_NAMES: Mapping[TypeCode, str] = MappingProxyType(
    {code: code.name.title() for code in FINDERS} | {TypeCode.VISIT: "DoorstepVisit"}
)
"""The name in the graph of each type that has an opaque id."""


async def find_node(info: Info, opaque: str, *path: str) -> Node:
    """The thing with an opaque id; raises NOT_FOUND where it is absent or not for the subject."""
    code, key = from_global_id(opaque)
    check_type(info, TYPE_NAMES[code])
    node = await FINDERS[code](info, key)
    if node is None:
        raise not_found(*path)
    return node


@strawberry.type
class NodesQuery:
    @resolver_field(
        description="Anything by its opaque id; null with NOT_FOUND where there is none.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The opaque id.")],  # noqa: A002
    ) -> Node | None:
        return await find_node(info, id, "id")

    @resolver_field(
        description="Several things by their ids, at the same places; null with an error for each miss.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(MOST_NODES)],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Opaque ids, at most 100.")],
    ) -> list[Node | None] | None:
        if len(ids) > MOST_NODES:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("ids",), params={"most": str(MOST_NODES)}))
        results = await asyncio.gather(*(find_node(info, one, "ids") for one in ids), return_exceptions=True)
        # An exception in a list is an error of that place alone.
        return cast("list[Node | None]", results)

"""Officers: who decides, for which places, and what waits for them."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.access import may_read_all
from domain import applications, catalogue, people
from domain.global_ids import TypeCode
from domain.lifecycle import WITH_OFFICER, Status
from domain.people import OfficerLevel, Posting, Role
from domain.policy import ObjectKind, Resource
from schema.applications import Application
from schema.context import Info, InLanguage, spoken
from schema.cursors import Position
from schema.fields import resolved
from schema.loading import ByKey
from schema.node import Node, node_id
from schema.paging import Connection, Listing, Paged, Window
from schema.places import Department, District, Tehsil, tehsil_by_code
from store import applications as kept

_DEPARTMENT: ByKey[catalogue.Department] = ByKey("departments", lambda jurisdiction: jurisdiction.posting.department)
_DISTRICT: ByKey[catalogue.District] = ByKey("districts", lambda jurisdiction: jurisdiction.posting.district)


@strawberry.type(description="A role held for a department and a place; null means every one.")
class Jurisdiction:
    """One posting of an officer."""

    posting: strawberry.Private[Posting]
    role: Role = strawberry.field(description="The role that is held.")
    level: OfficerLevel | None = strawberry.field(description="The level of the Right to Service Act.")

    @classmethod
    def of(cls, posting: Posting) -> Self:
        """The graph's view of a posting."""
        return cls(posting=posting, role=posting.role, level=posting.level)

    @resolved(description="The department, or null for every one.", metadata=_DEPARTMENT.metadata)
    async def department(self, info: Info) -> Department | None:
        item = await _DEPARTMENT.load(self, info.context.loaders)
        return None if item is None else Department.of(item)

    @resolved(description="The district, or null for every one.", metadata=_DISTRICT.metadata)
    async def district(self, info: Info) -> District | None:
        item = await _DISTRICT.load(self, info.context.loaders)
        return None if item is None else District.of(item)

    @resolved(description="The tehsil, or null for every one of the district.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.posting.district, self.posting.tehsil)


@strawberry.input(description="Which applications of the queue are listed.")
class QueueFilter:
    """Filters of an officer's queue."""

    statuses: list[Status] | None = strawberry.field(
        default=None, description="Only these states; left out, those that wait for an officer."
    )


@strawberry.federation.type(
    keys=["id"],
    description="An officer: designated, appellate, of the Commission, of a department, of finance, or an auditor.",
)
class Officer(Node):
    """An officer who is signed in."""

    item: strawberry.Private[people.Officer]
    roles: list[Role] = strawberry.field(description="The roles she holds.")
    jurisdictions: list[Jurisdiction] = strawberry.field(description="For which departments and places.")

    @classmethod
    def of(cls, item: people.Officer) -> Self:
        """The graph's view of an officer."""
        return cls(
            id=node_id(TypeCode.OFFICER, item.id),
            item=item,
            roles=sorted({posting.role for posting in item.postings}),
            jurisdictions=[Jurisdiction.of(posting) for posting in item.postings],
        )

    @resolved(description="The officer's name.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.name.in_language(spoken(info, language))

    @resolved(description="The officer's post.")
    def designation(self, info: Info, language: InLanguage = None) -> str:
        return self.item.designation.in_language(spoken(info, language))

    @resolved(
        description="Applications of her jurisdictions, the one that is due first at the top.",
        graphql_type=Connection[Application],
        extensions=[Paged(backward=False)],
    )
    async def queue(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            QueueFilter | None, strawberry.argument(description="Which applications are listed.")
        ] = None,
    ) -> Listing[applications.Application]:
        statuses = frozenset(filter.statuses) if filter and filter.statuses else WITH_OFFICER
        return _queue(info, self.item, statuses)


def _queue(info: Info, officer: people.Officer, statuses: frozenset[Status]) -> Listing[applications.Application]:
    """The queue of the asking subject; for an officer that is not she, the access table leaves no posting."""
    store = info.context.environment.store
    # A draft is the citizen's own until she submits it.
    wanted = statuses - {Status.DRAFT}

    async def postings() -> list[Posting]:
        resources = [
            Resource(ObjectKind.QUEUE, None, None, posting.department, posting.district, posting.tehsil)
            for posting in officer.postings
        ]
        purposes = await may_read_all(info.context.environment, info.context.subject, resources)
        return [posting for posting, purpose in zip(officer.postings, purposes, strict=True) if purpose]

    async def rows(window: Window) -> list[applications.Application]:
        covered = await postings()
        async with store.reading() as tx:
            return await kept.queue_page(
                tx, covered, statuses=wanted, after=_place(window.place), limit=window.size + 1
            )

    async def count() -> int:
        covered = await postings()
        async with store.reading() as tx:
            return await kept.count_queue(tx, covered, wanted)

    return Listing(f"queue:{officer.id}:{sorted(wanted)}", rows, count, _position, Application.of)


def _place(position: Position | None) -> tuple[datetime | None, str] | None:
    if position is None:
        return None
    return (datetime.fromisoformat(position[0]) if position[0] else None), position[1]


def _position(application: applications.Application) -> Position:
    return (application.due_at.isoformat() if application.due_at else None), application.id

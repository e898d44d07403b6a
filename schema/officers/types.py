"""The Officer type: postings, jurisdictions and waiting work."""

from datetime import date, datetime
from typing import Annotated, Self, TypeAlias

import strawberry

from actions.officers import queue
from actions.officers.forward import forward_targets
from actions.officers.offline import queue_pack
from actions.officers.offline_times import Device
from domain.applications import applications
from domain.applications.lifecycle import Status
from domain.kernel import OfficerLevel, Role, TypeCode, people
from domain.officers import desk
from domain.officers.desk import Holder, QueueSort
from schema.appeals.commission import OfficeAwards
from schema.appeals.officer_queries import OfficeLaw
from schema.applications.types import Application
from schema.fees.payments import OfficeFees
from schema.kernel import (
    AUTHENTICATED,
    Connection,
    Info,
    Listing,
    Mapped,
    Node,
    Position,
    Window,
    connection_field,
    former_field,
    node_id,
    resolver_field,
    text_field,
)
from schema.kernel.mutations import key_of_type
from schema.officers.jurisdictions import Jurisdiction
from schema.officers.office_care import OfficeCare
from schema.officers.office_staff import OfficeStaff
from schema.officers.queue_types import QueueCounts, QueueFilter, QueuePack, criteria_of, list_name
from schema.platform.changes import OfficeChanges
from schema.statistics.office_figures import OfficeFigures

FilterArgument: TypeAlias = Annotated[
    QueueFilter | None, strawberry.argument(description="Which applications are listed.")
]
Row: TypeAlias = tuple[applications.Application, bool]
"""A case, and whether a colleague holds it."""


@strawberry.input(description="The device that takes a pack and will sign the decisions made without signal.")
class DeviceInput:
    key: str = strawberry.field(description="Its public key of the curve P-256: a JWK as JSON.")
    at: datetime = strawberry.field(description="Its clock as it takes the pack.")


@strawberry.type(description="An officer to whom a case may be forwarded.")
class ForwardTarget:
    """Somebody posted for the case, or one level above."""

    item: strawberry.Private[people.Officer]
    id: strawberry.ID = strawberry.field(description="Give it to forwardApplication.")
    officer_id: strawberry.ID = former_field("id", added="0.1")
    levels: list[OfficerLevel] = strawberry.field(description="The levels that she holds.")

    @classmethod
    def of(cls, item: people.Officer) -> Self:
        levels = sorted({posting.level for posting in item.postings if posting.level}, key=list(OfficerLevel).index)
        own = node_id(TypeCode.OFFICER, item.id)
        return cls(item=item, id=own, officer_id=own, levels=levels)

    name = text_field("item.name", description="The officer's name.")
    designation = text_field("item.designation", description="The officer's post.")


@strawberry.federation.type(
    keys=["id"],
    directives=[AUTHENTICATED],
    description="An officer: designated, appellate, of the Commission, of a department, of finance, or an auditor.",
)
class Officer(
    OfficeCare,
    OfficeFees,
    OfficeLaw,
    OfficeAwards,
    OfficeStaff,
    OfficeFigures,
    OfficeChanges,
    Node,
    Mapped[people.Officer],
    id_of=TypeCode.OFFICER,
    jurisdictions="postings",
):
    """An officer who is signed in."""

    item: strawberry.Private[people.Officer]
    roles: list[Role] = strawberry.field(description="The roles she holds.")
    jurisdictions: list[Jurisdiction] = strawberry.field(description="For which departments and places.")

    @classmethod
    def of(cls, item: people.Officer) -> Self:
        return cls.read(item, roles=sorted({posting.role for posting in item.postings}))

    name = text_field("item.name", description="The officer's name.")
    designation = text_field("item.designation", description="The officer's post.")

    @connection_field(
        Connection[Application], description="Applications of her jurisdictions, the one that is due first at the top."
    )
    async def queue(
        self,
        info: Info,
        filter: FilterArgument = None,  # noqa: A002 - the argument's name in the graph
        sort: Annotated[QueueSort, strawberry.argument(description="In which order.")] = QueueSort.DUE,
    ) -> Listing[Row]:
        return _queue(info, self.item, criteria_of(filter), sort)

    @connection_field(
        Connection[Application],
        description="Colleagues' decisions that wait for her to confirm or send back, those due first on top.",
    )
    async def proposals(self, info: Info) -> Listing[Row]:
        wanted = desk.QueueFilter(statuses=frozenset(Status), proposed_by=Holder.OTHERS)
        return _queue(info, self.item, wanted, QueueSort.DUE)

    @resolver_field(description="How many cases wait, by state and by days left.")
    async def queue_counts(
        self,
        info: Info,
        filter: FilterArgument = None,  # noqa: A002 - the argument's name in the graph
    ) -> QueueCounts:
        context = info.context
        counts = await queue.queue_counts(context.environment, context.subject, self.item, criteria_of(filter))
        return QueueCounts.of(counts)

    @resolver_field(
        description="Her own open cases, signed, to take where there is no signal; decisions come back later."
    )
    async def queue_pack(
        self,
        info: Info,
        day: Annotated[date, strawberry.argument(description="Today or tomorrow, in India.")],
        device: Annotated[
            DeviceInput | None,
            strawberry.argument(description="What will sign the decisions; without one their times count as received."),
        ] = None,
    ) -> QueuePack:
        context, taker = info.context, Device(device.key, device.at) if device else None
        return QueuePack.of(await queue_pack(context.environment, context.subject, self.item, day, taker))

    @resolver_field(
        description="The officers to whom she may forward a case: colleagues of the place, and one level up."
    )
    async def forward_targets(
        self, info: Info, application_id: Annotated[strawberry.ID, strawberry.argument(description="The case.")]
    ) -> list[ForwardTarget]:
        key = key_of_type(TypeCode.APPLICATION, application_id, "applicationId")
        targets = await forward_targets(info.context.environment, info.context.subject, key)
        return [ForwardTarget.of(item) for item in targets]


def _queue(info: Info, officer: people.Officer, wanted: desk.QueueFilter, sort: QueueSort) -> Listing[Row]:
    """The queue of the asking subject; for an officer that is not she, the access table leaves no posting."""
    environment, subject = info.context.environment, info.context.subject

    async def rows(window: Window) -> list[Row]:
        place, limit = _parse_position(window.place), window.size + 1
        return await queue.queue_page(
            environment, subject, officer, wanted, sort=sort, place=place, backward=window.backward, limit=limit
        )

    async def count() -> int:
        return await queue.queue_size(environment, subject, officer, wanted)

    def position(row: Row) -> Position:
        at = row[0].due_at if sort is QueueSort.DUE else row[0].submitted_at
        return (at.isoformat() if at else None), row[0].id

    return Listing(
        list_name(officer.id, wanted, sort),
        rows,
        count,
        position,
        lambda row: Application.of(row[0], withheld=row[1], listed=True),
    )


def _parse_position(position: Position | None) -> tuple[datetime | None, str] | None:
    if position is None:
        return None
    return (datetime.fromisoformat(position[0]) if position[0] else None), position[1]

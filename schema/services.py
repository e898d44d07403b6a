"""The catalogue of notified services, and the schemes that they grant."""

from typing import Annotated, Self

import strawberry

from domain import catalogue
from domain.catalogue import Outcome
from domain.deadline import DayUnit
from domain.global_ids import TypeCode, from_global_id
from schema.context import Info, InLanguage, spoken
from schema.cursors import Position
from schema.directives import NEVER_SILENTLY_NULL, PUBLIC
from schema.fields import resolved
from schema.loading import ByKey
from schema.node import Node, node_id
from schema.paging import Connection, Listing, Paged, Window
from schema.places import Department
from schema.scalars import Paise
from store import catalogue as kept


@strawberry.type(description="A paper that a service asks for.")
class RequiredDocument:
    """One line of a service's list of documents."""

    key: str = strawberry.field(description="Stable within the service; give it when the document is attached.")
    name: str = strawberry.field(description="What the paper is called.")
    required: bool = strawberry.field(description="Whether an application without it is refused.")


@strawberry.federation.type(keys=["id"], description="A benefit scheme of the state.")
class Scheme(Node):
    """A scheme that pays a benefit."""

    item: strawberry.Private[catalogue.Scheme]
    code: str = strawberry.field(description="Stable short name.")
    benefit_type: str = strawberry.field(description="Pension, scholarship and so on.")
    amount: Paise | None = strawberry.field(description="The amount of one period; null where no source gives it.")
    period: str | None = strawberry.field(description="How often it is paid; null where no source says.")

    @classmethod
    def of(cls, item: catalogue.Scheme) -> Self:
        """The graph's view of a scheme."""
        return cls(
            id=node_id(TypeCode.SCHEME, item.id),
            item=item,
            code=item.code,
            benefit_type=item.benefit_type,
            amount=None if item.amount_paise is None else Paise(item.amount_paise),
            period=item.period,
        )

    @resolved(description="The scheme's name.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.name.in_language(spoken(info, language))

    @resolved(description="The name of the department that runs it.")
    def department_name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.department.in_language(spoken(info, language))


_DEPARTMENT: ByKey[catalogue.Department] = ByKey("departments", lambda service: service.item.department)
_SCHEME: ByKey[catalogue.Scheme] = ByKey("schemes", lambda service: service.item.scheme_id)


@strawberry.federation.type(
    keys=["id"], description="A service that people apply for. Facts that no source gives are null."
)
class Service(Node):
    """A service of the catalogue."""

    item: strawberry.Private[catalogue.Service]
    code: str = strawberry.field(description="The portal's code, or a LOCAL one.")
    code_source: str = strawberry.field(description="PORTAL or LOCAL: who gave the code.")
    slug: str = strawberry.field(description="The service's short name in addresses.")
    category: str | None = strawberry.field(description="The portal's category.")
    rts_notified: bool | None = strawberry.field(description="Whether the Right to Service Act covers it.")
    time_limit_days: int | None = strawberry.field(description="Days that the law allows.")
    time_limit_unit: DayUnit = strawberry.field(description="How those days are counted.")
    portal_delivery_days: int | None = strawberry.field(description="Days that the portal promises.")
    designated_officer: str | None = strawberry.field(description="Post of the officer who decides.")
    first_appellate: str | None = strawberry.field(description="Post of the first appellate officer.")
    second_appellate: str | None = strawberry.field(description="Post of the second appellate officer.")
    fee: Paise | None = strawberry.field(description="The fee of an application.")
    documents: list[RequiredDocument] = strawberry.field(description="The papers that it asks for.")
    channels: list[str] = strawberry.field(description="Where one can apply.")
    outcome: Outcome = strawberry.field(description="What an approved application ends in.")
    doctype: str | None = strawberry.field(description="DigiLocker's document type of the certificate.")
    open: bool = strawberry.field(description="Whether it takes applications.")
    needs_second_pair: bool | None = strawberry.field(
        description="Whether a second officer must confirm an approval or rejection; null where nothing says so."
    )
    fact_source: str = strawberry.field(description="Where the catalogue's facts come from.")
    verified: bool = strawberry.field(description="Whether more than one source gives them.")

    @classmethod
    def of(cls, item: catalogue.Service) -> Self:
        """The graph's view of a service."""
        return cls(
            id=node_id(TypeCode.SERVICE, item.id),
            item=item,
            code=item.code,
            code_source=item.code_source,
            slug=item.slug,
            category=item.category,
            rts_notified=item.rts_notified,
            time_limit_days=item.limit_days,
            time_limit_unit=item.limit_unit,
            portal_delivery_days=item.portal_delivery_days,
            designated_officer=item.designated_officer,
            first_appellate=item.first_appellate,
            second_appellate=item.second_appellate,
            fee=None if item.fee_paise is None else Paise(item.fee_paise),
            documents=[
                RequiredDocument(key=paper.key, name=paper.name, required=paper.required) for paper in item.documents
            ],
            channels=list(item.channels),
            outcome=item.outcome,
            doctype=item.doctype,
            open=item.open,
            needs_second_pair=item.needs_second_pair,
            fact_source=item.source,
            verified=item.verified,
        )

    @resolved(description="The service's name.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.name.in_language(spoken(info, language))

    @resolved(description="The department that renders it.", metadata=_DEPARTMENT.metadata)
    async def department(self, info: Info) -> Department | None:
        item = await _DEPARTMENT.load(self, info.context.loaders)
        return None if item is None else Department.of(item)

    @resolved(description="The scheme that it grants, where it ends in a benefit.", metadata=_SCHEME.metadata)
    async def scheme(self, info: Info) -> Scheme | None:
        item = await _SCHEME.load(self, info.context.loaders)
        return None if item is None else Scheme.of(item)


@strawberry.input(one_of=True, description="How a service is named: exactly one of these.")
class ServiceBy:
    """The three names of a service."""

    code: strawberry.Maybe[str] = strawberry.field(description="The service's code.")
    slug: strawberry.Maybe[str] = strawberry.field(description="The service's slug.")
    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The service's opaque id.")


@strawberry.input(description="Which services are listed. All that is given must hold.")
class ServiceFilter:
    """Filters of the list of services."""

    search: str | None = strawberry.field(
        default=None, description="Words of the name in either language, or the code."
    )
    department: str | None = strawberry.field(default=None, description="A department's slug.")
    category: str | None = strawberry.field(default=None, description="A category of the portal.")
    open_only: bool = strawberry.field(default=False, description="Only services that take applications.")


@strawberry.type
class ServicesQuery:
    """Root fields about services."""

    @resolved(description="One service; null where there is none.", directives=[PUBLIC])
    async def service(
        self, info: Info, by: Annotated[ServiceBy, strawberry.argument(description="Its code, slug or id.")]
    ) -> Service | None:
        item = await _find(info, by)
        return None if item is None else Service.of(item)

    @resolved(
        description="Services by English name.",
        graphql_type=Connection[Service] | None,
        extensions=[Paged()],
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    async def services(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            ServiceFilter | None, strawberry.argument(description="Which services are listed.")
        ] = None,
    ) -> Listing[catalogue.Service]:
        return _listing(info, filter or ServiceFilter())


async def _find(info: Info, by: ServiceBy) -> catalogue.Service | None:
    loaders = info.context.loaders
    if by.code is not None:
        return await loaders.services.load(by.code.value)
    if by.id is not None:
        code, key = from_global_id(by.id.value)
        return await loaders.services_by_id.load(key) if code is TypeCode.SERVICE else None
    if by.slug is None:
        return None
    async with info.context.environment.store.reading() as tx:
        return await kept.service_by_slug(tx, by.slug.value)


def _listing(info: Info, wanted: ServiceFilter) -> Listing[catalogue.Service]:
    store = info.context.environment.store
    filters = (wanted.search, wanted.department, wanted.category, wanted.open_only)

    async def rows(window: Window) -> list[catalogue.Service]:
        place = None if window.place is None else (window.place[0] or "", window.place[1])
        async with store.reading() as tx:
            return await kept.services_page(
                tx,
                search=wanted.search,
                department=wanted.department,
                category=wanted.category,
                open_only=wanted.open_only,
                after=None if window.backward else place,
                before=(place or kept.PAST_ALL_SERVICES) if window.backward else None,
                limit=window.size + 1,
            )

    async def count() -> int:
        async with store.reading() as tx:
            return await kept.count_services(
                tx,
                search=wanted.search,
                department=wanted.department,
                category=wanted.category,
                open_only=wanted.open_only,
            )

    return Listing(f"services:{filters!r}", rows, count, _position, Service.of)


def _position(service: catalogue.Service) -> Position:
    return service.name.en, service.code

"""The catalogue of notified services, and the schemes that they grant."""

import hashlib
from collections.abc import Iterable
from functools import partial
from operator import attrgetter, itemgetter
from typing import Annotated, Self

import strawberry

from actions.catalogue.forms import form_of, services_with_form
from actions.catalogue.search import Place, Wanted, find_services, order_of, page_of, place_of
from domain.applications.deadline import DayUnit
from domain.benefits.benefits import Rail
from domain.catalogue import catalogue, definitions
from domain.catalogue.catalogue import LifeEvent, Outcome, ServiceKind, ServiceSort
from domain.catalogue.definitions import StepKind
from domain.catalogue.search import Found
from domain.kernel import Assurance, Needed, TypeCode, from_global_id
from schema.catalogue.eligibility import Eligibility, EligibilityFacts
from schema.catalogue.forms import ServiceForm, form_of_service
from schema.catalogue.places import department_field
from schema.catalogue.service_facts import FactSource, HandOver
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Connection,
    Info,
    InLanguage,
    Listing,
    Mapped,
    Node,
    Paise,
    View,
    Window,
    assumed_list_size,
    connection_field,
    field_by_key,
    field_language,
    label_field,
    one_by_key,
    our_word_field,
    resolver_field,
    text_field,
)
from store.catalogue import catalogue as kept
from store.database import Transaction
from store.identity import strengths


async def _schemes_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, catalogue.Scheme]:
    del ids  # some dozens of rows: all of them are one query
    return {scheme.id: scheme for scheme in (await kept.schemes(tx)).values()}


scheme_by_code, scheme_by_id = one_by_key(kept.schemes, kept=True), one_by_key(_schemes_by_id)
service_by_code, service_by_id = one_by_key(kept.services_by_codes, kept=True), one_by_key(kept.services_by_ids)
service_by_scheme, service_as_filed = one_by_key(kept.services_by_schemes), one_by_key(kept.services_as_filed)
strength_of_service = one_by_key(strengths.needed_by)
post_field = partial(our_word_field, "post", nullable=True)
"""A field that shows the post of an officer; sources say it in English, the Hindi is our own."""


@strawberry.type(description="A paper that a service asks for.")
class RequiredDocument(View[catalogue.RequiredDocument]):
    item: strawberry.Private[catalogue.RequiredDocument]
    key: str = strawberry.field(description="Stable within the service; give it when the document is attached.")
    required: bool = strawberry.field(description="Whether an application without it is refused.")

    name = our_word_field(
        "paper", "item.name", description="What the paper is called; sources say it in English, the Hindi is our own."
    )


@strawberry.federation.type(keys=["id"], description="A benefit scheme of the state.")
class Scheme(Node, Mapped[catalogue.Scheme], id_of=TypeCode.SCHEME, time_limit_days="limit_days", fact_source="source"):
    item: strawberry.Private[catalogue.Scheme]
    code: str = strawberry.field(description="Stable short name.")
    benefit_type: str = strawberry.field(description="Pension, scholarship and so on.")
    amount: Paise | None = strawberry.field(description="The amount of one period; null where no source gives it.")
    period: str | None = strawberry.field(description="How often it is paid; null where no source says.")
    terms: int = strawberry.field(description="Into how many payments the amount of a period is divided.")
    rail: Rail = strawberry.field(description="The way that its money goes.")
    life_certificate: bool | None = strawberry.field(
        description="Whether it asks for a life certificate each year; null where no source says."
    )
    annual_review: bool | None = strawberry.field(
        description="Whether the department reviews each grant once a year; null where no source says."
    )
    time_limit_days: int | None = strawberry.field(description="Days for a decision; null where no source says.")
    is_dbt: bool | None = strawberry.field(
        description="Whether it is paid straight to the citizen's account; null where no source says."
    )
    fact_source: str = strawberry.field(description="Where the facts come from.")
    verified: bool = strawberry.field(description="Whether more than one source gives them.")

    @classmethod
    def of(cls, item: catalogue.Scheme) -> Self:
        return cls.read(item, terms=item.terms or 1)

    name = text_field("item.name", description="The scheme's name.")
    department_name = text_field("item.department", description="The name of the department that runs it.")
    eligibility = text_field(
        "item.eligibility",
        description="Who it is for, in the words of its source; null where no source says.",
        nullable=True,
    )

    @resolver_field(description="The papers that are verified before it is granted; empty where no source says.")
    def verification(self, info: Info, language: InLanguage = None) -> list[str]:
        said = self.item.papers.in_language(field_language(info, language)) if self.item.papers else ""
        return [part.strip() for part in said.split(";") if part.strip()]

    @resolver_field(description="The service that one applies with; null where none of the catalogue grants it.")
    async def service(self, info: Info) -> "Service | None":
        load, code = info.context.load, self.item.service_code
        # Sources name the services of some schemes only; of the others the service names its scheme.
        found = await (load(service_by_code, code) if code else load(service_by_scheme, self.item.code))
        return None if found is None else Service.of(found)


@strawberry.type(description="A step that a department gave a service.")
class ServiceStep(Mapped[definitions.ServiceStep]):
    item: strawberry.Private[definitions.ServiceStep]
    kind: StepKind = strawberry.field(description="What is done in it.")
    optional: bool = strawberry.field(description="Whether the officer may leave it out.")
    members: int | None = strawberry.field(description="How many members a committee has.")
    quorum: int | None = strawberry.field(description="How many of them must agree.")

    @classmethod
    def of(cls, item: definitions.ServiceStep) -> Self:
        return cls.read(item)

    @classmethod
    def all_of(cls, definition: definitions.Definition | None) -> list[Self]:
        """The steps in their order; none without a definition."""
        return [cls.of(one) for one in definition.steps] if definition else []

    label = label_field("step", "item.kind", description="What is done in it, in words.")
    department = department_field("item.department", description="The department that is asked for a clearance.")


@strawberry.federation.type(
    keys=["id"], description="A service that people apply for. Facts that no source gives are null."
)
class Service(
    Node,
    Mapped[catalogue.Service],
    id_of=TypeCode.SERVICE,
    time_limit_days="limit_days",
    time_limit_unit="limit_unit",
    fact_source="source",
):
    item: strawberry.Private[catalogue.Service]
    code: str = strawberry.field(description="The portal's code, or a LOCAL one.")
    code_source: str = strawberry.field(description="PORTAL or LOCAL: who gave the code.")
    slug: str = strawberry.field(description="The service's short name in addresses.")
    category: str | None = strawberry.field(description="The portal's category.")
    rts_notified: bool | None = strawberry.field(description="Whether the Right to Service Act covers it.")
    time_limit_days: int | None = strawberry.field(description="Days that the law allows.")
    time_limit_unit: DayUnit = strawberry.field(description="How those days are counted.")
    portal_delivery_days: int | None = strawberry.field(description="Days that the portal promises.")
    fee: Paise | None = strawberry.field(description="The fee of an application.")
    documents: list[RequiredDocument] = strawberry.field(description="The papers that it asks for.")
    documents_known: bool = strawberry.field(
        description="Whether a source says which papers it asks for; where it is false, an empty list means nothing."
    )
    channels: list[str] = strawberry.field(description="Where one can apply.")
    outcome: Outcome = strawberry.field(description="What an approved application ends in.")
    kind: ServiceKind | None = strawberry.field(description="What one asks for by it; null where nothing says so.")
    hand_over: HandOver | None = strawberry.field(
        description="Where it is applied for, if it is another body's; it is never applied for here then."
    )
    validity_months: int | None = strawberry.field(
        description="How long a document that is issued for it is valid; null where it has no end, or no source says."
    )
    fact_sources: list[FactSource] = strawberry.field(
        description="What each fact that is stated here rests on, and whether it is confirmed."
    )
    doctype: str | None = strawberry.field(description="DigiLocker's document type of the certificate.")
    open: bool = strawberry.field(description="Whether it takes applications.")
    needs_second_pair: bool | None = strawberry.field(
        description="Whether a second officer must confirm an approval or rejection; null where nothing says so."
    )
    life_events: list[LifeEvent] | None = strawberry.field(
        description="What in a life it answers to; null where nothing says so."
    )
    eligibility: Eligibility | None = strawberry.field(description="Who it is for; null where no source says.")
    version: int = strawberry.field(
        description="Which entry of this service it is; an application keeps the one that it was filed under."
    )
    fact_source: str = strawberry.field(description="Where the catalogue's facts come from.")
    verified: bool = strawberry.field(description="Whether more than one source gives them.")

    @classmethod
    def of(cls, item: catalogue.Service) -> Self:
        events = None if item.life_events is None else list(item.life_events)
        return cls.read(item, life_events=events, fact_sources=FactSource.each_of(item))

    name = text_field("item.name", description="The service's name.")
    category_label = our_word_field(
        "category", "item.category", description="The portal's category, in words.", nullable=True
    )
    designated_officer = post_field("item.designated_officer", description="Post of the officer who decides.")
    first_appellate = post_field("item.first_appellate", description="Post of the first appellate officer.")
    second_appellate = post_field("item.second_appellate", description="Post of the second appellate officer.")

    @resolver_field(description="How sure one's own sign-in must be of one's identity to apply for it.")
    async def own_strength(self, info: Info) -> Assurance:
        return (await info.context.load(strength_of_service, self.item.code) or Needed()).own

    @resolver_field(description="How sure the consent must be by which an operator applies for somebody.")
    async def assisted_strength(self, info: Info) -> Assurance:
        return (await info.context.load(strength_of_service, self.item.code) or Needed()).assisted

    department = department_field("item.department", description="The department that renders it.")

    @resolver_field(description="The steps that its department gave it; empty for the usual course.")
    def steps(self) -> list[ServiceStep]:
        return ServiceStep.all_of(self.item.definition)

    form = field_by_key(
        form_of_service,
        ServiceForm.of,
        "item.code",
        description="The form that is filled in for it; null where this installation has no forms.",
    )
    scheme = field_by_key(
        scheme_by_code,
        Scheme.of,
        "item.scheme_id",
        description="The scheme that it grants, where it ends in a benefit.",
    )


@strawberry.input(one_of=True, description="How a service is named: exactly one of these.")
class ServiceBy:
    code: strawberry.Maybe[str] = strawberry.field(description="The service's code.")
    slug: strawberry.Maybe[str] = strawberry.field(description="The service's slug.")
    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The service's opaque id.")


@strawberry.input(description="Which services are listed. All that is given must hold.")
class ServiceFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Words in either language, or in Hindi with Latin letters, also mistyped; or the code. "
        "The services that fit best come first.",
    )
    department: str | None = strawberry.field(default=None, description="A department's slug.")
    category: str | None = strawberry.field(default=None, description="A category of the portal.")
    open_only: bool = strawberry.field(default=False, description="Only services that take applications.")
    or_handed_over: bool = strawberry.field(
        default=False, description="With openOnly also those of other bodies, of which `handOver` says where to apply."
    )
    life_event: LifeEvent | None = strawberry.field(
        default=None, description="Only services that answer to this event in a life."
    )
    eligible_for: EligibilityFacts | None = strawberry.field(
        default=None, description="Only services that this person may be eligible for."
    )

    def to_criteria(self) -> Wanted:
        """The same for the search."""
        facts = None if self.eligible_for is None else self.eligible_for.facts()
        return Wanted(
            self.search, self.department, self.category, self.open_only, self.life_event, facts, self.or_handed_over
        )


SortArgument = Annotated[
    ServiceSort, strawberry.argument(description="In which order; a page after a cursor goes on in that of the cursor.")
]


@strawberry.type
class ServicesQuery:
    @resolver_field(description="One service; null where there is none.", directives=[PUBLIC])
    async def service(
        self, info: Info, by: Annotated[ServiceBy, strawberry.argument(description="Its code, slug or id.")]
    ) -> Service | None:
        item = await _find(info, by)
        return None if item is None else Service.of(item)

    @resolver_field(
        description="The form of one service; null where there is no such service, or no form.", directives=[PUBLIC]
    )
    async def service_form(
        self,
        info: Info,
        slug: Annotated[
            str, strawberry.argument(description="The slug of the service; `generic` for the general form.")
        ],
    ) -> ServiceForm | None:
        form = await form_of(info.context.environment, slug)
        return None if form is None else ServiceForm.of(form)

    @resolver_field(
        description="Services that have a form of their own, by name in the language of the request; every other has "
        "the general one.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(50)],
    )
    async def services_with_form(self, info: Info) -> list[Service] | None:
        return [Service.of(one) for one in await services_with_form(info.context.environment, info.context.language)]

    @connection_field(
        Connection[Service] | None,
        description="Services by name; where words are searched for, those that fit best come first.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    async def services(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            ServiceFilter | None, strawberry.argument(description="Which services are listed.")
        ] = None,
        sort: SortArgument = ServiceSort.ENGLISH_NAME,
    ) -> Listing[catalogue.Service] | Listing[tuple[Place, Found]]:
        wanted = (filter or ServiceFilter()).to_criteria()
        if sort is ServiceSort.NAME or _needs_index(wanted):
            return _search_listing(info, wanted, sort)
        return _listing(info, wanted)


async def _find(info: Info, by: ServiceBy) -> catalogue.Service | None:
    if by.code is not None:
        return await info.context.load(service_by_code, by.code.value)
    if by.id is not None:
        code, key = from_global_id(by.id.value)
        return await info.context.load(service_by_id, key) if code is TypeCode.SERVICE else None
    if by.slug is None:
        return None
    async with info.context.environment.store.read_transaction() as tx:
        return await kept.service_by_slug(tx, by.slug.value)


def _needs_index(wanted: Wanted) -> bool:
    return bool((wanted.search or "").strip() or wanted.life_event or wanted.facts or wanted.or_handed_over)


def _search_listing(info: Info, wanted: Wanted, sort: ServiceSort) -> Listing[tuple[Place, Found]]:
    """What is searched for in the words of the catalogue, which each process keeps in memory."""
    env = info.context.environment

    async def rows(window: Window) -> list[tuple[Place, Found]]:
        place = None if window.place is None else (window.place[0] or "", window.place[1])
        order = order_of(sort, place, info.context.language)
        found = await find_services(env, wanted)
        return page_of(found, partial(place_of, order=order), place, window.size + 1, backward=window.backward)

    async def count() -> int:
        return len(await find_services(env, wanted))

    digest = hashlib.sha256(repr(_filter_key(wanted)).encode()).hexdigest()
    name = "services-found" if sort is ServiceSort.ENGLISH_NAME else "services-by-name"
    return Listing(f"{name}:{digest}", rows, count, itemgetter(0), lambda row: Service.of(row[1].service))


def _filter_key(wanted: Wanted) -> tuple[object, ...]:
    """The filters as a text that is the same in every process, which binds cursors to this list."""
    facts = wanted.facts
    said = None if facts is None else (facts.age, facts.income_paise, facts.situations and sorted(facts.situations))
    event = wanted.life_event.value if wanted.life_event else None
    open_only = (wanted.open_only, True) if wanted.or_handed_over else wanted.open_only
    return wanted.search, wanted.department, wanted.category, open_only, event, said


def _listing(info: Info, wanted: Wanted) -> Listing[catalogue.Service]:
    store = info.context.environment.store
    filters = (wanted.department, wanted.category, wanted.open_only)

    async def rows(window: Window) -> list[catalogue.Service]:
        place = None if window.place is None else (window.place[0] or "", window.place[1])
        async with store.read_transaction() as tx:
            return await kept.services_page(
                tx,
                department=wanted.department,
                category=wanted.category,
                open_only=wanted.open_only,
                after=None if window.backward else place,
                before=(place or kept.PAST_ALL_SERVICES) if window.backward else None,
                limit=window.size + 1,
            )

    async def count() -> int:
        async with store.read_transaction() as tx:
            return await kept.count_services(
                tx, department=wanted.department, category=wanted.category, open_only=wanted.open_only
            )

    shown = partial(info.context.loaders.show_kept, Service.of)
    return Listing(f"services:{filters!r}", rows, count, attrgetter("name.en", "code"), shown)


service_field = partial(field_by_key, service_by_code, Service.of)
"""A field that shows a service by a code of its parent."""

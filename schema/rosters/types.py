"""Rosters of schools and camps: their progress, and their rows for officers of the same school or camp."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Self, TypeAlias

import strawberry

from actions.rosters.rosters import RowFilter, roster_of, rosters_of, rows_of, with_receipts
from domain.applications.lifecycle import Status
from domain.catalogue.centres import CentreKind
from domain.doorstep import HandOverProof
from domain.kernel import Assurance, Problems, Scope, mask_mobile
from domain.rosters import rosters
from domain.rosters.rosters import (
    MOST_ROWS,
    STRENGTH,
    ConsentWay,
    GuardianRelation,
    Recipient,
    RosterProgress,
    RosterState,
    RowState,
)
from schema.catalogue.places import Tehsil, district_field, tehsil_by_code
from schema.catalogue.services import service_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    ByKey,
    Connection,
    Info,
    InLanguage,
    Listing,
    Mapped,
    View,
    connection_field,
    field_by_key,
    field_language,
    former_field,
    one_by_key,
    require_signed_in,
    requires_scopes,
    resolver_field,
    stored_listing,
)
from schema.kernel.mutations import UserError, user_errors_of
from store.applications import applications as application_store
from store.catalogue import centres as centre_store
from store.rosters import roster_rows

# Keyed by rosters that were let through before: of their applications only number and state are shown.
progress_of_roster = one_by_key(roster_rows.progress)
centre_of_roster = one_by_key(centre_store.centres)
application_of_row = one_by_key(application_store.by_ids)

RosterItem: TypeAlias = rosters.Roster
"""The domain's roster, by a name that no field bears."""

_CENTRE = ByKey(centre_of_roster, lambda roster: roster.item.centre_code)
_APPLICATION = ByKey(application_of_row, lambda row: row.item.application_id)


@strawberry.type(directives=[AUTHENTICATED], description="How many rows of a roster stand where.")
class RosterCounts(Mapped[RosterProgress], awaiting_hand_over="waiting"):
    total: int = strawberry.field(description="All rows.")
    consent_missing: int = strawberry.field(description="Rows without a guardian's consent, which are not filed.")
    ready: int = strawberry.field(description="Rows that are filed next.")
    filed: int = strawberry.field(description="Rows with an application.")
    refused: int = strawberry.field(description="Rows that were tried and refused; their problems say why.")
    awaiting_hand_over: int = strawberry.field(description="Papers that are made and not handed over yet.")
    handed_over: int = strawberry.field(description="Papers that were handed over.")

    @classmethod
    def of(cls, item: RosterProgress) -> Self:
        states = item.by_state
        return cls.read(
            item,
            consent_missing=states.get(RowState.CONSENT_MISSING, 0),
            ready=states.get(RowState.READY, 0),
            filed=states.get(RowState.FILED, 0),
            refused=states.get(RowState.REFUSED, 0),
        )


@strawberry.type(directives=[AUTHENTICATED], description="The receipt of a hand-over.")
class HandOverReceipt(View[rosters.Acknowledgement], handed_over_at="at"):
    recipient: Recipient = strawberry.field(description="To whom it was handed over.")
    proof: HandOverProof = strawberry.field(description="How that is proven.")
    handed_over_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    directives=[AUTHENTICATED],
    description="A person of a roster, for the principal of her school or the officers of her camp and nobody else.",
)
class RosterRow(
    Mapped[rosters.RosterRow],
    row_id="id",
    name="person.name",
    name_hi="person.name_hi",
    born_on="person.born_on",
    guardian="person.guardian",
    relation="person.relation",
    receipt="acknowledgement",
):
    item: strawberry.Private[rosters.RosterRow]
    id: strawberry.ID = strawberry.field(description="Names the row in mutations.")
    row_id: str = former_field("id", added="0.2")
    reference: str = strawberry.field(description="The admission number, or the token of the camp.")
    name: str = strawberry.field(description="The person's name.")
    name_hi: str | None = strawberry.field(description="Her name in the state's script; null where it was not given.")
    born_on: date = strawberry.field(description="Her date of birth.")
    guardian: str = strawberry.field(description="The name of who speaks for her.")
    relation: GuardianRelation = strawberry.field(description="How that person is related to her.")
    masked_mobile: str | None = strawberry.field(description="The telephone that codes go to, its middle hidden.")
    state: RowState = strawberry.field(description="Where the row stands.")
    consent_way: ConsentWay | None = strawberry.field(description="How the consent was recorded; null without one.")
    consent_strength: Assurance | None = strawberry.field(description="How sure that is; null without one.")
    consented_at: datetime | None = strawberry.field(description="When it was recorded; null without one.")
    receipt: HandOverReceipt | None = strawberry.field(description="The acknowledgement; null before the hand-over.")

    @classmethod
    def of(cls, item: rosters.RosterRow) -> Self:
        person, consent = item.person, item.consent
        return cls.read(
            item,
            masked_mobile=mask_mobile(person.mobile) if person.mobile else None,
            consent_way=consent.way if consent else None,
            consent_strength=STRENGTH[consent.way] if consent else None,
            consented_at=consent.at if consent else None,
        )

    @resolver_field(description="The number of her application; null before it is filed.")
    async def application_number(self, info: Info) -> str | None:
        application = await _APPLICATION.load(self, info.context.loaders)
        return application.number if application else None

    @resolver_field(description="Where her application stands; null before it is filed.")
    async def application_status(self, info: Info) -> Status | None:
        application = await _APPLICATION.load(self, info.context.loaders)
        return application.status if application else None

    @resolver_field(description="Why it was not filed, with what mends it; empty where nothing refused it.")
    def problems(self, info: Info) -> list[UserError]:
        return user_errors_of(info, Problems(*self.item.problems)) if self.item.problems else []


@strawberry.input(description="Which rows are listed; what is left out lets every row through.")
class RosterRowFilter:
    states: list[RowState] | None = strawberry.field(default=None, description="Only rows that stand there.")
    awaiting_hand_over: bool = strawberry.field(
        default=False, description="Only rows whose paper is made and not handed over yet."
    )


@strawberry.type(
    directives=[AUTHENTICATED], description="A list of persons who apply for one service through a school or camp."
)
class Roster(Mapped[rosters.Roster]):
    item: strawberry.Private[rosters.Roster]
    number: str = strawberry.field(description="The roster's number: 14 digits, the first a 7.")
    kind: CentreKind = strawberry.field(description="SCHOOL or CAMP, which is also the channel of its applications.")
    centre_code: str = strawberry.field(description="The school's or camp's code.")
    state: RosterState = strawberry.field(description="Where it stands.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    filed_at: datetime | None = strawberry.field(description="When all its rows were tried last; null before.")
    row_limit: int = strawberry.field(description="The most rows that it takes.")

    @classmethod
    def of(cls, item: rosters.Roster) -> Self:
        return cls.read(item, row_limit=MOST_ROWS)

    @resolver_field(description="The school's or camp's name.")
    async def centre_name(self, info: Info, language: InLanguage = None) -> str | None:
        centre = await _CENTRE.load(self, info.context.loaders)
        return centre.name.in_language(field_language(info, language)) if centre else None

    service = service_field("item.service_code", description="The service that its persons apply for.")
    district = district_field("item.district", description="The district of the school or camp.")

    @resolver_field(description="The tehsil of the school or camp, where one is known.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.item.district, self.item.tehsil)

    progress = field_by_key(progress_of_roster, RosterCounts.of, "item.id", description="How far it has come.")

    @connection_field(
        Connection[RosterRow] | None,
        description="Its rows in the order in which they were added, for those of the school or camp; null with "
        "NOT_FOUND for officers, who see applications. A person who is known sees that she was read.",
    )
    async def rows(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            RosterRowFilter | None, strawberry.argument(description="Which rows are listed.")
        ] = None,
    ) -> Listing[rosters.RosterRow]:
        environment, subject, roster = info.context.environment, require_signed_in(info), self.item
        wanted = RowFilter(tuple(filter.states or ()), filter.awaiting_hand_over) if filter else RowFilter()

        name = f"roster:{roster.id}:{','.join(sorted(wanted.states))}:{wanted.awaiting}"
        complete = partial(with_receipts, environment, subject, roster)
        return stored_listing(info, name, rows_of(subject, roster, wanted), RosterRow.of, complete=complete)


@strawberry.type
class RostersQuery:
    @resolver_field(
        description="A roster by its number, for those of its school or camp and for officers of its place; null with "
        "NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def roster(
        self, info: Info, number: Annotated[str, strawberry.argument(description="The number, as keyed.")]
    ) -> Roster | None:
        return Roster.of(await roster_of(info.context.environment, require_signed_in(info), number))

    @connection_field(
        Connection[Roster] | None,
        description="The rosters of one's school or camps, or of an officer's place, the newest first; null with "
        "NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.ROSTERS, Scope.CASES)],
    )
    async def rosters(self, info: Info) -> Listing[RosterItem]:
        subject = require_signed_in(info)
        return stored_listing(info, f"rosters:{subject.person_id}", rosters_of(subject), Roster.of)

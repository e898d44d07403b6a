"""An officer's legal queries: appeals to hear, clearances owed by the department, overdue cases."""

from dataclasses import replace
from typing import Annotated

import strawberry

from actions.kernel import of_appeal, of_clearance, permitted_postings, require
from domain import clearances as domain_clearances
from domain.appeals import appeals as domain_appeals
from domain.appeals.appeals import PENDING, AppealState
from domain.applications import applications
from domain.clearances import ClearanceState
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import Posting, Role, Scope, not_found, people
from schema.appeals.types import Appeal
from schema.applications.types import Application
from schema.clearances.types import Clearance
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    connection_field,
    count_reader,
    require_signed_in,
    requires_scopes,
    stored_listing,
)
from store import clearances as kept_clearances
from store.appeals import appeals as kept_appeals
from store.statistics import overdue as kept_overdue

_OPEN_APPEALS = frozenset({*PENDING, AppealState.SERVICE_DELIVERED_LATE})


@strawberry.input(description="Which appeals are listed.")
class AppealFilter:
    states: list[AppealState] | None = strawberry.field(
        default=None, description="Only these states; left out, those that wait for the authority."
    )


@strawberry.input(description="Which overdue applications are listed.")
class OverdueFilter:
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")


@strawberry.type
class OfficeLaw:
    item: strawberry.Private[people.Officer]

    @connection_field(
        Connection[Appeal],
        description="Appeals of her level and jurisdiction, or that came to her from a vacant post; the oldest first.",
    )
    async def appeals(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            AppealFilter | None, strawberry.argument(description="Which appeals are listed.")
        ] = None,
    ) -> Listing[domain_appeals.Appeal]:
        states = frozenset(filter.states) if filter and filter.states else _OPEN_APPEALS
        postings = _own_postings(info, self.item, ObjectKind.APPEAL, Purpose.HEAR_APPEAL)
        found = kept_appeals.docket(postings, self.item.id if postings else None, states)
        return stored_listing(info, f"appeals:{self.item.id}:{sorted(states)}", found, Appeal.of, resource=of_appeal)

    @connection_field(
        Connection[Clearance],
        description="Clearances that other departments asked of hers, and overdue ones that came to her as the level "
        "above; the one that is due first at the top.",
    )
    async def clearances(self, info: Info) -> Listing[domain_clearances.Clearance]:
        postings = _own_postings(info, self.item, ObjectKind.CLEARANCE, Purpose.DECIDE)
        # What is overdue goes before the level above, who has it by name.
        above = self.item.id if info.context.subject.person_id == self.item.id else None
        found = kept_clearances.asked_of(postings, above, (ClearanceState.ASKED,))
        return stored_listing(info, f"clearances:{self.item.id}", found, Clearance.of, resource=of_clearance)


@strawberry.type
class OverdueQuery:
    @connection_field(
        Connection[Application] | None,
        description="For the Commission: applications that run beyond their due date, the longest overdue first.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.COMMISSION)],
    )
    async def overdue(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            OverdueFilter | None, strawberry.argument(description="Which applications are listed.")
        ] = None,
    ) -> Listing[applications.Application]:
        subject, environment = require_signed_in(info), info.context.environment
        if Role.COMMISSION not in subject.roles:
            raise not_found()
        async with environment.store.read_transaction() as tx:
            await require(environment, tx, subject, Resource(ObjectKind.CASE_LIST), Purpose.SUPERVISE)
        return _overdue(info, filter or OverdueFilter())


def _own_postings(info: Info, officer: people.Officer, kind: ObjectKind, purpose: Purpose) -> list[Posting]:
    """The asker's postings for that, where the officer is she; else none."""
    subject = info.context.subject
    return permitted_postings(subject, kind, purpose) if subject.person_id == officer.id else []


def _overdue(info: Info, wanted: OverdueFilter) -> Listing[applications.Application]:
    now, department, district = info.context.environment.clock.now(), wanted.department, wanted.district
    found = kept_overdue.overdue(now, department, district)
    # The figures count them without reading them.
    count = count_reader(info, lambda tx: kept_overdue.count_overdue(tx, now, department, district))
    return replace(stored_listing(info, f"overdue:{department}:{district}", found, _outline), count=count)


def _outline(case: applications.Application) -> Application:
    """What the review shows of a case: number, service, dates and office. More is asked for by its number."""
    return Application.of(case, withheld=True)

"""Clearances of other departments, their progress, and warnings about due dates."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from actions.clearances.clearances import may_read_clearances
from domain import clearances
from domain.clearances import ClearanceState, EscalationKind
from domain.kernel import TypeCode
from schema.catalogue.places import department_field
from schema.connectors.cases import record_of_clearance
from schema.connectors.records import DepartmentRecord
from schema.kernel import AUTHENTICATED, Info, Node, View, label_field, many_by_key, one_by_key, resolver_field
from schema.officers.staff import officer_field
from store import clearances as clearance_store

clearance_by_id = one_by_key(clearance_store.by_ids, guard=may_read_clearances)
clearances_of_application = many_by_key(clearance_store.of_applications, guard=may_read_clearances)
# The loaders below are keyed by applications that were let through before; progress counts clearances and shows none.
counted_clearances_of_application = many_by_key(clearance_store.of_applications)
escalations_of_application = many_by_key(clearance_store.warnings)


@strawberry.type(directives=[AUTHENTICATED], description="What one department asks of another about an application.")
class Clearance(Node, View[clearances.Clearance], id_of=TypeCode.CLEARANCE):
    item: strawberry.Private[clearances.Clearance]
    application_id: strawberry.ID = strawberry.field(description="The application that it is about.")
    state: ClearanceState = strawberry.field(description="How it stands.")
    question: str = strawberry.field(description="What is asked.")
    asked_at: datetime = strawberry.field(description="When it was asked.")
    due_at: datetime = strawberry.field(description="The last second for the answer.")
    answer: str | None = strawberry.field(description="The answer, once it was given.")
    answered_at: datetime | None = strawberry.field(description="When it was answered or given up.")
    reminded_at: datetime | None = strawberry.field(description="When the department was reminded of its due date.")
    escalated_at: datetime | None = strawberry.field(
        description="When it went before the department's level above, because its time was over."
    )

    state_label = label_field("clearance_state", "item.state", description="How it stands, in words.")

    @resolver_field(description="Whether the answer is owed and its time is over.")
    def overdue(self, info: Info) -> bool:
        owed = self.item.state is ClearanceState.ASKED
        return owed and info.context.environment.clock.now() > self.item.due_at

    @resolver_field(
        description="What the system of the department that was asked says of it; advice, unless it is let decide. "
        "Null where it has none that answers."
    )
    async def department_record(self, info: Info) -> DepartmentRecord | None:
        return await record_of_clearance(info, self.item.id)

    department = department_field("item.department", description="The department that was asked.")
    asked_by = officer_field("item.asked_by", description="The officer who asked.")
    answered_by = officer_field("item.answered_by", description="The officer who answered.")
    escalated_to = officer_field(
        "item.escalated_to",
        description="The officer of the level above whom it went to; null before that, or where none is posted.",
    )


@strawberry.type(description="How far the clearances of an application are.")
class ClearanceProgress:
    """Counts of the clearances that were asked at the same time or one after the other."""

    asked: int = strawberry.field(description="All that were asked.")
    granted: int = strawberry.field(description="Granted.")
    refused: int = strawberry.field(description="Refused.")
    lapsed: int = strawberry.field(description="Given up, because the application was decided without them.")
    awaited: int = strawberry.field(description="Still to be answered.")
    overdue: int = strawberry.field(description="Of these, past their due date.")
    next_due_at: datetime | None = strawberry.field(description="The nearest due date that is still to come.")

    @classmethod
    def of(cls, items: Sequence[clearances.Clearance], now: datetime) -> Self | None:
        """The graph's view of the clearances of one application; None where none was asked."""
        if not items:
            return None
        states = Counter(item.state for item in items)
        due = sorted(item.due_at for item in items if item.state is ClearanceState.ASKED)
        return cls(
            asked=len(items),
            granted=states[ClearanceState.GRANTED],
            refused=states[ClearanceState.REFUSED],
            lapsed=states[ClearanceState.LAPSED],
            awaited=len(due),
            overdue=sum(at < now for at in due),
            next_due_at=next((at for at in due if at >= now), None),
        )


@strawberry.type(description="A warning that the legal clock gave.")
class Escalation(View[clearances.Escalation]):
    kind: EscalationKind = strawberry.field(description="Why.")
    due_at: datetime = strawberry.field(description="The date that it warns of.")
    at: datetime = strawberry.field(description="When it was given.")

    label = label_field("escalation", "kind", description="Why, in words.")

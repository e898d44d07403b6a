"""Receivers of events, for administrators: who is told of what, how it goes, and what is done with one."""

from datetime import datetime, timedelta

import strawberry

from actions.platform.event_receivers import (
    MOST_LOGGED,
    MOST_RECEIVERS,
    change_event_receiver,
    confirm_event_receiver,
    deliveries_of,
    propose_event_receiver,
    receivers_for,
)
from domain.kernel import Scope
from domain.platform import event_receivers as kept
from domain.platform.event_receivers import SECRET_SHOWN_MINUTES, EventKind, EventOwner, ReceiverState
from schema.kernel import (
    AUTHENTICATED,
    Info,
    View,
    assumed_list_size,
    former_field,
    label_field,
    page_size,
    resolver_field,
    sliced_list_size,
    staff_list,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import TwoPersonProposal
from schema.platform.changes import First

_LOG_SIZE = 10


@strawberry.type(description="An event that a receiver was told, or is to be told.")
class EventDelivery(View[kept.EventDelivery], id="event_id"):
    item: strawberry.Private[kept.EventDelivery]
    id: strawberry.ID = strawberry.field(description="The `webhook-id` of its message.")
    event_id: str = former_field("id", added="0.3")
    kind: str = strawberry.field(description="A value of EventKind, or `endpoint.challenge`.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    attempts: int = strawberry.field(description="How often it was sent.")
    outcome: str | None = strawberry.field(description="How the last attempt came out, in a word; null before it.")
    due_at: datetime = strawberry.field(description="When it is sent next, where it was not delivered.")
    delivered_at: datetime | None = strawberry.field(description="When the receiver took it.")


@strawberry.type(directives=[AUTHENTICATED], description="A system that is told of events (docs/partners/events).")
class EventReceiver(TwoPersonProposal, View[kept.EventReceiver]):
    item: strawberry.Private[kept.EventReceiver]
    id: strawberry.ID = strawberry.field(description="Give it to confirmEventReceiver and changeEventReceiver.")
    owner: EventOwner = strawberry.field(description="Whose system it is.")
    department: str | None = strawberry.field(description="The slug of its department; null for a partner's.")
    url: str = strawberry.field(description="Where messages go.")
    kinds: list[EventKind] = strawberry.field(
        description="What it is told of.", directives=[assumed_list_size(len(EventKind))]
    )
    state: ReceiverState = strawberry.field(description="How it stands.")
    failure: str | None = strawberry.field(description="What it answered last, where it FAILED.")

    owner_label = label_field("event_owner", "item.owner", description="Whose system it is, in words.")
    state_label = label_field("receiver_state", "item.state", description="How it stands, in words.")

    @resolver_field(description="Its secret (`whsec_…`) within an hour after it was made; null afterwards.")
    def new_secret(self, info: Info) -> str | None:
        until = self.item.secret_made_at + timedelta(minutes=SECRET_SHOWN_MINUTES)
        return self.item.secret if info.context.environment.clock.now() < until else None

    @resolver_field(
        description="What it was told and is to be told, the latest event first.",
        directives=[sliced_list_size("first")],
    )
    async def deliveries(self, info: Info, first: First = _LOG_SIZE) -> list[EventDelivery]:
        found = await deliveries_of(info.context.environment, self.item, min(page_size(first), MOST_LOGGED))
        return [EventDelivery.of(one) for one in found]


@strawberry.type
class EventReceiversQuery:
    event_receivers = staff_list(
        receivers_for,
        EventReceiver.of,
        size=MOST_RECEIVERS,
        description="The receivers of events that she looks after, the newest first; null with NOT_FOUND for all but "
        "administrators.",
    )


_payload = thing_payload(
    "What became of a receiver of events.",
    "EventReceiverPayload",
    receiver=Thing(EventReceiver, "The receiver; null when refused.", EventReceiver.of),
)


@strawberry.type
class EventReceiversMutation:
    propose_event_receiver = action_mutation(
        propose_event_receiver,
        _payload,
        "Ask for a system to be told of events; a second administrator has to confirm it, and its address to answer a "
        "challenge, before anything is sent there.",
        input_fields(
            "A receiver of events.",
            owner="Whose system it is.",
            department="The slug of the department, where it is a department's.",
            url="An address of https without credentials and query.",
            kinds="What it is told of.",
        ),
        scopes=[Scope.STAFF],
    )
    confirm_event_receiver = action_mutation(
        confirm_event_receiver,
        _payload,
        "Confirm or refuse a receiver that another administrator proposed.",
        input_fields(
            "What a second administrator says of a receiver.",
            receiver_id="The receiver, as eventReceivers names it.",
            confirm="True has its address challenged; false ends it.",
        ),
        scopes=[Scope.STAFF],
    )
    change_event_receiver = action_mutation(
        change_event_receiver,
        _payload,
        "Switch a receiver on or off, make it a new secret, or tell it everything again since an instant.",
        input_fields(
            "What is done with a receiver.",
            receiver_id="The receiver, as eventReceivers names it.",
            step="What is done.",
            since="From when on everything is told again.",
        ),
        scopes=[Scope.STAFF],
    )

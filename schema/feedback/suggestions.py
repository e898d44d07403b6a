"""Suggestions about services, by citizens and officers, and the replies."""

from datetime import datetime

import strawberry

from actions.feedback.suggestions import make_suggestion, reply_to_suggestion
from actions.kernel import of_suggestion
from domain.feedback import feedback
from domain.feedback.feedback import SuggestionState
from domain.kernel import TypeCode
from schema.catalogue.services import service_field
from schema.kernel import AUTHENTICATED, Node, View, label_field, one_by_key
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import officer_field
from store.feedback import suggestions

suggestion_by_id = one_by_key(suggestions.by_ids, of_suggestion)


@strawberry.type(directives=[AUTHENTICATED], description="A proposal about a service, without an application.")
class Suggestion(Node, View[feedback.Suggestion], id_of=TypeCode.SUGGESTION):
    item: strawberry.Private[feedback.Suggestion]
    text: str = strawberry.field(description="What is proposed, with Aadhaar numbers masked.")
    state: SuggestionState = strawberry.field(description="Where it stands.")
    reply: str | None = strawberry.field(description="What the department says to it.")
    replied_at: datetime | None = strawberry.field(description="When it was answered last.")
    version: int = strawberry.field(description="Grows by one with every change; give it back with a reply.")
    created_at: datetime = strawberry.field(description="When it was made.")

    state_label = label_field("suggestion_state", "item.state", description="Where it stands, in words.")
    service = service_field("item.service_code", description="The service that it is about.")
    officer = officer_field("item.officer_id", description="The officer who made it; null for a citizen's.")
    replied_by = officer_field("item.replied_by", description="The officer who replied.")


_suggestion_payload = thing_payload(
    "What became of a suggestion.",
    "SuggestionPayload",
    suggestion=Thing(Suggestion, "The suggestion as it now is; null when refused.", Suggestion.of),
)


@strawberry.type
class SuggestionsMutation:
    make_suggestion = action_mutation(
        make_suggestion,
        _suggestion_payload,
        "Suggest something about a service; for citizens and for officers.",
        input_fields(
            "A suggestion about a service.",
            service_code="The service, open or not.",
            district="The district, if it is about one.",
            text="The proposal, at most 2000 characters.",
        ),
    )
    reply_to_suggestion = action_mutation(
        reply_to_suggestion,
        _suggestion_payload,
        "Reply to a suggestion for one's department.",
        input_fields(
            "A reply to a suggestion.",
            suggestion_id=id_of(TypeCode.SUGGESTION, "The suggestion."),
            state="Where it then stands.",
            text="The reply, as its author will read it.",
        ),
    )

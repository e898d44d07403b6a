"""Suggestions about services, by citizens and officers, and the replies."""

from datetime import datetime
from typing import Annotated

import strawberry

from actions.feedback.suggestions import MakeSuggestion, ReplyToSuggestion, make_suggestion, reply_to_suggestion
from actions.kernel import of_suggestion
from domain.feedback import feedback
from domain.feedback.feedback import SuggestionState
from domain.kernel import TypeCode
from schema.catalogue.services import service_field
from schema.kernel import AUTHENTICATED, Info, Node, View, label_field, mutation, one_by_key
from schema.kernel.mutations import KEY_DESCRIPTION, VERSION_DESCRIPTION, bind, key_of, key_of_type
from schema.kernel.payloads import MutationPayload, run_mutation
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


@strawberry.input(description="A suggestion about a service.")
class MakeSuggestionInput:
    service_code: str = strawberry.field(description="The service, open or not.")
    district: str | None = strawberry.field(default=None, description="The district, if it is about one.")
    text: str = strawberry.field(description="The proposal, at most 2000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A reply to a suggestion.")
class ReplyToSuggestionInput:
    suggestion_id: strawberry.ID = strawberry.field(description="The suggestion.")
    state: SuggestionState = strawberry.field(description="Where it then stands.")
    text: str = strawberry.field(description="The reply, as its author will read it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a suggestion.")
class SuggestionPayload(MutationPayload):
    suggestion: Suggestion | None = strawberry.field(description="The suggestion as it now is; null when refused.")


@strawberry.type
class SuggestionsMutation:
    """Mutations about suggestions."""

    @mutation(description="Suggest something about a service; for citizens and for officers.")
    async def make_suggestion(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            MakeSuggestionInput, strawberry.argument(description="The suggestion.")
        ],
    ) -> SuggestionPayload:
        work = bind(
            info,
            make_suggestion,
            lambda: MakeSuggestion(
                service_code=input.service_code,
                district=input.district,
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
            ),
        )
        return await run_mutation(info, SuggestionPayload, "suggestion", work, Suggestion.of)

    @mutation(description="Reply to a suggestion for one's department.")
    async def reply_to_suggestion(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            ReplyToSuggestionInput, strawberry.argument(description="The reply.")
        ],
    ) -> SuggestionPayload:
        work = bind(
            info,
            reply_to_suggestion,
            lambda: ReplyToSuggestion(
                suggestion_id=key_of_type(TypeCode.SUGGESTION, input.suggestion_id, "input", "suggestionId"),
                state=input.state,
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await run_mutation(info, SuggestionPayload, "suggestion", work, Suggestion.of)

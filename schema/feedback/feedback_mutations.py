"""The mutation that gives feedback on a decided application."""

from typing import Annotated

import strawberry

from actions.feedback.feedback import GiveFeedback, give_feedback
from domain.kernel import TypeCode
from schema.feedback.types import Feedback
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, bind, key_of, key_of_type
from schema.kernel.payloads import MutationPayload, run_mutation


@strawberry.input(description="Stars and a text on a decided application.")
class GiveFeedbackInput:
    """Feedback; within seven days the same mutation changes it."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    rating: int = strawberry.field(description="One to five stars.")
    text: str | None = strawberry.field(default=None, description="What she wants to say, at most 2000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of feedback.")
class GiveFeedbackPayload(MutationPayload):
    feedback: Feedback | None = strawberry.field(description="The feedback as it now is; null when refused.")


@strawberry.type
class FeedbackMutation:
    """Mutations about feedback."""

    @mutation(description="Rate a decided application, or change the rating while that is allowed.")
    async def give_feedback(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            GiveFeedbackInput, strawberry.argument(description="The feedback.")
        ],
    ) -> GiveFeedbackPayload:
        work = bind(
            info,
            give_feedback,
            lambda: GiveFeedback(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                rating=input.rating,
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
            ),
        )
        return await run_mutation(info, GiveFeedbackPayload, "feedback", work, lambda item: Feedback.of(info, item))

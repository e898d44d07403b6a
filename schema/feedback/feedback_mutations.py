"""The mutation that gives feedback on a decided application."""

import strawberry

from actions.feedback.feedback import give_feedback
from domain.kernel import TypeCode
from schema.feedback.types import Feedback
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload


@strawberry.type
class FeedbackMutation:
    give_feedback = action_mutation(
        give_feedback,
        thing_payload(
            "What became of feedback.",
            feedback=Thing(Feedback, "The feedback as it now is; null when refused.", view_for=Feedback.of),
        ),
        "Rate a decided application, or change the rating while that is allowed.",
        input_fields(
            "Stars and a text on a decided application.",
            application_id=id_of(TypeCode.APPLICATION, "The application."),
            rating="One to five stars.",
            text="What she wants to say, at most 2000 characters.",
        ),
    )

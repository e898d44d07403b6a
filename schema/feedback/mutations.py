"""Mutations that give feedback, and raise, answer, escalate and close grievances."""

import strawberry

from actions.feedback.feedback import give_feedback
from actions.feedback.grievances import move_grievance, raise_grievance, reply_to_grievance
from domain.feedback.grievances import GrievanceMove
from domain.kernel import TypeCode
from schema.feedback.grievances import Grievance
from schema.feedback.types import Feedback
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload

_grievance_payload = thing_payload(
    "What became of a grievance.",
    "GrievancePayload",
    grievance=Thing(Grievance, "The grievance as it now is; null when refused.", Grievance.of),
)
_grievance = id_of(TypeCode.GRIEVANCE, "The grievance.")
_own_grievance = input_fields("A grievance of one's own.", "GrievanceInput", grievance_id=_grievance)


@strawberry.type
class GrievancesMutation:
    raise_grievance = action_mutation(
        raise_grievance,
        _grievance_payload,
        "Raise a grievance about an application; its due date is set.",
        input_fields(
            "A grievance about an application.",
            application_id=id_of(TypeCode.APPLICATION, "The application."),
            category="What it is about.",
            text="The grievance, at most 2000 characters.",
        ),
    )
    reply_to_grievance = action_mutation(
        reply_to_grievance,
        _grievance_payload,
        "Answer a grievance of one's jurisdiction; one that went up is answered from above.",
        input_fields(
            "A reply to a grievance.", grievance_id=_grievance, text="The reply, as the citizen will read it."
        ),
    )
    close_grievance = action_mutation(
        move_grievance,
        _grievance_payload,
        "Close one's grievance.",
        _own_grievance,
        name="close_grievance",
        constants={"move": GrievanceMove.CLOSE},
    )
    escalate_grievance = action_mutation(
        move_grievance,
        _grievance_payload,
        "Take one's grievance up one level: after a reply that does not help, or when it is overdue.",
        _own_grievance,
        name="escalate_grievance",
        constants={"move": GrievanceMove.ESCALATE},
    )


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
            text="What she wants to say, at most 2000 characters; left out, what she said stays; empty, it goes.",
        ),
    )

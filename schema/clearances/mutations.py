"""Mutations of clearances, field reports and hand-overs."""

from datetime import date

import strawberry

from actions.applications.hand_over import hand_over
from actions.clearances.clearances import answer_clearance, ask_clearance
from actions.clearances.verification import report_verification
from domain.clearances import Place
from domain.kernel import TypeCode
from schema.applications.payloads import application_payload
from schema.clearances.types import Clearance
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, id_of, input_fields, nested_input
from schema.kernel.payloads import Thing, thing_payload

_APPLICATION = id_of(TypeCode.APPLICATION, "The application.")


def _due_date(department: str, due_on: date) -> tuple[str, date]:
    return department, due_on


_clearance_due = nested_input(
    _due_date,
    "ClearanceDueInput",
    "The day by which one department is to answer.",
    department="The slug of the department.",
    due_on="The day for its answer.",
)
_geo_point = nested_input(
    Place,
    "GeoPointInput",
    "A point on the earth.",
    latitude=InputField("Millionths of a degree north.", name="latitude_microdegrees"),
    longitude=InputField("Millionths of a degree east.", name="longitude_microdegrees"),
)


@strawberry.type
class ExaminingMutation:
    ask_clearance = action_mutation(
        ask_clearance,
        application_payload("What became of a question to other departments."),
        "Ask other departments for a clearance, each with its own due date.",
        input_fields(
            "A question to other departments.",
            application_id=_APPLICATION,
            departments="The slugs of the departments, at most 10.",
            question="What is asked.",
            due_on="The day for the answer; left out the usual one.",
            due_dates=_clearance_due("Departments of the list with a day of their own."),
        ),
    )
    answer_clearance = action_mutation(
        answer_clearance,
        thing_payload(
            "What became of an answer to another department.",
            clearance=Thing(Clearance, "The clearance as it now is; null when refused.", Clearance.of),
        ),
        "Answer a clearance for the department that was asked.",
        input_fields(
            "An answer to another department.",
            clearance_id=id_of(TypeCode.CLEARANCE, "The clearance."),
            granted="Whether it is granted.",
            text="The answer.",
        ),
    )
    report_verification = action_mutation(
        report_verification,
        application_payload("What became of a report from the field."),
        "Report on a field verification; the application goes back into scrutiny.",
        input_fields(
            "A report from the field.",
            application_id=_APPLICATION,
            text="What was seen.",
            photos=InputField(
                "References of photographs (JPEG or PNG) that the officer uploaded, at most 10.",
                "photo_ids",
                type=list[strawberry.ID],
                default=(),
                former=("photos", "0.1"),
            ),
            place=_geo_point("The point where it was seen."),
            tehsil="The code of the tehsil where it was seen, beside a point or in its place.",
            observed_at="When it was seen; left out, now.",
        ),
    )
    hand_over = action_mutation(
        hand_over,
        application_payload("What became of a hand-over."),
        "Record that a certificate or order was handed over at the counter.",
        input_fields(
            "A hand-over at the counter.",
            application_id=_APPLICATION,
            handed_over_at="When it happened; left out, now.",
            note="A note for the citizen.",
        ),
    )

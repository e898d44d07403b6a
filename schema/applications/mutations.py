"""Mutations of applications: submit, save a draft, answer a query, withdraw, decide."""

from collections.abc import Sequence

import strawberry

from actions.applications.decide import decide_application
from actions.applications.renew import renew_certificate
from actions.applications.respond import answer_query, withdraw_application
from actions.applications.submit import save_draft, submit_application
from actions.catalogue.submit_checks import DocumentSource, NewDocument
from domain.applications.applications import Channel, DeliveryMode
from domain.catalogue.forms import MOST_ANSWERS
from domain.kernel import ErrorCode, Problem, Problems, TypeCode
from schema.applications.payloads import application_payload
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import Declared, InputField, Path, ValueFrom, id_of, input_fields, nested_input, read_by_plan
from schema.kernel.mutations import VERSION_DESCRIPTION

_APPLICATION = id_of(TypeCode.APPLICATION, "The application.")


@read_by_plan
@strawberry.input(description="A field of the form with what was filled in.")
class FormFieldInput:
    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="What was filled in.")
    source: str | None = strawberry.field(
        default=None, description="The token of a prefilled answer, by which its document is recorded."
    )


_documents = nested_input(
    NewDocument,
    "DocumentInput",
    "A paper that is attached by reference.",
    key="The required document of the service that it answers.",
    uri="Its URI in DigiLocker or with us, or the SHA-256 of an upload.",
    source=InputField(
        "Where it lies.", type=DocumentSource, default=DocumentSource.DIGILOCKER, read=lambda source, _: source.value
    ),
)


def answers_of(form: Sequence[FormFieldInput], path: Path) -> dict[str, str]:
    """The answers by name; raises Problems with FORM_QUESTION_TWICE at the place of each that answers one again."""
    first: dict[str, int] = {}
    twice = [place for place, field in enumerate(form) if first.setdefault(field.name, place) != place]
    if twice:
        raise Problems(*(_answered_before(place, path) for place in twice[:MOST_ANSWERS]))
    return {field.name: field.value for field in form}


def _answered_before(place: int, path: Path) -> Problem:
    return Problem(ErrorCode.FORM_QUESTION_TWICE, (*path, str(place)), params={"position": str(place + 1)})


def _sources(form: Sequence[FormFieldInput], _: Path) -> dict[str, str]:
    return {field.name: field.source for field in form if field.source is not None}


def _form(description: str) -> dict[str, Declared]:
    """The answers to the service's form and the documents that they were taken from, of one field."""
    answers = InputField(description, type=list[FormFieldInput], default=(), read=answers_of)
    return {"form": answers, "sources": ValueFrom("form", _sources)}


_PLACE: dict[str, Declared] = {
    "service_code": "The service that is applied for.",
    "district": "The code of the district whose office decides.",
    "tehsil": "The code of the tehsil.",
}
_WAY: dict[str, Declared] = {
    "channel": InputField("Where it comes in.", default=Channel.WEB),
    "delivery": InputField("How the result is wanted.", default=DeliveryMode.PORTAL),
    "on_behalf_of": id_of(
        TypeCode.CITIZEN,
        "The citizen whom an operator helps; left out, the one of her session.",
        "citizen_id",
        former=("on_behalf_of", "0.1"),
    ),
}
_FORM_VERSION = "The version of the form that was drawn; another one is told as FORM_CHANGED."


@strawberry.type
class SubmittingMutation:
    submit_application = action_mutation(
        submit_application,
        application_payload("What became of an application that was handed in."),
        "Hand in an application. Every cause of a refusal is told at once.",
        input_fields(
            "An application to hand in.",
            **_PLACE,
            **_form("What was filled in."),
            documents=_documents("The papers.", default=()),
            **_WAY,
            draft_id=id_of(TypeCode.APPLICATION, "The draft that becomes it."),
            form_version=_FORM_VERSION,
        ),
    )
    save_draft = action_mutation(
        save_draft,
        application_payload("What became of a draft."),
        "Keep a draft of an application, or change one.",
        input_fields(
            "A draft to keep, or to change.",
            **_PLACE,
            **_form("What was filled in so far."),
            **_WAY,
            draft_id=id_of(TypeCode.APPLICATION, "The draft that is changed."),
            form_version=_FORM_VERSION,
            expected_version="The draft's version that was seen; with another one, as after a change on another "
            "device, the answer is CONFLICT.",
            documents=_documents("All papers so far; left out, those that the draft has stay."),
        ),
    )
    renew_certificate = action_mutation(
        renew_certificate,
        application_payload("What became of a renewal."),
        "Begin to renew a certificate or licence: a draft with the answers of before, which is then handed in.",
        input_fields(
            "A certificate to renew.",
            certificate_id=id_of(TypeCode.CERTIFICATE, "The certificate, from its renewableOn to its last day."),
            application_id=id_of(
                TypeCode.APPLICATION, "In its place the application on which it was issued, for who may not see it."
            ),
        ),
    )


@strawberry.type
class RespondingMutation:
    answer_query = action_mutation(
        answer_query,
        application_payload("What became of an answer."),
        "Answer an officer's query; the legal clock goes on.",
        input_fields(
            "An answer to an officer's query.",
            application_id=_APPLICATION,
            answer="The answer, as the officer will read it.",
            **_form("Only the fields that change."),
            documents=_documents("Papers of the service's list that are handed in now, as the query asked."),
        ),
    )
    withdraw_application = action_mutation(
        withdraw_application,
        application_payload("What became of a withdrawal."),
        "Take an application back that is not decided yet.",
        input_fields(
            "An application to take back.", application_id=_APPLICATION, reason="Why, if the citizen wants to say."
        ),
    )


@strawberry.type
class DecidingMutation:
    decide_application = action_mutation(
        decide_application,
        application_payload("What became of a verdict."),
        "Approve, reject, return, query, or have an application verified.",
        input_fields(
            "A verdict on an application.",
            application_id=_APPLICATION,
            verdict="What is done with it.",
            expected_version=VERSION_DESCRIPTION,
            ground="The coded ground of a refusal, return or query.",
            documents="Keys of the service's notified papers that a refusal or query is about.",
            reason="The reasons, as the citizen will read them.",
        ),
    )

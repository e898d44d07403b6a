"""Mutations that submit an application or save a draft of one."""

from typing import Annotated

import strawberry

from actions.applications.submit import NewDocument, SaveDraft, SubmitApplication, save_draft, submit_application
from actions.catalogue.submit_checks import DocumentSource
from domain.applications.applications import Channel, DeliveryMode
from domain.catalogue.forms import MOST_ANSWERS
from domain.kernel import ErrorCode, Problem, Problems, TypeCode
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, ApplicationPayload, application_payload, bind, key_of, key_of_type


@strawberry.input(description="A field of the form with what was filled in.")
class FormFieldInput:
    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="What was filled in.")
    source: str | None = strawberry.field(
        default=None, description="The token of a prefilled answer, by which its document is recorded."
    )


@strawberry.input(description="A paper that is attached by reference.")
class DocumentInput:
    key: str = strawberry.field(description="The required document of the service that it answers.")
    uri: str = strawberry.field(description="Its URI in DigiLocker or with us, or the SHA-256 of an upload.")
    source: DocumentSource = strawberry.field(default=DocumentSource.DIGILOCKER, description="Where it lies.")


@strawberry.input(description="An application to hand in.")
class SubmitApplicationInput:
    service_code: str = strawberry.field(description="The service that is applied for.")
    district: str = strawberry.field(description="The code of the district whose office decides.")
    tehsil: str | None = strawberry.field(default=None, description="The code of the tehsil.")
    form: list[FormFieldInput] = strawberry.field(default_factory=list, description="What was filled in.")
    documents: list[DocumentInput] = strawberry.field(default_factory=list, description="The papers.")
    channel: Channel = strawberry.field(default=Channel.WEB, description="Where it comes in.")
    delivery: DeliveryMode = strawberry.field(default=DeliveryMode.PORTAL, description="How the result is wanted.")
    on_behalf_of: strawberry.ID | None = strawberry.field(
        default=None, description="The citizen whom an operator helps; left out, the one of her session."
    )
    draft_id: strawberry.ID | None = strawberry.field(default=None, description="The draft that becomes it.")
    form_version: str | None = strawberry.field(
        default=None, description="The version of the form that was drawn; another one is told as FORM_CHANGED."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A draft to keep, or to change.")
class SaveDraftInput:
    service_code: str = strawberry.field(description="The service that is applied for.")
    district: str = strawberry.field(description="The code of the district whose office decides.")
    tehsil: str | None = strawberry.field(default=None, description="The code of the tehsil.")
    form: list[FormFieldInput] = strawberry.field(default_factory=list, description="What was filled in so far.")
    channel: Channel = strawberry.field(default=Channel.WEB, description="Where it comes in.")
    delivery: DeliveryMode = strawberry.field(default=DeliveryMode.PORTAL, description="How the result is wanted.")
    on_behalf_of: strawberry.ID | None = strawberry.field(
        default=None, description="The citizen whom an operator helps; left out, the one of her session."
    )
    draft_id: strawberry.ID | None = strawberry.field(default=None, description="The draft that is changed.")
    form_version: str | None = strawberry.field(
        default=None, description="The version of the form that was drawn; another one is told as FORM_CHANGED."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The draft's version that was seen; with another one, as after a change on another device, the "
        "answer is CONFLICT.",
    )
    documents: list[DocumentInput] | None = strawberry.field(
        default=None, description="All papers so far; left out, those that the draft has stay."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of an application that was handed in.")
class SubmitApplicationPayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of a draft.")
class SaveDraftPayload(ApplicationPayload):
    pass


@strawberry.type
class SubmittingMutation:
    """Mutations by which an application comes in."""

    @mutation(description="Hand in an application. Every cause of a refusal is told at once.")
    async def submit_application(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            SubmitApplicationInput, strawberry.argument(description="The application.")
        ],
    ) -> SubmitApplicationPayload:
        work = bind(
            info,
            submit_application,
            lambda: SubmitApplication(
                service_code=input.service_code,
                district=input.district,
                tehsil=input.tehsil,
                channel=input.channel,
                delivery=input.delivery,
                form=filled_in(input.form),
                sources=_sources(input.form),
                form_version=input.form_version,
                documents=_papers(input.documents),
                idempotency_key=key_of(info, input.idempotency_key),
                on_behalf_of=_inner_key(TypeCode.CITIZEN, input.on_behalf_of, "onBehalfOf"),
                draft_id=_inner_key(TypeCode.APPLICATION, input.draft_id, "draftId"),
            ),
        )
        return await application_payload(info, SubmitApplicationPayload, work)

    @mutation(description="Keep a draft of an application, or change one.")
    async def save_draft(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            SaveDraftInput, strawberry.argument(description="The draft.")
        ],
    ) -> SaveDraftPayload:
        work = bind(
            info,
            save_draft,
            lambda: SaveDraft(
                service_code=input.service_code,
                district=input.district,
                tehsil=input.tehsil,
                channel=input.channel,
                delivery=input.delivery,
                form=filled_in(input.form),
                sources=_sources(input.form),
                form_version=input.form_version,
                idempotency_key=key_of(info, input.idempotency_key),
                on_behalf_of=_inner_key(TypeCode.CITIZEN, input.on_behalf_of, "onBehalfOf"),
                draft_id=_inner_key(TypeCode.APPLICATION, input.draft_id, "draftId"),
                expected_version=input.expected_version,
                documents=None if input.documents is None else _papers(input.documents),
            ),
        )
        return await application_payload(info, SaveDraftPayload, work)


def filled_in(form: list[FormFieldInput]) -> dict[str, str]:
    """The answers by name; raises Problems with FORM_QUESTION_TWICE at the place of each that answers one again."""
    first: dict[str, int] = {}
    twice = [place for place, field in enumerate(form) if first.setdefault(field.name, place) != place]
    if twice:
        raise Problems(*(_answered_before(place) for place in twice[:MOST_ANSWERS]))
    return {field.name: field.value for field in form}


def _answered_before(place: int) -> Problem:
    path = ("input", "form", str(place))
    return Problem(ErrorCode.FORM_QUESTION_TWICE, path, params={"position": str(place + 1)})


def _sources(form: list[FormFieldInput]) -> dict[str, str]:
    return {field.name: field.source for field in form if field.source is not None}


def _papers(documents: list[DocumentInput]) -> tuple[NewDocument, ...]:
    return tuple(NewDocument(one.key, one.uri, one.source.value) for one in documents)


def _inner_key(code: TypeCode, opaque: strawberry.ID | None, name: str) -> str | None:
    return None if opaque is None else key_of_type(code, opaque, "input", name)

"""Mutations of a citizen's documents: upload to the locker, pull from issuers, add those of departments."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias, TypeVar

import strawberry

from actions.documents.adding_documents import AddDocument, add_document, remove_document
from actions.documents.locker_orders import PullDocument, PutFile, pull_document, put_file, refusal_of
from actions.kernel import SubmissionState
from domain.documents.locker import LONGEST_PATH, OrderState
from domain.kernel import ErrorCode, Problem, Problems
from integrations.calling.errors import Refused
from schema.documents.lockers import DepartmentDocument, LockerOrder
from schema.kernel import Info, mutation
from schema.kernel.mutations import (
    KEY_DESCRIPTION,
    Submission,
    bind,
    key_of,
    mutation_outcome,
    rejected_submission,
    user_errors_of,
)
from schema.kernel.payloads import MutationPayload, run_mutation
from store.documents.locker_orders import LockerOrder as LockerOrderItem

_MOST_PARAMETERS, _LONGEST_TEXT = 20, 200
_STATES = {
    OrderState.WAITING: SubmissionState.QUEUED,
    OrderState.PENDING: SubmissionState.ACCEPTED,
    OrderState.REFUSED: SubmissionState.REJECTED,
}


@strawberry.input(description="A value that an issuer or department wants to know, by its name.")
class NamedValueInput:
    name: str = strawberry.field(description="The name in the spelling of the one who asks for it.")
    value: str = strawberry.field(description="The value.")


@strawberry.input(description="A file to put into the citizen's own locker.")
class PutIntoLockerInput:
    """The file was handed in at /uploads before."""

    file: str = strawberry.field(description="The reference that /uploads gave.")
    path: str = strawberry.field(description="Folder and file name, such as Certificates/income.pdf.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A document that its issuer shall put into the citizen's locker.")
class PullDocumentInput:
    org_id: str = strawberry.field(description="The issuer's `orgId`.")
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    parameters: list[NamedValueInput] = strawberry.field(description="What `pullParameters` names.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A document that a department holds of the citizen.")
class AddDepartmentDocumentInput:
    """Naming it asks nobody; it is read once she gives the consent DEPARTMENT_DOCUMENTS."""

    publisher: str = strawberry.field(description="The department's name at API Setu.")
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    parameters: list[NamedValueInput] = strawberry.field(description="What `departmentDocumentOffers` names.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A document that is to be forgotten.")
class RemoveDepartmentDocumentInput:
    key: str = strawberry.field(description="The `key` of the document.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type
class LockerOrderPayload(MutationPayload):
    """The fields of every payload about an order."""

    order: LockerOrder | None = strawberry.field(description="The order as it now is; null when nothing was ordered.")


@strawberry.type(description="What became of a file for the locker.")
class PutIntoLockerPayload(LockerOrderPayload):
    pass


@strawberry.type(description="What became of a pull. A document that is pending or there already is no failure.")
class PullDocumentPayload(LockerOrderPayload):
    pass


@strawberry.type(description="What became of a document that was named.")
class AddDepartmentDocumentPayload(MutationPayload):
    document: DepartmentDocument | None = strawberry.field(description="The document; null when refused.")


@strawberry.type(description="What became of a document that was to be forgotten.")
class RemoveDepartmentDocumentPayload(MutationPayload):
    removed_key: str | None = strawberry.field(description="The key of what was forgotten; null when refused.")


Payload = TypeVar("Payload", bound=LockerOrderPayload)
Ordered: TypeAlias = tuple[LockerOrderItem, bool]
"""What a verb gives: the order as it now is, and whether it was a replay."""


async def _order_payload(info: Info, payload: type[Payload], work: Callable[[], Awaitable[Ordered]]) -> Payload:
    """The outcome of an order; a refusal by the locker is returned as data, with its remedy."""
    try:
        came = await mutation_outcome(info, work)
    except Refused as refusal:
        return payload(order=None, user_errors=user_errors_of(info, refusal), submission=rejected_submission())
    if isinstance(came, list):
        return payload(order=None, user_errors=came, submission=rejected_submission())
    item, replayed = came
    refusal_found = refusal_of(item)
    state = _STATES.get(item.state, SubmissionState.DELIVERED)
    return payload(
        order=LockerOrder.of(item),
        user_errors=[] if refusal_found is None else user_errors_of(info, refusal_found),
        submission=Submission(state=state, acknowledgement=None, replayed=replayed),
    )


def _values(given: list[NamedValueInput]) -> dict[str, str]:
    values = {each.name: each.value for each in given}
    texts = [*values, *values.values()]
    if len(values) != len(given) or len(given) > _MOST_PARAMETERS or any(len(text) > _LONGEST_TEXT for text in texts):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "parameters")))
    return values


@strawberry.type
class OrderingMutation:
    """Mutations about a citizen's documents."""

    @mutation(description="Put a file that was handed in at /uploads into one's own locker.")
    async def put_into_locker(
        self,
        info: Info,
        input: Annotated[PutIntoLockerInput, strawberry.argument(description="The file and its place.")],  # noqa: A002
    ) -> PutIntoLockerPayload:
        def request() -> PutFile:
            if len(input.path) > LONGEST_PATH:
                raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "path")))
            return PutFile(input.file, input.path, key_of(info, input.idempotency_key))

        return await _order_payload(info, PutIntoLockerPayload, bind(info, put_file, request))

    @mutation(description="Have an issuer put a document of hers into the citizen's own locker.")
    async def pull_document(
        self,
        info: Info,
        input: Annotated[PullDocumentInput, strawberry.argument(description="Which document.")],  # noqa: A002
    ) -> PullDocumentPayload:
        def request() -> PullDocument:
            key = key_of(info, input.idempotency_key)
            return PullDocument(input.org_id, input.doctype, _values(input.parameters), key)

        return await _order_payload(info, PullDocumentPayload, bind(info, pull_document, request))

    @mutation(description="Name a document that a department holds of oneself, to be read with a consent.")
    async def add_department_document(
        self,
        info: Info,
        input: Annotated[AddDepartmentDocumentInput, strawberry.argument(description="Which document.")],  # noqa: A002
    ) -> AddDepartmentDocumentPayload:
        def request() -> AddDocument:
            key = key_of(info, input.idempotency_key)
            return AddDocument(input.publisher, input.doctype, _values(input.parameters), key)

        work = bind(info, add_document, request)
        return await run_mutation(info, AddDepartmentDocumentPayload, "document", work, DepartmentDocument.of)

    @mutation(description="Forget a document that one named, with its consent and what was kept of it.")
    async def remove_department_document(
        self,
        info: Info,
        input: Annotated[RemoveDepartmentDocumentInput, strawberry.argument(description="Which one.")],  # noqa: A002
    ) -> RemoveDepartmentDocumentPayload:
        context = info.context

        async def work() -> tuple[str, bool]:
            key = key_of(info, input.idempotency_key)
            return await remove_document(context.environment, context.subject, input.key[:64], key)

        return await run_mutation(info, RemoveDepartmentDocumentPayload, "removed_key", work, str)

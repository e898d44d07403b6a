"""Mutations of a citizen's documents: upload to the locker, pull from issuers, add those of departments."""

from functools import wraps
from typing import Any

import strawberry

from actions.documents.adding_documents import add_document, remove_document
from actions.documents.locker_orders import pull_document, put_file, refusal_of
from actions.kernel import Environment, SubmissionState
from domain.documents.locker import LONGEST_PATH, OrderState
from domain.kernel import ErrorCode, Problem, Problems, Subject
from integrations.calling.errors import Refused
from schema.documents.lockers import DepartmentDocument, LockerOrder
from schema.kernel import Info
from schema.kernel.action_mutations import Action, action_mutation
from schema.kernel.inputs import InputField, Path, input_fields
from schema.kernel.mutations import Submission, rejected_submission, user_errors_of
from schema.kernel.payloads import MutationPayload, Outcome, Payload, Thing, subtype_of, thing_payload
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


async def _fill_order(payload: type[Any], info: Info, outcome: Outcome[LockerOrderItem | Refused]) -> Any:
    """The outcome of an order; a refusal by the locker is returned as data, with its remedy."""
    if isinstance(outcome, list):
        return payload(order=None, user_errors=outcome, submission=rejected_submission())
    item, replayed = outcome
    if isinstance(item, Refused):
        return payload(order=None, user_errors=user_errors_of(info, item), submission=rejected_submission())
    refusal = refusal_of(item)
    state = _STATES.get(item.state, SubmissionState.DELIVERED)
    return payload(
        order=LockerOrder.of(item),
        user_errors=[] if refusal is None else user_errors_of(info, refusal),
        submission=Submission(state=state, acknowledgement=None, replayed=replayed),
    )


def _order_payload(description: str) -> Payload[LockerOrderItem | Refused]:
    order: Thing[LockerOrderItem] = Thing(LockerOrder, "The order as it now is; null when nothing was ordered.")
    return Payload(subtype_of(MutationPayload, description, things={"order": order}), _fill_order)


def _with_refusals(action: Action[LockerOrderItem]) -> Action[LockerOrderItem | Refused]:
    """The action, which gives a refusal by the locker instead of raising it."""

    @wraps(action)
    async def run(env: Environment, subject: Subject, request: Any) -> tuple[LockerOrderItem | Refused, bool]:
        try:
            return await action(env, subject, request)
        except Refused as refusal:
            return refusal, False

    return run


def _path_in_locker(given: str, path: Path) -> str:
    if len(given) > LONGEST_PATH:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path))
    return given


def _values(given: list[NamedValueInput], path: Path) -> dict[str, str]:
    values = {each.name: each.value for each in given}
    texts = [*values, *values.values()]
    if len(values) != len(given) or len(given) > _MOST_PARAMETERS or any(len(text) > _LONGEST_TEXT for text in texts):
        raise Problems(Problem(ErrorCode.BAD_INPUT, path))
    return values


@strawberry.type
class OrderingMutation:
    put_into_locker = action_mutation(
        _with_refusals(put_file),
        _order_payload("What became of a file for the locker."),
        "Put a file that was handed in at /uploads into one's own locker.",
        input_fields(
            "A file to put into the citizen's own locker.",
            reference=InputField("The reference that /uploads gave.", name="file"),
            path=InputField("Folder and file name, such as Certificates/income.pdf.", read=_path_in_locker),
        ),
        name="put_into_locker",
    )
    pull_document = action_mutation(
        _with_refusals(pull_document),
        _order_payload("What became of a pull. A document that is pending or there already is no failure."),
        "Have an issuer put a document of hers into the citizen's own locker.",
        input_fields(
            "A document that its issuer shall put into the citizen's locker.",
            org_id="The issuer's `id`.",
            doctype="DigiLocker's document type.",
            parameters=InputField("What `pullParameters` names.", type=list[NamedValueInput], read=_values),
        ),
    )
    add_department_document = action_mutation(
        add_document,
        thing_payload(
            "What became of a document that was named.",
            document=Thing(DepartmentDocument, "The document; null when refused.", DepartmentDocument.of),
        ),
        "Name a document that a department holds of oneself, to be read with a consent.",
        input_fields(
            "A document that a department holds of the citizen.",
            publisher="The department's name at API Setu.",
            doctype="DigiLocker's document type.",
            parameters=InputField("What `departmentDocumentOffers` names.", type=list[NamedValueInput], read=_values),
        ),
        name="add_department_document",
    )
    remove_department_document = action_mutation(
        remove_document,
        thing_payload(
            "What became of a document that was to be forgotten.",
            removed_key=Thing(str, "The key of what was forgotten; null when refused.", str),
        ),
        "Forget a document that one named, with its consent and what was kept of it.",
        input_fields(
            "A document that is to be forgotten.",
            document_id=InputField("The `key` of the document.", "key", read=lambda key, _: key[:64]),
        ),
        name="remove_department_document",
    )

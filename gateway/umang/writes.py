"""UMANG's write operations, each a mutation with an idempotency key made of the call's tracker."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from actions.catalogue.submit_checks import DocumentSource
from domain.appeals.appeals import AppealGround
from domain.applications.applications import Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeRoute
from domain.kernel import ErrorCode
from gateway.umang.failures import CallFailed, failure_of_problems
from gateway.umang.reading import Answers, Rows, Text, Whole, Word, is_text, wrong
from gateway.umang.reads import ByNumber, day_of, fee_due, find_application, rupees_of
from gateway.umang.running import Operations
from integrations.calling.answers import BodyModel
from integrations.umang.door_answers import NOT_POSSIBLE, failure, is_empty

_GROUNDS = frozenset(each.value for each in AppealGround)
_FORM = {"form": "formData"}
_PLACE = ("district", "tehsil")
_URI = "Its address in DigiLocker, of a certificate of ours, or of a file handed in."
_TRIES = 3
"""How often a paper is laid over a draft that other calls change at the same time."""
_ATTACHED = "Document handed in through UMANG"
"""What an answer to a query says where the person wrote nothing."""


class _Paper(BodyModel):
    key: Annotated[
        Text, Field(max_length=200, description="The paper of the service that it is.", examples=["id-proof"])
    ]
    uri: Annotated[Text, Field(max_length=500, description=_URI, examples=["in.gov.uidai-ADHAR-1"])]
    source: Word[DocumentSource] = Field(DocumentSource.DIGILOCKER, examples=["DIGILOCKER"])


def _needed_without_application(value: str, info: ValidationInfo) -> str:
    if not value and not info.data.get("application_id"):
        raise wrong("MISSING")
    return value


_Needed: TypeAlias = Annotated[Text, AfterValidator(_needed_without_application)]


class _Filing(BodyModel):
    """`district` and `tehsil` are codes of the catalogue, next to `formData` or within it."""

    application_id: Text = Field("", description="A draft to hand in instead, or what is answered.")
    form_data: Answers = Field({}, examples=[{"annual_income": "84000", "purpose": "School admission"}])
    service_code: _Needed = Field("", examples=["ES09"], validate_default=True)
    district: _Needed = Field("", examples=["49"], validate_default=True)
    tehsil: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _add_place_within_form(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        form = given.get("formData")
        within = {name: form.get(name) for name in _PLACE} if isinstance(form, dict) else {}
        return {**{name: one for name, one in within.items() if is_text(one) and not is_empty(one)}, **given}

    @property
    def answers(self) -> dict[str, str]:
        return {name: value for name, value in self.form_data.items() if name not in _PLACE}


class _Application(_Filing):
    documents: Rows[_Paper] = ()
    delivery: Word[DeliveryMode] | None = None
    form_version: Text = ""
    client_ref: Annotated[Text, Field(max_length=100)] = Field("", examples=["c-1"])


class _Attachment(_Filing, _Paper):
    text: Text = ""


class _Appeal(ByNumber):
    ground: Text = Field(examples=["TIME_LIMIT_BREACHED"])
    text: Text = Field("", examples=["No answer for a month"])
    late_reason: Text = ""


class _Feedback(ByNumber):
    rating: Annotated[Whole, Field(ge=1, le=5, examples=["5"])]
    text: Text = Field("", examples=["Quick"])


async def apply_service(graph: Operations, given: _Application) -> Mapping[str, Any]:
    """Hand in an application: a new one, or the draft that `applicationId` names with its papers."""
    wanted: dict[str, Any] = {
        **_service_and_place(given),
        "delivery": given.delivery and given.delivery.value,
        "form": _fields(given.answers),
        "documents": list(map(_document, given.documents)),
        "formVersion": given.form_version or None,
    }
    if given.application_id:
        case = await find_application(graph, "UmangGetCase", given.application_id)
        wanted = _merge_draft(case, wanted, given.answers)
    wanted["delivery"] = wanted["delivery"] or DeliveryMode.PORTAL.value
    wanted |= {"channel": Channel.UMANG.value, "idempotencyKey": graph.caller.request_id}
    said = await _run_mutation(graph, "UmangApplyService", "submitApplication", wanted, _FORM)
    application = said["application"]
    return {
        "applicationId": application["number"],
        "acknowledgementNo": application["acknowledgement"],
        "status": application["status"],
        "feeDue": fee_due(application),
        "dueDate": day_of(application["deadline"]["dueAt"]),
        "clientRef": given.client_ref or None,
    }


async def attach_document(graph: Operations, given: _Attachment) -> Mapping[str, Any]:
    """Attach one document by reference: to a draft (made where none is named), or as the answer to a query.

    Files do not travel in the call (docs/contracts/umang.md section 6): `uri` names a paper of the user's DigiLocker, a
    certificate of ours, or a file that the user uploaded here.
    """
    document = _document(given)
    if not given.application_id:
        return await _save_draft(
            graph, {**_service_and_place(given), "form": _fields(given.answers), "documents": [document]}
        )
    case = await find_application(graph, "UmangGetCase", given.application_id)
    if case["status"] == Status.DRAFT.value:
        return await _attach_to_draft(graph, case, document, given.answers)
    answer = {
        "applicationId": case["id"],
        "answer": given.text or _ATTACHED,
        "form": _fields(given.answers),
        "documents": [document],
        "idempotencyKey": graph.caller.request_id,
    }
    said = await _run_mutation(graph, "UmangAttachToAnswer", "answerQuery", answer, {**_FORM, "answer": "text"})
    return _attachment_payload(said["application"])


async def initiate_payment(graph: Operations, given: ByNumber) -> Mapping[str, Any]:
    """Begin to pay the fee of an application: the order, and a page of ours that sends the browser on to the treasury.

    Where no treasury is connected the answer says 0422 with what is due and where it is paid.
    """
    case = await find_application(graph, "UmangGetCase", given.application_id)
    if case["status"] != Status.FEE_PENDING.value:
        nothing = {"errors": [{"code": "NO_FEE_DUE"}], "applicationId": case["number"], "feeDue": rupees_of(0)}
        raise CallFailed(failure(NOT_POSSIBLE, graph.language, payload=nothing))
    wanted = {"applicationId": case["id"], "route": FeeRoute.TREASURY.value, "idempotencyKey": graph.caller.request_id}
    said = (await graph.run("UmangInitiatePayment", input=wanted)).data["startFeePayment"]
    if any(problem["code"] == ErrorCode.PAYMENT_NOT_OFFERED.value for problem in said["userErrors"]):
        due = {
            "errors": [{"code": "ONLINE_PAYMENT_NOT_OFFERED"}],
            "applicationId": case["number"],
            "feeDue": rupees_of(case["fee"]["amount"]),
            "payAt": ["COUNTER", "CSC"],
        }
        raise CallFailed(failure(NOT_POSSIBLE, graph.language, payload=due))
    payment, redirect = _checked_payload(said, graph, None)["payment"], said["redirect"]
    return {
        "applicationId": case["number"],
        "paymentId": payment["number"],
        "amount": rupees_of(payment["amount"]),
        "status": payment["state"],
        "statusText": payment["stateLabel"],
        "paymentUrl": redirect["pageUrl"] if redirect else None,
    }


async def file_appeal(graph: Operations, given: _Appeal) -> Mapping[str, Any]:
    """File an appeal. `ground` is a coded ground or free text; with a code the words come in `text`."""
    coded = given.ground.upper() in _GROUNDS
    case = await find_application(graph, "UmangGetCase", given.application_id)
    wanted = {
        "applicationId": case["id"],
        "text": given.text or given.ground,
        "ground": given.ground.upper() if coded else None,
        "lateReason": given.late_reason or None,
        "idempotencyKey": graph.caller.request_id,
    }
    names = {"text": "text" if coded else "ground"}
    appeal = (await _run_mutation(graph, "UmangFileAppeal", "fileAppeal", wanted, names))["appeal"]
    return {
        "appealNo": appeal["number"],
        "applicationId": case["number"],
        "level": appeal["level"],
        "status": appeal["state"],
        "hearingBy": day_of(appeal["decideByAt"]),
    }


async def post_feedback(graph: Operations, given: _Feedback) -> Mapping[str, Any]:
    """Give feedback. There is one for each application, so that its id is the application's number."""
    case = await find_application(graph, "UmangGetCase", given.application_id)
    wanted = {
        "applicationId": case["id"],
        "rating": given.rating,
        "text": given.text or None,
        "idempotencyKey": graph.caller.request_id,
    }
    feedback = (await _run_mutation(graph, "UmangPostFeedback", "giveFeedback", wanted))["feedback"]
    return {"feedbackId": case["number"], "applicationId": case["number"], "rating": feedback["rating"]}


async def _run_mutation(
    graph: Operations, document: str, field: str, wanted: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    return _checked_payload((await graph.run(document, input=wanted)).data[field], graph, names)


def _checked_payload(said: Mapping[str, Any], graph: Operations, names: Mapping[str, str] | None) -> Mapping[str, Any]:
    """What was done; raises CallFailed where it was refused."""
    if said["userErrors"]:
        raise failure_of_problems(said["userErrors"], graph.language, names)
    return said


async def _save_draft(graph: Operations, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    draft = {**wanted, "channel": Channel.UMANG.value, "idempotencyKey": graph.caller.request_id}
    return _attachment_payload(
        (await _run_mutation(graph, "UmangAttachToDraft", "saveDraft", draft, _FORM))["application"]
    )


async def _attach_to_draft(
    graph: Operations, case: Mapping[str, Any], document: Mapping[str, Any], form: Mapping[str, str]
) -> Mapping[str, Any]:
    """Lay the paper over the draft as it now is; where another call changed it meanwhile, over what came of that.

    The key names the version too: what is saved is made of it, and doing it twice comes to the same.
    """
    wanted = {"serviceCode": "", "district": None, "tehsil": None, "delivery": None, "documents": [document]}
    for left in reversed(range(_TRIES)):
        draft = _merge_draft(case, wanted, form) | {"channel": Channel.UMANG.value, "expectedVersion": case["version"]}
        draft["idempotencyKey"] = f"{graph.caller.request_id}:{case['version']}"
        said = (await graph.run("UmangAttachToDraft", input=draft)).data["saveDraft"]
        if left and any(problem["code"] == ErrorCode.CONFLICT.value for problem in said["userErrors"]):
            case = await find_application(graph, "UmangGetCase", case["number"])
            continue
        break
    return _attachment_payload(_checked_payload(said, graph, _FORM)["application"])


def _attachment_payload(application: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "applicationId": application["number"],
        "status": application["status"],
        "documents": application["documents"],
    }


def _merge_draft(case: Mapping[str, Any], wanted: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """What is asked for laid over a draft: answers and papers that are not given anew stay."""
    papers = {one["key"]: dict(one) for one in case["documents"]}
    papers |= {one["key"]: one for one in wanted["documents"]}
    answers = {one["name"]: one["value"] for one in case["form"]} | dict(form)
    return {
        **wanted,
        "draftId": case["id"],
        "serviceCode": wanted["serviceCode"] or case["service"]["code"],
        "district": wanted["district"] or (case["district"] or {}).get("code"),
        "tehsil": wanted["tehsil"] or (case["tehsil"] or {}).get("code"),
        "delivery": wanted["delivery"] or case["delivery"],
        "form": _fields(answers),
        "documents": list(papers.values()),
    }


def _service_and_place(given: _Filing) -> Mapping[str, str | None]:
    return {"serviceCode": given.service_code, "district": given.district or None, "tehsil": given.tehsil or None}


def _document(given: _Paper) -> Mapping[str, str]:
    return {"key": given.key, "uri": given.uri, "source": given.source.value}


def _fields(form: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"name": name, "value": value} for name, value in form.items()]

"""UMANG's write operations, each a mutation with an idempotency key made of the call's tracker."""

from collections.abc import Mapping, Sequence
from typing import Any

from actions.catalogue.submit_checks import DocumentSource
from domain.appeals.appeals import AppealGround
from domain.applications.applications import Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeRoute
from domain.kernel import ErrorCode
from gateway.umang.failures import CallFailed, failure_of_problems
from gateway.umang.reading import CallParameters
from gateway.umang.reads import day_of, fee_due, find_application, rupees_of
from gateway.umang.running import Operations
from integrations.umang.door_answers import NOT_POSSIBLE, failure

_SOURCES = frozenset(each.value for each in DocumentSource)
_MODES = frozenset(each.value for each in DeliveryMode)
_GROUNDS = frozenset(each.value for each in AppealGround)
_FORM = {"form": "formData"}
_TRIES = 3
"""How often a paper is laid over a draft that other calls change at the same time."""
_ATTACHED = "Document handed in through UMANG"
"""What an answer to a query says where the person wrote nothing."""


async def apply_service(graph: Operations, given: CallParameters) -> Mapping[str, Any]:
    """Hand in an application: a new one, or the draft that `applicationId` names with its papers.

    `district` and `tehsil` are codes of the catalogue, next to `formData` or within it.
    """
    form, draft = given.answers("formData"), given.text("applicationId", needed=False)
    documents = [_document(given.row_parameters(row)) for row in given.rows("documents")]
    code = given.text("serviceCode", needed=not draft)
    district, tehsil = _district_and_tehsil(given, form, needed=not draft)
    delivery = given.one_of("delivery", _MODES)
    version = given.text("formVersion", needed=False) or None
    reference = given.text("clientRef", needed=False, longest=100) or None
    given.raise_problems()
    wanted: dict[str, Any] = {
        "serviceCode": code,
        "district": district,
        "tehsil": tehsil,
        "delivery": delivery,
        "form": _fields(form),
        "documents": documents,
        "formVersion": version,
    }
    if draft:
        wanted = _merge_draft(await find_application(graph, "UmangGetCase", draft), wanted, form)
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
        "clientRef": reference,
    }


async def attach_document(graph: Operations, given: CallParameters) -> Mapping[str, Any]:
    """Attach one document by reference: to a draft (made where none is named), or as the answer to a query.

    Files do not travel in the call (docs/contracts/umang.md section 6): `uri` names a paper of the user's DigiLocker, a
    certificate of ours, or a file that the user uploaded here.
    """
    number = given.text("applicationId", needed=False)
    document = _document(given)
    text = given.text("text", needed=False)
    form = given.answers("formData")
    code = given.text("serviceCode", needed=not number)
    district, tehsil = _district_and_tehsil(given, form, needed=not number)
    given.raise_problems()
    key = graph.caller.request_id
    if not number:
        fresh = {"serviceCode": code, "district": district, "tehsil": tehsil, "form": _fields(form)}
        return await _save_draft(graph, {**fresh, "documents": [document]})
    case = await find_application(graph, "UmangGetCase", number)
    if case["status"] == Status.DRAFT.value:
        return await _attach_to_draft(graph, case, document, form)
    answer = {
        "applicationId": case["id"],
        "answer": text or _ATTACHED,
        "form": _fields(form),
        "documents": [document],
        "idempotencyKey": key,
    }
    said = await _run_mutation(graph, "UmangAttachToAnswer", "answerQuery", answer, {**_FORM, "answer": "text"})
    return _attachment_payload(said["application"])


async def initiate_payment(graph: Operations, given: CallParameters) -> Mapping[str, Any]:
    """Begin to pay the fee of an application: the order, and a page of ours that sends the browser on to the treasury.

    Where no treasury is connected the answer says 0422 with what is due and where it is paid.
    """
    number = given.text("applicationId")
    given.raise_problems()
    case = await find_application(graph, "UmangGetCase", number)
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


async def file_appeal(graph: Operations, given: CallParameters) -> Mapping[str, Any]:
    """File an appeal. `ground` is a coded ground or free text; with a code the words come in `text`."""
    number, ground = given.text("applicationId"), given.text("ground")
    text, late = given.text("text", needed=False), given.text("lateReason", needed=False)
    given.raise_problems()
    coded = ground.upper() in _GROUNDS
    case = await find_application(graph, "UmangGetCase", number)
    wanted = {
        "applicationId": case["id"],
        "text": text or ground,
        "ground": ground.upper() if coded else None,
        "lateReason": late or None,
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


async def post_feedback(graph: Operations, given: CallParameters) -> Mapping[str, Any]:
    """Give feedback. There is one for each application, so that its id is the application's number."""
    number, rating = given.text("applicationId"), given.whole_number("rating", least=1, most=5)
    text = given.text("text", needed=False)
    given.raise_problems()
    case = await find_application(graph, "UmangGetCase", number)
    wanted = {
        "applicationId": case["id"],
        "rating": rating,
        "text": text or None,
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


def _district_and_tehsil(given: CallParameters, form: dict[str, str], *, needed: bool) -> tuple[str | None, str | None]:
    """District and tehsil, next to the form or within it, where they do not count as answers."""
    within = {name: form.pop(name, "") for name in ("district", "tehsil")}
    district = given.text("district", needed=False) or within["district"]
    tehsil = given.text("tehsil", needed=False) or within["tehsil"]
    if needed and not district:
        given.wrong("district", "MISSING")
    return district or None, tehsil or None


def _document(given: CallParameters) -> dict[str, Any]:
    key = given.text("key", longest=200)
    uri = given.text("uri", longest=500)
    source = given.one_of("source", _SOURCES, default=DocumentSource.DIGILOCKER.value)
    return {"key": key, "uri": uri, "source": source}


def _fields(form: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"name": name, "value": value} for name, value in form.items()]

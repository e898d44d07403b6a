"""What each operation of UMANG's API answers: every field once, with its JSON Schema and its example."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.reference.json_schemas import TEXT, Field, Fields, Schema, optional, rows_of, schema_of

_MAYBE: Schema = {"type": ["string", "null"]}
_MONEY: Schema = {"type": ["string", "null"], "pattern": "^[0-9]+\\.[0-9]{2}$", "description": "Rupees."}
_DAY: Schema = {"type": ["string", "null"], "format": "date"}
_NUMBER: Schema = {"type": "string", "pattern": "^[0-9]{14}$"}
_COUNT: Schema = {"type": "integer"}
_LIST: Schema = {"type": "array"}
_HELD: Schema = {"type": "array", "items": {"type": "object", "required": ["key", "name", "source"]}}

APPLICATION, ACKNOWLEDGED, URI = "12600000000126", "52600000000125", "in.example.state-INCER-22612345678902"


@dataclass(frozen=True, slots=True)
class Described:
    """One operation and its payload."""

    summary: str
    payload: Fields


_SERVICE: Fields = {
    "serviceCode": Field(TEXT, "ES09"),
    "name": Field(TEXT, "Income Certificate"),
    "department": Field(_MAYBE, "Revenue Department"),
    "timeLimitDays": Field({"type": ["integer", "null"]}, 15),
}
_HAND_OVER = Field({"type": ["object", "null"]}, None)
_LISTED: Fields = {
    **_SERVICE,
    "timeLimitUnit": Field(None, "WORKING_DAYS"),
    "fee": Field(None, None),
    "channel": Field(None, ["apuni-sarkar"]),
    "open": Field({"type": "boolean"}, True),
    "handOver": _HAND_OVER,
}
_ROW: Fields = {
    "applicationId": Field(_NUMBER, APPLICATION),
    "acknowledgementNo": Field(_MAYBE, ACKNOWLEDGED),
    "serviceCode": Field(TEXT, "ES09"),
    "serviceName": Field(TEXT, "Income Certificate"),
    "status": Field(TEXT, "IN_SCRUTINY"),
    "statusText": Field(TEXT, "In scrutiny"),
    "submittedOn": Field(_DAY, "2026-11-24"),
    "dueDate": Field(_DAY, "2026-12-15"),
}
_PAYMENT: Fields = {
    "paymentId": Field(_NUMBER),
    "status": Field(TEXT),
    "statusText": Field(TEXT),
    "amount": Field(_MONEY),
    "receiptNo": Field(_MAYBE),
    "asOf": Field(_MAYBE),
}
_INSTALMENT: Fields = {
    "scheme": Field(_MAYBE, "Old Age Pension"),
    "amount": Field(_MONEY, "1500.00"),
    "status": Field(TEXT, "CREDITED"),
    "statusText": Field(TEXT, "Credited"),
    "periodFrom": Field(_DAY, "2026-10-01"),
    "periodTo": Field(_DAY, "2026-10-31"),
    "paidOn": Field(_DAY, "2026-11-03"),
    "utrLast4": Field(_MAYBE, "1234"),
}
_STAGE = {"stage": "SUBMITTED", "text": "Submitted", "at": "2026-11-24T12:00:00.000+05:30"}
_PAYMENT_URL = "https://apuni.uk.example/fees/pay/42600000000127?until=1795501800&signature=AQ"

DESCRIBED: Mapping[str, Described] = {
    "getServices": Described(
        "The catalogue.",
        {"services": rows_of(_LISTED), "total": Field(_COUNT, 87)},
    ),
    "getServiceDetail": Described(
        "One service with its papers.",
        {
            **_SERVICE,
            "fee": Field(_MONEY, None),
            "documents": Field(_LIST, [{"key": "id-proof", "name": "ID Proof", "required": True}]),
            "kind": Field(_MAYBE, "CERTIFICATE"),
            "handOver": _HAND_OVER,
        },
    ),
    "getForm": Described(
        "The form of a service; the names of its questions are the keys of formData.",
        {"serviceCode": optional(TEXT, "ES09"), "formVersion": optional(TEXT, "1"), "sections": Field(_LIST, [])},
    ),
    "getMyApplications": Described(
        "The applications of the linked citizen.",
        {"applications": rows_of(_ROW), "total": Field(_COUNT, 1)},
    ),
    "getApplicationStatus": Described(
        "Status, stages, due date and delivery of one application.",
        {
            **_ROW,
            "stages": Field(_LIST, [_STAGE]),
            "feeDue": optional(_MONEY, "0.00"),
            "payment": optional({"anyOf": [schema_of(_PAYMENT), {"type": "null"}]}, None),
            "deliveredOn": optional(_DAY, None),
        },
    ),
    "applyService": Described(
        "Hand in an application, once for its apitrkr.",
        {
            "applicationId": Field(_NUMBER, APPLICATION),
            "acknowledgementNo": Field(_MAYBE, ACKNOWLEDGED),
            "status": Field(None, "IN_SCRUTINY"),
            "feeDue": Field(_MONEY, "0.00"),
            "dueDate": Field(None, "2026-12-15"),
            "clientRef": Field(None, "c-1"),
        },
    ),
    "attachDocument": Described(
        "Attach a document by reference to a draft, which is made where none is named, or in answer to a query.",
        {
            "applicationId": Field(_NUMBER, APPLICATION),
            "status": optional(TEXT, "DRAFT"),
            "documents": Field(_HELD, [{"key": "id-proof", "name": "Aadhaar Card", "source": "DIGILOCKER"}]),
        },
    ),
    "initiatePayment": Described(
        "Begin to pay a fee: the order, and the page to open in a browser, good for an hour. Where no treasury is "
        "connected: APSK0422 with what is due and where it is paid.",
        {
            "applicationId": Field(_NUMBER, APPLICATION),
            "paymentId": Field(_NUMBER, "42600000000127"),
            "amount": Field(_MONEY, "40.00"),
            "status": Field(TEXT, "REDIRECTED"),
            "statusText": optional(TEXT, "Sent on to pay; not known yet"),
            "paymentUrl": Field(_MAYBE, _PAYMENT_URL),
        },
    ),
    "getCertificate": Described(
        "The DigiLocker address of a certificate, and an address of ours at which it can be read for some minutes.",
        {
            "applicationId": Field(_NUMBER, APPLICATION),
            "digilockerUri": Field(_MAYBE, URI),
            "downloadUrl": Field(_MAYBE, "https://apuni.uk.example/documents/AQ"),
            "downloadUntil": Field(_MAYBE, "2026-12-01T11:05:00+05:30"),
            "status": Field(None, "ACTIVE"),
            "issuedOn": Field(None, "2026-12-01"),
        },
    ),
    "getBenefits": Described(
        "Instalments of benefits. While DBT finance is away: APSK0503, rs S, what our record says, and partial.",
        {
            "benefits": rows_of(_INSTALMENT),
            "partial": optional({"const": True}),
            "missing": optional({"type": "array", "items": TEXT}),
        },
    ),
    "fileAppeal": Described(
        "File an appeal; `ground` is a coded ground or her words.",
        {
            "appealNo": Field(_NUMBER, "32600000000124"),
            "applicationId": Field(None, APPLICATION),
            "level": Field(TEXT, "FIRST"),
            "hearingBy": Field(_DAY, "2026-12-30"),
        },
    ),
    "postFeedback": Described(
        "Stars from 1 to 5 and a word.",
        {
            "feedbackId": Field(_NUMBER, APPLICATION),
            "applicationId": Field(None, APPLICATION),
            "rating": Field(None, 5),
        },
    ),
}
"""Every operation of the API."""

"""Input and output of each operation of UMANG's API, as JSON Schema with an example."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_TEXT: Mapping[str, Any] = {"type": "string"}
_MAYBE: Mapping[str, Any] = {"type": ["string", "null"]}
_WHOLE: Mapping[str, Any] = {"type": ["string", "integer"], "pattern": "^[0-9]{1,9}$"}
_MONEY: Mapping[str, Any] = {"type": ["string", "null"], "pattern": "^[0-9]+\\.[0-9]{2}$", "description": "Rupees."}
_DAY: Mapping[str, Any] = {"type": ["string", "null"], "format": "date"}
_NUMBER: Mapping[str, Any] = {"type": "string", "pattern": "^[0-9]{14}$"}
_ASKED: Mapping[str, Any] = {**_TEXT, "description": "Number or acknowledgement; Devanagari digits are taken too."}
_PAGE: Mapping[str, Any] = {
    "page": {**_WHOLE, "description": "From 1."},
    "limit": {**_WHOLE, "description": "At most 50."},
}
_PAPER: Mapping[str, Any] = {
    "type": "object",
    "required": ["key", "uri"],
    "properties": {
        "key": {**_TEXT, "description": "The paper of the service that it is."},
        "uri": {**_TEXT, "description": "Its address in DigiLocker, of a certificate of ours, or of a file handed in."},
        "source": {"enum": ["DIGILOCKER", "STORE", "UPLOAD"]},
    },
}
_HELD = {"type": "array", "items": {"type": "object", "required": ["key", "name", "source"]}}
APPLICATION, ACKNOWLEDGED, URI = "12600000000126", "52600000000125", "in.gov.uk.apunisarkar-INCER-22612345678902"


@dataclass(frozen=True, slots=True)
class Described:
    """One operation: the schema of its parameters and payload, and an example of each."""

    summary: str
    parameters: Mapping[str, Any]
    payload: Mapping[str, Any]
    example: Mapping[str, Any]
    answer: Mapping[str, Any]


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


_ROW = {
    "applicationId": _NUMBER,
    "acknowledgementNo": _MAYBE,
    "serviceCode": _TEXT,
    "serviceName": _TEXT,
    "status": _TEXT,
    "statusText": _TEXT,
    "submittedOn": _DAY,
    "dueDate": _DAY,
}
_ROW_EXAMPLE = {
    "applicationId": APPLICATION,
    "acknowledgementNo": ACKNOWLEDGED,
    "serviceCode": "ES09",
    "serviceName": "Income Certificate",
    "status": "IN_SCRUTINY",
    "statusText": "In scrutiny",
    "submittedOn": "2026-11-24",
    "dueDate": "2026-12-15",
}
_BY_NUMBER = _object({"applicationId": _ASKED}, "applicationId")
_BY_CODE = _object({"serviceCode": _TEXT}, "serviceCode")
_SERVICE = {"serviceCode": _TEXT, "name": _TEXT, "department": _MAYBE, "timeLimitDays": {"type": ["integer", "null"]}}
_INSTALMENT = {
    "scheme": _MAYBE,
    "amount": _MONEY,
    "status": _TEXT,
    "statusText": _TEXT,
    "periodFrom": _DAY,
    "periodTo": _DAY,
    "paidOn": _DAY,
    "utrLast4": _MAYBE,
}
_PAYMENT = {
    "paymentId": _NUMBER,
    "status": _TEXT,
    "statusText": _TEXT,
    "amount": _MONEY,
    "receiptNo": _MAYBE,
    "asOf": _MAYBE,
}
_FILLED = {"annual_income": "84000", "purpose": "School admission", "district": "49", "tehsil": "304"}
_ID_PROOF = {"key": "id-proof", "uri": "in.gov.uidai-ADHAR-1", "source": "DIGILOCKER"}

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "getServices": Described(
            "The catalogue.",
            _object(_PAGE),
            _object(
                {"services": {"type": "array", "items": _object(_SERVICE, *_SERVICE)}, "total": {"type": "integer"}},
                "services",
                "total",
            ),
            {"page": "1", "limit": "1"},
            {
                "services": [
                    {
                        "serviceCode": "ES09",
                        "name": "Income Certificate",
                        "department": "Revenue Department",
                        "timeLimitDays": 15,
                        "timeLimitUnit": "WORKING_DAYS",
                        "fee": None,
                        "channel": ["apuni-sarkar"],
                    }
                ],
                "total": 87,
            },
        ),
        "getServiceDetail": Described(
            "One service with its papers.",
            _BY_CODE,
            _object({**_SERVICE, "fee": _MONEY, "documents": {"type": "array"}}, *_SERVICE, "fee", "documents"),
            {"serviceCode": "ES09"},
            {
                "serviceCode": "ES09",
                "name": "Income Certificate",
                "department": "Revenue Department",
                "timeLimitDays": 15,
                "fee": None,
                "documents": [{"key": "id-proof", "name": "ID Proof", "required": True}],
            },
        ),
        "getForm": Described(
            "The form of a service; the names of its questions are the keys of formData.",
            _BY_CODE,
            _object({"serviceCode": _TEXT, "formVersion": _TEXT, "sections": {"type": "array"}}, "sections"),
            {"serviceCode": "ES09"},
            {"serviceCode": "ES09", "formVersion": "1", "sections": []},
        ),
        "getMyApplications": Described(
            "The applications of the linked citizen.",
            _object({**_PAGE, "status": _TEXT}),
            _object(
                {"applications": {"type": "array", "items": _object(_ROW, *_ROW)}, "total": {"type": "integer"}},
                "applications",
                "total",
            ),
            {"page": "1", "limit": "20"},
            {"applications": [_ROW_EXAMPLE], "total": 1},
        ),
        "getApplicationStatus": Described(
            "Status, stages, due date and delivery of one application.",
            _BY_NUMBER,
            _object(
                {
                    **_ROW,
                    "stages": {"type": "array"},
                    "feeDue": _MONEY,
                    "payment": {"anyOf": [_object(_PAYMENT, *_PAYMENT), {"type": "null"}]},
                    "deliveredOn": _DAY,
                },
                *_ROW,
                "stages",
            ),
            {"applicationId": APPLICATION},
            {
                **_ROW_EXAMPLE,
                "stages": [{"stage": "SUBMITTED", "text": "Submitted", "at": "2026-11-24T12:00:00.000+05:30"}],
                "feeDue": "0.00",
                "payment": None,
                "deliveredOn": None,
            },
        ),
        "applyService": Described(
            "Hand in an application, once for its apitrkr.",
            _object(
                {
                    "serviceCode": _TEXT,
                    "applicationId": {**_TEXT, "description": "A draft to hand in instead."},
                    "district": _TEXT,
                    "tehsil": _TEXT,
                    "delivery": {"enum": ["PORTAL", "COUNTER", "DOORSTEP"]},
                    "formVersion": _TEXT,
                    "formData": {"type": "object", "additionalProperties": {"type": ["string", "integer", "null"]}},
                    "documents": {"type": "array", "items": _PAPER},
                    "clientRef": _TEXT,
                }
            ),
            _object(
                {"applicationId": _NUMBER, "acknowledgementNo": _MAYBE, "feeDue": _MONEY},
                "applicationId",
                "acknowledgementNo",
                "feeDue",
            ),
            {"serviceCode": "ES09", "formData": _FILLED, "documents": [_ID_PROOF], "clientRef": "c-1"},
            {
                "applicationId": APPLICATION,
                "acknowledgementNo": ACKNOWLEDGED,
                "status": "IN_SCRUTINY",
                "feeDue": "0.00",
                "dueDate": "2026-12-15",
                "clientRef": "c-1",
            },
        ),
        "attachDocument": Described(
            "Attach a document by reference to a draft, which is made where none is named, or in answer to a query.",
            _object(
                {
                    **_PAPER["properties"],
                    "applicationId": _TEXT,
                    "serviceCode": _TEXT,
                    "district": _TEXT,
                    "tehsil": _TEXT,
                    "formData": {"type": "object"},
                    "text": _TEXT,
                },
                "key",
                "uri",
            ),
            _object({"applicationId": _NUMBER, "status": _TEXT, "documents": _HELD}, "applicationId", "documents"),
            {"serviceCode": "ES09", "district": "49", **_ID_PROOF},
            {
                "applicationId": APPLICATION,
                "status": "DRAFT",
                "documents": [{"key": "id-proof", "name": "Aadhaar Card", "source": "DIGILOCKER"}],
            },
        ),
        "initiatePayment": Described(
            "Begin to pay a fee: the order, and the page to open in a browser, good for an hour. Where no treasury is "
            "connected: APSK0422 with what is due and where it is paid.",
            _BY_NUMBER,
            _object(
                {
                    "applicationId": _NUMBER,
                    "paymentId": _NUMBER,
                    "amount": _MONEY,
                    "status": _TEXT,
                    "statusText": _TEXT,
                    "paymentUrl": _MAYBE,
                },
                "applicationId",
                "paymentId",
                "amount",
                "status",
                "paymentUrl",
            ),
            {"applicationId": APPLICATION},
            {
                "applicationId": APPLICATION,
                "paymentId": "42600000000127",
                "amount": "40.00",
                "status": "REDIRECTED",
                "statusText": "Sent on to pay; not known yet",
                "paymentUrl": "https://apuni.uk.example/fees/pay/42600000000127?until=1795501800&signature=AQ",
            },
        ),
        "getCertificate": Described(
            "The DigiLocker address of a certificate, and an address of ours at which it can be read for some minutes.",
            _BY_NUMBER,
            _object(
                {
                    "applicationId": _NUMBER,
                    "digilockerUri": _MAYBE,
                    "downloadUrl": _MAYBE,
                    "downloadUntil": _MAYBE,
                },
                "applicationId",
                "digilockerUri",
                "downloadUrl",
                "downloadUntil",
            ),
            {"applicationId": APPLICATION},
            {
                "applicationId": APPLICATION,
                "digilockerUri": URI,
                "downloadUrl": "https://apuni.uk.example/documents/AQ",
                "downloadUntil": "2026-12-01T11:05:00+05:30",
                "status": "ACTIVE",
                "issuedOn": "2026-12-01",
            },
        ),
        "getBenefits": Described(
            "Instalments of benefits. While DBT finance is away: APSK0503, rs S, what our record says, and partial.",
            _object({"financialYear": {**_TEXT, "pattern": "^20[0-9]{2}-[0-9]{2}$"}}),
            _object(
                {
                    "benefits": {"type": "array", "items": _object(_INSTALMENT, *_INSTALMENT)},
                    "partial": {"const": True},
                    "missing": {"type": "array", "items": _TEXT},
                },
                "benefits",
            ),
            {"financialYear": "2026-27"},
            {
                "benefits": [
                    {
                        "scheme": "Old Age Pension",
                        "amount": "1500.00",
                        "status": "CREDITED",
                        "statusText": "Credited",
                        "periodFrom": "2026-10-01",
                        "periodTo": "2026-10-31",
                        "paidOn": "2026-11-03",
                        "utrLast4": "1234",
                    }
                ]
            },
        ),
        "fileAppeal": Described(
            "File an appeal; `ground` is a coded ground or her words.",
            _object(
                {"applicationId": _ASKED, "ground": _TEXT, "text": _TEXT, "lateReason": _TEXT},
                "applicationId",
                "ground",
            ),
            _object({"appealNo": _NUMBER, "level": _TEXT, "hearingBy": _DAY}, "appealNo", "level", "hearingBy"),
            {"applicationId": APPLICATION, "ground": "TIME_LIMIT_BREACHED", "text": "No answer for a month"},
            {"appealNo": "32600000000124", "applicationId": APPLICATION, "level": "FIRST", "hearingBy": "2026-12-30"},
        ),
        "postFeedback": Described(
            "Stars from 1 to 5 and a word.",
            _object({"applicationId": _ASKED, "rating": _WHOLE, "text": _TEXT}, "applicationId", "rating"),
            _object({"feedbackId": _NUMBER}, "feedbackId"),
            {"applicationId": APPLICATION, "rating": "5", "text": "Quick"},
            {"feedbackId": APPLICATION, "applicationId": APPLICATION, "rating": 5},
        ),
    }
)
"""Every operation of the API."""

"""Makes gateway/http/openapi.json, the partners' endpoints as OpenAPI 3.1, from one description of the routes.

An endpoint that is not described is found by a test, and what is described is tried by `make fuzz`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tools.reference.json_schemas import DATE, MOMENT, TEXT, Field, Schema, optional, schema_of

XML, SOAP, JSON, FORM = "application/xml", "text/xml", "application/json", "application/x-www-form-urlencoded"
DAY: Schema = {"type": "string", "description": "A day in India, DD/MM/YYYY.", "examples": ["25/11/2026"]}
_LONG_TEXT: Schema = {"type": "string", "maxLength": 4000}
_WAIT = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}


@dataclass(frozen=True)
class Endpoint:
    """One call of a partner. `answers` are the statuses with their media types; None is an answer without a body."""

    method: str
    path: str
    summary: str
    partner: str
    answers: Mapping[int, str | None]
    body: str | None = None
    body_schema: Schema = field(default_factory=lambda: TEXT)
    answer_schema: Schema = field(default_factory=lambda: TEXT)
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    security: str | None = None


_pull = partial(
    Endpoint,
    partner="DigiLocker",
    answers={200: XML, 400: XML, 401: None, 413: XML, 415: None, 503: JSON},
    body=XML,
    security="digilockerHmac",
)
_COUNT_ANSWERS = {200: SOAP, 403: SOAP, 413: SOAP, 503: None}
_COUNT_QUERY: Mapping[str, Schema] = {"TransactionDate": DAY, "UserName": TEXT, "Password": TEXT}
_count = partial(Endpoint, partner="e-Taal", answers=_COUNT_ANSWERS)
_COUNT_ROW = schema_of(
    {
        **{name: Field(TEXT) for name in ("serviceCode", "locationCode", "category", "channel")},
        "count": Field({"type": "integer", "minimum": 0}),
    }
)
_DAY_COUNTS = schema_of(
    {
        "date": Field(DATE),
        "revision": Field({"type": "integer", "description": "Rises when a day is corrected."}),
        "closesAt": Field({**MOMENT, "description": "Until then late events may come."}),
        "total": Field({"type": "integer"}),
        "rows": Field({"type": "array", "items": _COUNT_ROW}),
    }
)
_RANGE = {
    "type": "object",
    "properties": {"transactionDate": DAY, "fromDate": DATE, "toDate": {**DATE, "description": "At most 31 days."}},
}

_SIGNED_REFUSALS = {401: JSON, 413: JSON, 415: JSON, 429: JSON, 503: JSON}
_SIGNED = {
    "X-Timestamp": "1795680000",
    "X-Signature": "hex HMAC-SHA256 over timestamp, method, path and the SHA-256 of the body, each on a line",
}
_STAFF_ROW: Schema = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 200}}
_TAKEN = ("messageId", "batch", "state")
_commission = partial(
    Endpoint,
    partner="Right to Service Commission",
    headers={"X-Request-Id": "3f6c0b1e-7a52-4c5e-9a52-1f4f5a2b7c10", **_SIGNED},
    security="commissionBearer",
)
_EVENTS = ("HEARING_FIXED", "DIRECTION", "DECIDED", "PENALTY", "COMPENSATION", "TRANSFERRED")
_EVENT_PAYLOAD = {
    "hearingId": TEXT,
    "at": MOMENT,
    "place": {"type": "string", "maxLength": 200},
    "cancelled": {"type": "boolean"},
    "text": _LONG_TEXT,
    "until": DATE,
    "outcome": {"enum": ["DISMISSED", "CLOSED"]},
    "amountPaise": {"type": "integer", "minimum": 1},
    "reason": _LONG_TEXT,
    "bench": {"enum": ["SINGLE", "DIVISION", "FULL"]},
}
_COMMISSION_EVENT = schema_of(
    {
        "eventId": Field({"type": "string", "maxLength": 100}),
        "appealNo": Field({"type": "string", "examples": ["URTSC-2026-00012345"]}),
        "type": Field({"enum": list(_EVENTS)}),
        "at": Field(MOMENT),
        "level": optional({"const": 3}),
        "payload": Field({"type": "object", "properties": _EVENT_PAYLOAD}),
    }
)
_EVENT_STATES = {"enum": ["APPLIED", "WAITING", "SUPERSEDED", "REFUSED"]}

_STEPS = ("SWITCH_ON", "SWITCH_OFF", "ROTATE", "TELL_AGAIN")
_events = partial(
    Endpoint,
    partner="Receivers of events",
    answers={200: JSON, 400: JSON, **_SIGNED_REFUSALS},
    headers={
        "webhook-id": "req_3f6c0b1e",
        "webhook-timestamp": "1795680000",
        "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    },
)
_RECEIVER = schema_of(
    {
        **{name: Field(TEXT) for name in ("id", "url", "state")},
        "types": Field({"type": "array", "items": TEXT}),
        "failure": Field({"type": ["string", "null"]}),
        "secret": optional(TEXT),
    }
)
_ANY_OBJECT: Schema = {"type": "object"}

DOORS: tuple[Endpoint, ...] = (
    _pull(
        "post",
        "/digilocker/pulluri",
        "Find a certificate for a citizen's locker (issuer specification 1.13, Pull URI).",
    ),
    _pull("post", "/digilocker/pulldoc", "Give a certificate by its URI (issuer specification 1.13, Pull Document)."),
    _count(
        "get",
        "/etaal/eTransactionCount",
        "Count the e-transactions of a day; wrong credentials and a missing day are told in the XML.",
        query=_COUNT_QUERY,
    ),
    _count(
        "post",
        "/etaal/eTransactionCount",
        "The same with the fields in a form.",
        body=FORM,
        body_schema={"type": "object", "properties": _COUNT_QUERY},
    ),
    _count(
        "post",
        "/etaal/service.asmx",
        "The same by SOAP 1.1; a request that is not understood gets a SOAP fault.",
        answers={**_COUNT_ANSWERS, 400: SOAP},
        body=SOAP,
        headers={"SOAPAction": '"http://tempuri.org/eTransactionCount"'},
    ),
    _count(
        "get",
        "/etaal/service.asmx",
        "The WSDL, with `?WSDL`.",
        answers={200: SOAP, 404: None, 503: None},
        query={"WSDL": TEXT},
    ),
    _count(
        "post",
        "/etaal/v1/counts",
        "The counts of a day, or of up to 31 days, as JSON.",
        answers=dict.fromkeys((200, 400, 401, 403, 413, 429, 503), JSON),
        body=JSON,
        body_schema=_RANGE,
        answer_schema=schema_of({"days": Field({"type": "array", "items": _DAY_COUNTS})}),
        security="etaalBearer",
    ),
    _commission(
        "post",
        "/hooks/rts",
        "Tell of a hearing, an order, a penalty, a compensation or another bench; a second delivery of the same "
        "`eventId` gets the first answer.",
        answers={200: JSON, **_SIGNED_REFUSALS, 400: JSON, 404: JSON, 409: JSON},
        body=JSON,
        body_schema=_COMMISSION_EVENT,
        answer_schema=schema_of({"eventId": Field(TEXT), "state": Field(_EVENT_STATES), "code": optional(TEXT)}),
    ),
    _commission(
        "get",
        "/hooks/rts/case-files/{sha256}",
        "Fetch the signed case file that an event of ours named (docs/commission.md).",
        answers={200: "application/zip", **_SIGNED_REFUSALS, 404: JSON},
    ),
    Endpoint(
        "post",
        "/hr/staff-changes",
        "Send joiners, posts, transfers, leaves, retirements and addresses of officers (docs/contracts/hr.md).",
        partner="HR system of the state",
        answers={200: JSON, 400: JSON, 409: JSON, 422: JSON, **_SIGNED_REFUSALS},
        body=JSON,
        body_schema=schema_of({"messageId": Field(TEXT), "rows": Field({"type": "array", "items": _STAFF_ROW})}),
        answer_schema=schema_of({**{name: Field(TEXT) for name in _TAKEN}, "rows": Field({"type": "integer"})}),
        headers=_SIGNED,
    ),
    _events(
        "get",
        "/events/{receiver}",
        "Read events behind a cursor, the oldest first.",
        answers={200: JSON, 400: JSON, 410: JSON, **_SIGNED_REFUSALS},
        query={"cursor": TEXT, "first": {"type": "string", "examples": ["200"]}},
        answer_schema=schema_of(
            {
                "events": Field({"type": "array", "items": _ANY_OBJECT}),
                "nextCursor": Field(TEXT),
                "complete": Field({"type": "boolean"}),
            }
        ),
    ),
    _events(
        "get",
        "/events/{receiver}/receivers",
        "See the receivers of the owner whose secret signed.",
        answer_schema=schema_of({"receivers": Field({"type": "array", "items": _RECEIVER})}),
    ),
    _events(
        "post",
        "/events/{receiver}/receivers",
        "Ask for a receiver, once for each `webhook-id`; two administrators and a challenge stand before its events.",
        answers={201: JSON, 400: JSON, 409: JSON, **_SIGNED_REFUSALS},
        body=JSON,
        body_schema=schema_of({"url": Field(TEXT), "types": Field({"type": "array", "items": TEXT})}),
        answer_schema=_RECEIVER,
    ),
    _events(
        "get",
        "/events/{receiver}/receivers/{own}",
        "See one of them with its log.",
        answers={200: JSON, 400: JSON, 404: JSON, **_SIGNED_REFUSALS},
        answer_schema=_ANY_OBJECT,
    ),
    _events(
        "post",
        "/events/{receiver}/receivers/{own}",
        "Take a step with one of them, once for each `webhook-id`.",
        answers={200: JSON, 400: JSON, 404: JSON, 409: JSON, **_SIGNED_REFUSALS},
        body=JSON,
        body_schema=schema_of({"step": Field({"enum": list(_STEPS)}), "since": optional(MOMENT)}),
        answer_schema=_RECEIVER,
    ),
)
"""Every endpoint that a partner calls in a form that we describe to it.

Mobile Seva, the treasury and CSC call in forms of their own (docs/contracts), Mobile Seva at an address that is secret.
"""


def document() -> dict[str, Any]:
    """The document; its title and its server are those of the gateway that serves it."""
    paths: dict[str, dict[str, Any]] = {}
    for door in DOORS:
        paths.setdefault(door.path, {})[door.method] = _operation(door)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gateway: doors of partners",
            "version": "1",
            "description": "The graph at /graphql has a schema of its own. These doors follow contracts of partners.",
        },
        "servers": [],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "digilockerHmac": {"type": "apiKey", "in": "header", "name": "x-digilocker-hmac"},
                "etaalBearer": {"type": "http", "scheme": "bearer"},
                "commissionBearer": {"type": "http", "scheme": "bearer"},
            }
        },
    }


def _operation(door: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": door.method + re.sub(r"\W", "", door.path.title()),
        "summary": door.summary,
        "tags": [door.partner],
        "parameters": [*_parameters(door)],
        "responses": {str(status): _answer(door, status, kind) for status, kind in sorted(door.answers.items())},
    }
    if door.body is not None:
        operation["requestBody"] = {"required": False, "content": {door.body: {"schema": dict(door.body_schema)}}}
    if door.security is not None:
        operation["security"] = [{door.security: []}]
    return operation


def _parameters(door: Endpoint) -> list[dict[str, Any]]:
    within = [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name in re.findall(r"{(\w+)}", door.path)
    ]
    query = [{"name": name, "in": "query", "schema": dict(schema)} for name, schema in door.query.items()]
    headers = [
        {"name": name, "in": "header", "schema": {"type": "string", "examples": [value]}}
        for name, value in door.headers.items()
    ]
    return [*within, *query, *headers]


def _answer(door: Endpoint, status: int, kind: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _MEANINGS[status]}
    if kind is not None:
        schema = (
            door.answer_schema if status in (200, 201) else schema_of({"code": Field(TEXT)}) if kind == JSON else TEXT
        )
        answer["content"] = {kind: {"schema": dict(schema)}}
    if status in (429, 503):
        answer["headers"] = _WAIT
    return answer


_MEANINGS = {
    200: "The answer.",
    201: "It was asked for.",
    400: "The request is not understood.",
    401: "The signature or the credentials do not hold.",
    403: "The address is not the one agreed.",
    404: "Nothing of this name.",
    409: "The key was used for something else, or the state does not allow it.",
    410: "The cursor is too old: begin without it.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    422: "Rows break rules of the register, each told by its number; none is taken.",
    429: "Too many requests.",
    503: "Not now: too many requests, or switched off.",
}

"""Makes gateway/http/openapi.json, the partners' endpoints as OpenAPI 3.1, from one description of the routes.

An endpoint that is not described is found by a test, and what is described is tried by `make fuzz`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from pydantic import BaseModel

from integrations.etaal.models import CountsAnswer
from integrations.etaal.wire import CountRange
from integrations.event_receivers.models import AskedReceiver, AskedStep, EventsAnswer, ReceiverAnswer, ReceiversAnswer
from integrations.hr.models import StaffChangesAnswer, StaffMessage
from integrations.right_to_service.models import CommissionMessageAnswer
from integrations.right_to_service.wire import MESSAGES, CancelledHearing, Message
from tools.reference.json_schemas import TEXT, Field, Schema, component_schemas, schema_of

Model: TypeAlias = type[BaseModel]
Described: TypeAlias = Schema | Model | tuple[Model, ...]
"""A schema, the model by which a body is read or answered, or one of several."""

XML, SOAP, JSON, FORM = "application/xml", "text/xml", "application/json", "application/x-www-form-urlencoded"
DAY: Schema = {"type": "string", "description": "A day in India, DD/MM/YYYY.", "examples": ["25/11/2026"]}
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
    body_schema: Described = field(default_factory=lambda: TEXT)
    answer_schema: Described = field(default_factory=lambda: TEXT)
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
_SIGNED_REFUSALS = {401: JSON, 413: JSON, 415: JSON, 429: JSON, 503: JSON}
_SIGNED = {
    "X-Timestamp": "1795680000",
    "X-Signature": "hex HMAC-SHA256 over timestamp, method, path and the SHA-256 of the body, each on a line",
}
_commission = partial(
    Endpoint,
    partner="Right to Service Commission",
    headers={"X-Request-Id": "3f6c0b1e-7a52-4c5e-9a52-1f4f5a2b7c10", **_SIGNED},
    security="commissionBearer",
)
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
        body_schema=CountRange,
        answer_schema=CountsAnswer,
        security="etaalBearer",
    ),
    _commission(
        "post",
        "/hooks/rts",
        "Tell of a hearing, an order, a penalty, a compensation or another bench; a second delivery of the same "
        "`eventId` gets the first answer.",
        answers={200: JSON, **_SIGNED_REFUSALS, 400: JSON, 404: JSON, 409: JSON},
        body=JSON,
        body_schema=(*dict.fromkeys(MESSAGES.values()), Message[CancelledHearing]),
        answer_schema=CommissionMessageAnswer,
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
        body_schema=StaffMessage,
        answer_schema=StaffChangesAnswer,
        headers=_SIGNED,
    ),
    _events(
        "get",
        "/events/{receiver}",
        "Read events behind a cursor, the oldest first.",
        answers={200: JSON, 400: JSON, 410: JSON, **_SIGNED_REFUSALS},
        query={"cursor": TEXT, "first": {"type": "string", "examples": ["200"]}},
        answer_schema=EventsAnswer,
    ),
    _events(
        "get",
        "/events/{receiver}/receivers",
        "See the receivers of the owner whose secret signed.",
        answer_schema=ReceiversAnswer,
    ),
    _events(
        "post",
        "/events/{receiver}/receivers",
        "Ask for a receiver, once for each `webhook-id`; two administrators and a challenge stand before its events.",
        answers={201: JSON, 400: JSON, 409: JSON, **_SIGNED_REFUSALS},
        body=JSON,
        body_schema=AskedReceiver,
        answer_schema=ReceiverAnswer,
    ),
    _events(
        "get",
        "/events/{receiver}/receivers/{own}",
        "See one of them with its log.",
        answers={200: JSON, 400: JSON, 404: JSON, **_SIGNED_REFUSALS},
        answer_schema=ReceiverAnswer,
    ),
    _events(
        "post",
        "/events/{receiver}/receivers/{own}",
        "Take a step with one of them, once for each `webhook-id`.",
        answers={200: JSON, 400: JSON, 404: JSON, 409: JSON, **_SIGNED_REFUSALS},
        body=JSON,
        body_schema=AskedStep,
        answer_schema=ReceiverAnswer,
    ),
)
"""Every endpoint that a partner calls in a form that we describe to it.

Mobile Seva, the treasury and CSC call in forms of their own (docs/contracts), Mobile Seva at an address that is secret.
"""


def document() -> dict[str, Any]:
    """The document; its title and its server are those of the gateway that serves it."""
    requests, answers = (_models(door.body_schema for door in DOORS), _models(door.answer_schema for door in DOORS))
    known, schemas = component_schemas(requests, answers)
    paths: dict[str, dict[str, Any]] = {}
    for door in DOORS:
        paths.setdefault(door.path, {})[door.method] = _operation(door, known)
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
            },
            "schemas": schemas,
        },
    }


def _models(described: Iterable[Described]) -> list[Model]:
    each = (one if isinstance(one, tuple) else (one,) for one in described)
    return [*dict.fromkeys(model for models in each for model in models if isinstance(model, type))]


def _schema(described: Described, known: Mapping[Model, Schema]) -> dict[str, Any]:
    if isinstance(described, tuple):
        return {"anyOf": [known[model] for model in described]}
    return dict(known[described] if isinstance(described, type) else described)


def _operation(door: Endpoint, known: Mapping[Model, Schema]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": door.method + re.sub(r"\W", "", door.path.title()),
        "summary": door.summary,
        "tags": [door.partner],
        "parameters": [*_parameters(door)],
        "responses": {str(status): _answer(door, status, kind, known) for status, kind in sorted(door.answers.items())},
    }
    if door.body is not None:
        operation["requestBody"] = {
            "required": False,
            "content": {door.body: {"schema": _schema(door.body_schema, known)}},
        }
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


def _answer(door: Endpoint, status: int, kind: str | None, known: Mapping[Model, Schema]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _MEANINGS[status]}
    if kind is not None:
        refused = schema_of({"code": Field(TEXT)}) if kind == JSON else TEXT
        schema = door.answer_schema if status in (200, 201) else refused
        answer["content"] = {kind: {"schema": _schema(schema, known)}}
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

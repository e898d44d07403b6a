"""`/openapi.json`: the partners' endpoints as OpenAPI 3.1, generated from one description of the routes.

An endpoint that is not described is found by a test, and what is described is tried by `make fuzz`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.graphql.answers import encode_json
from gateway.http.headers import EVERY_ANSWER

XML, SOAP, JSON, FORM = "application/xml", "text/xml", "application/json", "application/x-www-form-urlencoded"
DAY = {"type": "string", "description": "A day in India, DD/MM/YYYY.", "examples": ["25/11/2026"]}
_TEXT = {"type": "string"}
_CODE = {"type": "object", "required": ["code"], "properties": {"code": _TEXT}}
_WAIT = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}

_DAY_COUNTS: Mapping[str, Any] = {
    "type": "object",
    "required": ["date", "revision", "closesAt", "total", "rows"],
    "properties": {
        "date": {"type": "string", "format": "date"},
        "revision": {"type": "integer", "description": "Rises when a day is corrected."},
        "closesAt": {"type": "string", "format": "date-time", "description": "Until then late events may come."},
        "total": {"type": "integer"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["serviceCode", "locationCode", "category", "channel", "count"],
                "properties": {
                    "serviceCode": _TEXT,
                    "locationCode": _TEXT,
                    "category": _TEXT,
                    "channel": _TEXT,
                    "count": {"type": "integer", "minimum": 0},
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Endpoint:
    """One call of a partner. `answers` are the statuses with their media types; None is an answer without a body."""

    method: str
    path: str
    partner: str
    summary: str
    answers: Mapping[int, str | None]
    body: str | None = None
    body_schema: Mapping[str, Any] = field(default_factory=lambda: _TEXT)
    answer_schema: Mapping[str, Any] = field(default_factory=lambda: _TEXT)
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    security: str | None = None


_PULL_ANSWERS = {200: XML, 400: XML, 401: None, 413: XML, 415: None, 503: JSON}
_COUNT_QUERY: Mapping[str, Mapping[str, Any]] = {"TransactionDate": DAY, "UserName": _TEXT, "Password": _TEXT}
_COUNT_ANSWERS = {200: SOAP, 403: SOAP, 413: SOAP, 503: None}
_RANGE = {
    "type": "object",
    "properties": {
        "transactionDate": DAY,
        "fromDate": {"type": "string", "format": "date"},
        "toDate": {"type": "string", "format": "date", "description": "At most 31 days."},
    },
}

_COMMISSION_REFUSALS = {401: JSON, 413: JSON, 415: JSON, 429: JSON, 503: JSON}
_COMMISSION_HEADERS = {
    "X-Request-Id": "3f6c0b1e-7a52-4c5e-9a52-1f4f5a2b7c10",
    "X-Timestamp": "1795680000",
    "X-Signature": "hex HMAC-SHA256 over timestamp, method, path and the SHA-256 of the body, each on a line",
}
_COMMISSION_WORD: Mapping[str, Any] = {
    "type": "object",
    "required": ["eventId", "appealNo", "type", "at", "payload"],
    "properties": {
        "eventId": {"type": "string", "maxLength": 100},
        "appealNo": {"type": "string", "examples": ["URTSC-2026-00012345"]},
        "type": {"enum": ["HEARING_FIXED", "DIRECTION", "DECIDED", "PENALTY", "COMPENSATION", "TRANSFERRED"]},
        "at": {"type": "string", "format": "date-time"},
        "level": {"const": 3},
        "payload": {
            "type": "object",
            "properties": {
                "hearingId": _TEXT,
                "at": {"type": "string", "format": "date-time"},
                "place": {"type": "string", "maxLength": 200},
                "cancelled": {"type": "boolean"},
                "text": {"type": "string", "maxLength": 4000},
                "until": {"type": "string", "format": "date"},
                "outcome": {"enum": ["DISMISSED", "CLOSED"]},
                "amountPaise": {"type": "integer", "minimum": 1},
                "reason": {"type": "string", "maxLength": 4000},
                "bench": {"enum": ["SINGLE", "DIVISION", "FULL"]},
            },
        },
    },
}

DOORS: tuple[Endpoint, ...] = (
    Endpoint(
        "post",
        "/digilocker/pulluri",
        "DigiLocker",
        "Find a certificate for a citizen's locker (issuer specification 1.13, Pull URI).",
        _PULL_ANSWERS,
        body=XML,
        security="digilockerHmac",
    ),
    Endpoint(
        "post",
        "/digilocker/pulldoc",
        "DigiLocker",
        "Give a certificate by its URI (issuer specification 1.13, Pull Document).",
        _PULL_ANSWERS,
        body=XML,
        security="digilockerHmac",
    ),
    Endpoint(
        "get",
        "/etaal/eTransactionCount",
        "e-Taal",
        "Count the e-transactions of a day; wrong credentials and a missing day are told in the XML.",
        _COUNT_ANSWERS,
        query=_COUNT_QUERY,
    ),
    Endpoint(
        "post",
        "/etaal/eTransactionCount",
        "e-Taal",
        "The same with the fields in a form.",
        _COUNT_ANSWERS,
        body=FORM,
        body_schema={"type": "object", "properties": _COUNT_QUERY},
    ),
    Endpoint(
        "post",
        "/etaal/service.asmx",
        "e-Taal",
        "The same by SOAP 1.1; a request that is not understood gets a SOAP fault.",
        {**_COUNT_ANSWERS, 400: SOAP},
        body=SOAP,
        headers={"SOAPAction": '"http://tempuri.org/eTransactionCount"'},
    ),
    Endpoint(
        "get",
        "/etaal/service.asmx",
        "e-Taal",
        "The WSDL, with `?WSDL`.",
        {200: SOAP, 404: None, 503: None},
        query={"WSDL": _TEXT},
    ),
    Endpoint(
        "post",
        "/etaal/v1/counts",
        "e-Taal",
        "The counts of a day, or of up to 31 days, as JSON.",
        {200: JSON, 400: JSON, 401: JSON, 403: JSON, 413: JSON, 429: JSON, 503: JSON},
        body=JSON,
        body_schema=_RANGE,
        answer_schema={
            "type": "object",
            "required": ["days"],
            "properties": {"days": {"type": "array", "items": _DAY_COUNTS}},
        },
        security="etaalBearer",
    ),
    Endpoint(
        "post",
        "/hooks/rts",
        "Right to Service Commission",
        "Tell of a hearing, an order, a penalty, a compensation or another bench; a second delivery of the same "
        "`eventId` gets the first answer.",
        {200: JSON, **_COMMISSION_REFUSALS, 400: JSON, 404: JSON, 409: JSON},
        body=JSON,
        body_schema=_COMMISSION_WORD,
        answer_schema={
            "type": "object",
            "required": ["eventId", "state"],
            "properties": {
                "eventId": _TEXT,
                "state": {"enum": ["APPLIED", "WAITING", "SUPERSEDED", "REFUSED"]},
                "code": _TEXT,
            },
        },
        headers=_COMMISSION_HEADERS,
        security="commissionBearer",
    ),
    Endpoint(
        "get",
        "/hooks/rts/case-files/{sha256}",
        "Right to Service Commission",
        "Fetch the signed case file that an event of ours named (docs/commission.md).",
        {200: "application/zip", **_COMMISSION_REFUSALS, 404: JSON},
        headers=_COMMISSION_HEADERS,
        security="commissionBearer",
    ),
)
"""Every endpoint that a partner calls."""


def document(url: str) -> dict[str, Any]:
    """The OpenAPI document of a gateway that is reached at a base."""
    paths: dict[str, dict[str, Any]] = {}
    for door in DOORS:
        paths.setdefault(door.path, {})[door.method] = _operation(door)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Apuni Sarkar gateway: doors of partners",
            "version": "1",
            "description": "The graph at /graphql has a schema of its own. These doors follow contracts of partners.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "digilockerHmac": {"type": "apiKey", "in": "header", "name": "x-digilocker-hmac"},
                "etaalBearer": {"type": "http", "scheme": "bearer"},
                "commissionBearer": {"type": "http", "scheme": "bearer"},
            }
        },
    }


def openapi_routes(url: str) -> list[Route]:
    """`/openapi.json`, for everybody: it holds nothing that the contracts do not."""
    content = encode_json(document(url))
    headers = {**EVERY_ANSWER, "Cache-Control": "public, max-age=300"}

    async def read(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
        return Response(content, headers=headers, media_type=JSON)

    return [Route("/openapi.json", read, methods=["GET"])]


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
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", door.path)
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
        schema = door.answer_schema if status == 200 else _CODE if kind == JSON else _TEXT
        answer["content"] = {kind: {"schema": dict(schema)}}
    if status in (429, 503):
        answer["headers"] = _WAIT
    return answer


_MEANINGS = {
    200: "The answer.",
    400: "The request is not understood.",
    401: "The signature or the credentials do not hold.",
    403: "The address is not the one agreed.",
    404: "Nothing of this name.",
    409: "The key was used for something else.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    429: "Too many requests.",
    503: "Not now: too many requests, or switched off.",
}

"""Makes gateway/umang/openapi.json: UMANG's API as OpenAPI 3.1, with an example of each request and response."""

from collections.abc import Mapping
from typing import Any

from domain.kernel import Language
from gateway.umang.call_handler import PARAMETERS
from integrations.umang import PUBLIC
from integrations.umang.door_answers import OK, TEXTS, TRACING
from tools.reference.json_schemas import TEXT, component_schemas, example_of, example_of_model, schema_of
from tools.reference.umang_operations import DESCRIBED, Described

JSON = "application/json"
_HEADERS: Mapping[str, tuple[str, str]] = {
    "deptid": ("The department: ours at UMANG.", "905"),
    "srvid": ("The service; it stands for the operation.", ""),
    "subsid": ("Sub-service, 0 for none.", "0"),
    "subsid2": ("Second sub-service, 0 for none.", "0"),
    "formtrkr": ("Form tracker, 0 for none.", "0"),
    "x-request-id": ("The same as `apitrkr` of the body.", "z1789000000001"),
    "x-umang-signature": ("`t=<unix seconds>,v1=<hex HMAC-SHA-256 of t, a full stop, and the raw body>`.", ""),
    "x-umang-user": ("Compact JWS (RS256): sub, mobile, mpid?, iat, exp, jti, aud, srvid.", ""),
}
_EXAMPLE_COMMON = {
    "tkn": "",
    "trkr": "1789000000001",
    "apitrkr": "z1789000000001",
    "lang": "en",
    "usrid": "4012345678",
    "mode": "app",
    "pltfrm": "android",
    "did": None,
    "deptid": "905",
    "srvid": "",
    "subsid": "0",
    "subsid2": "0",
    "formtrkr": "0",
}
_STATUSES = {
    200: "The answer: `rs` decides whether it is a success.",
    400: "The caller left before the end of its request.",
    401: "Key, signature or assertion does not hold: APSK0401.",
    413: "The body is too large: APSK0400.",
    429: "Too many requests: APSK0429.",
    500: "A fault of ours: APSK0500.",
    503: "Not now, or switched off: APSK0503.",
}
_REQUESTS, _PARTS = component_schemas(PARAMETERS.values(), ())


def document() -> dict[str, Any]:
    """The document; its title, its server and the numbers of its services are those of the gateway that serves it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "for UMANG",
            "version": "1",
            "description": "Every answer has `rs`, `rc`, `rd`, `pd`. A write is done once for its `apitrkr`: the same "
            "request gets the same octets again, another one APSK0409. See docs/partners/umang.",
        },
        "servers": [],
        "paths": {f"/umang/ws1/{name}": {"post": _operation(name, each)} for name, each in DESCRIBED.items()},
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
            "schemas": {"Common": _common(), "ResultCode": {"type": "string", "enum": list(TEXTS)}, **_PARTS},
        },
    }


def request_schema(name: str) -> dict[str, Any]:
    """What the body of an operation must hold: the common fields, and the parameters under its name."""
    common = {"$ref": "#/components/schemas/Common"}
    nested = {"type": "object", "properties": {name: _REQUESTS[PARAMETERS[name]]}}
    return {"allOf": [common, nested]}


def answer_schema(described: Described) -> dict[str, Any]:
    """The four fields with the payload of an operation, or with what a failure says."""
    failed = {"type": ["object", "null"]}
    return {
        "type": "object",
        "required": ["rs", "rc", "rd", "pd"],
        "properties": {"rs": {"enum": ["S", "F"]}, "rc": {"$ref": "#/components/schemas/ResultCode"}, "rd": TEXT},
        "if": {"properties": {"rs": {"const": "S"}}},
        "then": {"properties": {"pd": schema_of(described.payload)}},
        "else": {"properties": {"pd": failed}},
    }


def _operation(name: str, described: Described) -> dict[str, Any]:
    asked = {**_EXAMPLE_COMMON, name: example_of_model(PARAMETERS[name])}
    told = {"rs": "S", "rc": OK, "rd": TEXTS[OK].in_language(Language.EN), "pd": example_of(described.payload)}
    answers: dict[str, Any] = {}
    for status, meaning in _STATUSES.items():
        schema = answer_schema(described)
        content: dict[str, Any] = {"schema": schema}
        if status == 200:
            content["examples"] = {"success": {"value": told}}
        answers[str(status)] = {"description": meaning, "content": {JSON: content}}
    body = {"schema": request_schema(name), "examples": {"call": {"value": asked}}}
    return {
        "operationId": name,
        "summary": described.summary,
        "tags": ["UMANG"],
        "parameters": [_header(header, name) for header in _HEADERS],
        "requestBody": {"required": True, "content": {JSON: body}},
        "responses": answers,
        "security": [{"key": []}],
    }


def _header(header: str, operation: str) -> dict[str, Any]:
    meaning, example = _HEADERS[header]
    optional = header == "x-umang-user" and operation in PUBLIC
    schema = {**TEXT, "examples": [example]} if example else dict(TEXT)
    return {"name": header, "in": "header", "required": not optional, "description": meaning, "schema": schema}


def _common() -> dict[str, Any]:
    names = [name for name in TRACING if name not in ("apitrkr", "lang")]
    return {
        "type": "object",
        "required": ["apitrkr"],
        "properties": {
            "apitrkr": {"type": "string", "minLength": 1, "maxLength": 100, "description": "Tracker of this call."},
            "lang": {"type": "string", "description": "Language of the answer; that of the state by default."},
            **{name: {"type": ["string", "null"]} for name in names},
        },
    }

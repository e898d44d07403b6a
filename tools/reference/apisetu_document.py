"""Makes integrations/apisetu/published_document.json: what of our published API does not change with its catalogue.

Schemas are those of the models that the endpoint reads and answers with; the errors are those of
docs/contracts/apisetu.md section 6.
"""

import json
from collections.abc import Sequence
from typing import Any

from integrations.apisetu.codes import ERRORS
from integrations.apisetu.published_models import (
    FORMATS,
    CertificateCall,
    ServicesAnswer,
    Statement,
    VerificationRequest,
)
from tools.reference.json_schemas import OpenApi30, Schema, component_schemas

_MEANINGS = {
    400: "Bad request",
    401: "Unauthorized access",
    404: "No record found",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service unavailable",
    504: "Gateway timeout",
}


def as_file() -> str:
    """The file."""
    return json.dumps(_document(), indent=1, ensure_ascii=False) + "\n"


def _document() -> dict[str, Any]:
    """The document; `certificate` among its paths is what the calls of all documents have in common."""
    requests, answers = (VerificationRequest, CertificateCall), (ServicesAnswer, Statement)
    schema, schemas = component_schemas(requests, answers, OpenApi30)
    services = _operation(
        _json("The services.", schema[ServicesAnswer]),
        (401, 503),
        operationId="services",
        summary="Services of the state",
        description="The catalogue, in both languages. सेवाओं की सूची, दोनों भाषाओं में।",
    )
    verify = _operation(
        _json("The statement.", schema[Statement]),
        (400, 401, 404, 503),
        operationId="verify",
        summary="Whether a certificate holds",
        description="A JWT (typ certificate-status+jwt, ES256) for the caller, good for five minutes; its keys are "
        "at /.well-known/jwks.json. प्रमाण पत्र मान्य है या नहीं, हस्ताक्षरित उत्तर के साथ।",
        requestBody=_body(schema[VerificationRequest]),
    )
    file = {f"application/{form}": {"schema": {"type": "string", "format": "binary"}} for form in FORMATS}
    told = {"description": "The certificate itself, in the format that was asked for.", "content": file}
    certificate = _operation(told, _MEANINGS, requestBody=_body(schema[CertificateCall]))
    return {
        "openapi": "3.0.3",
        "paths": {"/services": {"get": services}, "/verify": {"post": verify}, "certificate": certificate},
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-APISETU-APIKEY"},
                "clientId": {"type": "apiKey", "in": "header", "name": "X-APISETU-CLIENTID"},
            },
            "responses": {f"{status}Error": _error(status) for status in _MEANINGS},
            "schemas": schemas,
        },
    }


def _operation(told: Schema, errors: Sequence[int] | dict[int, str], **parts: Any) -> dict[str, Any]:
    refused = {str(status): {"$ref": f"#/components/responses/{status}Error"} for status in errors}
    common = {"tags": ["APIs"], "security": [{"apiKey": [], "clientId": []}]}
    return {**parts, **common, "responses": {"200": told, **refused}}


def _body(schema: Schema) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _json(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _error(status: int) -> dict[str, Any]:
    rows = {code: row.text for code, row in ERRORS.items() if row.status == status and code != "bad_gateway"}
    schema = {
        "type": "object",
        "required": ["error", "errorDescription"],
        "properties": {
            "error": {"type": "string", "enum": list(rows)},
            "errorDescription": {"type": "string", "enum": list(rows.values())},
        },
    }
    return _json(_MEANINGS[status], schema)

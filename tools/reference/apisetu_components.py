"""Makes integrations/apisetu/published_components.json: what the operations of our published API have in common.

The answers are those of docs/contracts/apisetu.md section 6.
"""

import json
from collections.abc import Mapping
from typing import Any

from integrations.apisetu.codes import ERRORS
from integrations.apisetu.published_document import CERTIFICATE_ERRORS
from integrations.apisetu.published_models import FORMATS, FULL_NAME, NUMBER

_TEXT: Mapping[str, Any] = {"type": "string"}
_FILLED: Mapping[str, Any] = {"type": "string", "minLength": 1}
_INSTANT: Mapping[str, Any] = {"type": "string", "format": "date-time", "description": "UTC with milliseconds."}
_MEANINGS = {
    400: "Bad request",
    401: "Unauthorized access",
    404: "No record found",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service unavailable",
    504: "Gateway timeout",
}
_BOTH: Mapping[str, Any] = {
    "type": "object",
    "required": ["en", "hi"],
    "properties": {"en": _TEXT, "hi": {"type": "string", "nullable": True}},
}


def as_file() -> str:
    """The file."""
    return json.dumps(components(), indent=1) + "\n"


def components() -> dict[str, Any]:
    """The schemes of security, the answers to errors and the schemas."""
    return {
        "securitySchemes": {
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-APISETU-APIKEY"},
            "clientId": {"type": "apiKey", "in": "header", "name": "X-APISETU-CLIENTID"},
        },
        "responses": {f"{status}Error": _error(status) for status in CERTIFICATE_ERRORS},
        "schemas": {"CertificateRequest": _request(), "ConsentArtifact": _artefact(), "Services": _services()},
    }


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
    return {"description": _MEANINGS[status], "content": {"application/json": {"schema": schema}}}


def _request() -> dict[str, Any]:
    parameters = {
        NUMBER: {"type": "string", "description": "The 14 digits of the certificate.", "example": "22612345678904"},
        FULL_NAME: {"type": "string", "description": "The holder's name as on the certificate."},
    }
    return {
        "type": "object",
        "required": ["txnId", "format", "certificateParameters", "consentArtifact"],
        "properties": {
            "txnId": {"type": "string", "format": "uuid", "description": "Fresh for each question."},
            "format": {"type": "string", "enum": list(FORMATS)},
            "certificateParameters": {"type": "object", "required": list(parameters), "properties": parameters},
            "consentArtifact": {"$ref": "#/components/schemas/ConsentArtifact"},
        },
    }


def _artefact() -> dict[str, Any]:
    identified = _object(id=_FILLED)
    consent = _object(
        consentId={"type": "string", "format": "uuid"},
        timestamp=_INSTANT,
        dataConsumer=identified,
        dataProvider=identified,
        purpose=_object(description=_FILLED),
        user=_object(idType=_FILLED, idNumber=_FILLED, mobile=_TEXT, email=_TEXT),
        data=identified,
        permission=_object(
            access=_FILLED,
            dateRange=_object(**{"from": _INSTANT, "to": _INSTANT}),
            frequency=_object(unit=_FILLED, value={"type": "number"}, repeats={"type": "number"}),
        ),
    )
    return _object(consent=consent, signature=_object(signature=_FILLED))


def _services() -> dict[str, Any]:
    unknown = {"nullable": True}
    one = _object(
        code=_TEXT,
        name=_BOTH,
        department={**_BOTH, **unknown},
        outcome=_TEXT,
        doctype={"type": "string", **unknown},
        limitDays={"type": "integer", **unknown},
        feePaise={"type": "integer", **unknown},
        open={"type": "boolean"},
    )
    return _object(services={"type": "array", "items": one})


def _object(**properties: Any) -> dict[str, Any]:
    """An object all of whose members must be there."""
    return {"type": "object", "required": list(properties), "properties": properties}

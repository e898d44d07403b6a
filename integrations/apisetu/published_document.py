"""The OpenAPI 3 document of this state's published API, in the marketplace's style and in both languages.

The shape is that of docs/contracts/apisetu.md section 8: both keys in one security item, the answers of
docs/contracts/apisetu.md section 6 as components, one path for each document. `x-services` lists the whole catalogue.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.kernel.messages import label, portal_name
from domain.kernel.state import installed_state
from integrations.apisetu.codes import ERRORS
from integrations.apisetu.published_models import FORMATS, FULL_NAME, NUMBER, PublishedDocument, PublishedService

ROOT = "/apisetu"
_TEXT: Mapping[str, Any] = {"type": "string"}
_FILLED: Mapping[str, Any] = {"type": "string", "minLength": 1}
_INSTANT: Mapping[str, Any] = {"type": "string", "format": "date-time", "description": "UTC with milliseconds."}
_SECURITY: Sequence[Mapping[str, Any]] = [{"apiKey": [], "clientId": []}]
_LISTING_ERRORS = (401, 503)
_CERTIFICATE_ERRORS = (400, 401, 404, 500, 502, 503, 504)
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


def document(
    url: str, publisher: str, documents: Sequence[PublishedDocument], services: Sequence[PublishedService]
) -> dict[str, Any]:
    """The document of a gateway that is reached at `url`."""
    state = installed_state()
    paths: dict[str, Any] = {"/services": {"get": _listing()}}
    for each in documents:
        code = each.doctype.lower()
        paths[f"/certificate/v3/{publisher}/{code}"] = {"post": _certificate(each, code)}
        paths[f"/{publisher}/v3/{code}/certificate"] = {"post": _certificate(each, f"{code}Older")}
    return {
        "openapi": "3.0.3",
        "servers": [{"url": f"{url}{ROOT}"}],
        "info": {
            "title": f"{portal_name().en}, {state.name.en} · {portal_name().hi}, {state.name.hi}",
            "version": "3.0.0",
            "description": (
                f"Certificates that the State of {state.name.en} issues, given with the consent of their holders, and "
                f"the catalogue of its services. {label('apisetu.description', state.language)}"
            ),
            "termsOfService": f"{url}/apisetu/openapi.json",
            "contact": {"name": portal_name().en, "url": url},
        },
        "paths": paths,
        "components": _components(),
        "x-services": [service.to_json() for service in services],
    }


def _listing() -> dict[str, Any]:
    return {
        "operationId": "services",
        "summary": "Services of the state",
        "description": "The catalogue, in both languages. सेवाओं की सूची, दोनों भाषाओं में।",
        "tags": ["APIs"],
        "security": _SECURITY,
        "responses": {
            "200": {
                "description": "The services.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Services"}}},
            },
            **_errors(_LISTING_ERRORS),
        },
    }


def _certificate(each: PublishedDocument, operation: str) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": each.name.en,
        "description": f"{each.name.en} · {each.name.hi or each.name.en}",
        "x-name": {"en": each.name.en, "hi": each.name.hi},
        "x-services": list(each.services),
        "tags": ["APIs"],
        "security": _SECURITY,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CertificateRequest"}}},
        },
        "responses": {
            "200": {
                "description": "The certificate itself, in the format that was asked for.",
                "content": {
                    f"application/{form}": {"schema": {"type": "string", "format": "binary"}} for form in FORMATS
                },
            },
            **_errors(_CERTIFICATE_ERRORS),
        },
    }


def _errors(statuses: Sequence[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}Error"} for status in statuses}


def _components() -> dict[str, Any]:
    return {
        "securitySchemes": {
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-APISETU-APIKEY"},
            "clientId": {"type": "apiKey", "in": "header", "name": "X-APISETU-CLIENTID"},
        },
        "responses": {f"{status}Error": _error(status) for status in _CERTIFICATE_ERRORS},
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

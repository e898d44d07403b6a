"""The OpenAPI 3 document of this state's published API, in the marketplace's style and in both languages.

The shape is that of docs/contracts/apisetu.md section 8: both keys in one security item, the answers of
docs/contracts/apisetu.md section 6 as components, one path for each document. `x-services` lists the whole catalogue.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from domain.kernel.messages import label, portal_name
from domain.kernel.state import installed_state
from integrations.apisetu.published_models import FORMATS, PublishedDocument, PublishedService

ROOT = "/apisetu"
_SECURITY: Sequence[Mapping[str, Any]] = [{"apiKey": [], "clientId": []}]
_LISTING_ERRORS = (401, 503)
CERTIFICATE_ERRORS = (400, 401, 404, 500, 502, 503, 504)


def document(
    url: str, publisher: str, documents: Sequence[PublishedDocument], services: Sequence[PublishedService]
) -> dict[str, Any]:
    """The document of a gateway that is reached at `url`."""
    state = installed_state()
    paths: dict[str, Any] = {"/services": {"get": _listing()}, "/verify": {"post": _verification()}}
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


def _verification() -> dict[str, Any]:
    asked = {
        "type": "object",
        "required": ["certificate"],
        "properties": {
            "certificate": {
                "type": "string",
                "maxLength": 1000,
                "description": "Its number, or the text of its QR code.",
            },
            "nonce": {
                "type": "string",
                "pattern": "^[A-Za-z0-9._~-]{8,128}$",
                "description": "Repeated in the answer.",
            },
        },
    }
    told = {"type": "object", "required": ["statement"], "properties": {"statement": {"type": "string"}}}
    return {
        "operationId": "verify",
        "summary": "Whether a certificate holds",
        "description": "A JWT (typ certificate-status+jwt, ES256) for the caller, good for five minutes; its keys are "
        "at /.well-known/jwks.json. प्रमाण पत्र मान्य है या नहीं, हस्ताक्षरित उत्तर के साथ।",
        "tags": ["APIs"],
        "security": _SECURITY,
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
        "responses": {
            "200": {"description": "The statement.", "content": {"application/json": {"schema": told}}},
            **_errors((400, 401, 404, 503)),
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
            **_errors(CERTIFICATE_ERRORS),
        },
    }


def _errors(statuses: Sequence[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}Error"} for status in statuses}


@cache
def _components() -> dict[str, Any]:
    """Schemes of security, answers to errors and schemas, as tools/reference/apisetu_components.py makes them."""
    made: dict[str, Any] = json.loads(Path(__file__).with_name("published_components.json").read_text(encoding="utf-8"))
    return made

"""The publishers of the API Setu sandbox: their documents, parameter names and formats.

Written from docs/contracts/apisetu.md sections 2, 4 and 7 and from the published specifications of the issuers, as
the demo's file `apisetu` lists them. A publisher that only holds records offers these, in XML and PDF.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.city import SandboxHome

NEWER, OLDER = "/certificate/v3/{publisher}/{doctype}", "/{publisher}/v3/{doctype}/certificate"
_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Offer:
    """One document. `unasked` are mandatory parameters whose value is not compared: numbers that nobody may keep."""

    parameters: tuple[str, ...]
    formats: tuple[str, ...] = ("xml", "pdf")
    unasked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publisher:
    """One department. `offers` are by doctype in lower case, as in paths."""

    name: str
    offers: Mapping[str, Offer] = field(default_factory=dict)
    path: str = NEWER
    approved: bool = True
    issuer_id: str | None = None
    """Its name in DigiLocker's URIs, where onboarding gives one."""

    @property
    def signs(self) -> bool:
        """Whether any of its documents is signed XML."""
        return any("xml" in offer.formats for offer in self.offers.values())

    def subscriber_view(self, certificates: list[str]) -> dict[str, Any]:
        """What a subscriber is shown of it."""
        documents = {
            doctype.upper(): {
                "parameters": list(offer.parameters),
                "formats": list(offer.formats),
                "withheld": list(offer.unasked),
            }
            for doctype, offer in self.offers.items()
        }
        told = {"path_template": self.path, "signing_certificates": certificates, "documents": documents}
        return told | ({"issuer_id": self.issuer_id} if self.issuer_id else {})

    def specification(self, key: str) -> str:
        """Its OpenAPI file, in the JSON that is YAML too."""
        paths = {
            f"/{doctype}/certificate": {"post": _operation(doctype, each)} for doctype, each in self.offers.items()
        }
        document = {
            "openapi": "3.0.0",
            "servers": [{"url": f"https://apisetu.gov.in/{key}/v3"}],
            "info": {"title": self.name, "version": "3.0.0", "termsOfService": "https://apisetu.gov.in/terms.php"},
            "paths": paths,
            "components": {
                "securitySchemes": {
                    "apiKey": {"type": "apiKey", "in": "header", "name": "X-APISETU-APIKEY"},
                    "clientId": {"type": "apiKey", "in": "header", "name": "X-APISETU-CLIENTID"},
                }
            },
        }
        return json.dumps(document, indent=1)


def publishers_of(home: SandboxHome, held: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, Publisher]:
    """By name: those that the demo lists, and those that hold records. `held` has parameters by doctype."""
    listed = (home.demo.get("apisetu") or {}).get("publishers", {})
    found = {
        name: Publisher(name, {doctype: Offer(parameters) for doctype, parameters in documents.items()})
        for name, documents in held.items()
    }
    return {**found, **{name: _publisher(name, given) for name, given in listed.items()}}


def _publisher(name: str, given: Mapping[str, Any]) -> Publisher:
    offers = {
        doctype.lower(): Offer(
            tuple(each["parameters"]), tuple(each.get("formats", ("xml", "pdf"))), tuple(each.get("withheld", ()))
        )
        for doctype, each in given["documents"].items()
    }
    path = OLDER if given.get("path") == "older" else NEWER
    issuer_id = str(given["issuer_id"]) if given.get("issuer_id") else None
    return Publisher(str(given.get("name_en", name)), offers, path, bool(given.get("approved", True)), issuer_id)


def _operation(doctype: str, offer: Offer) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "required": list(offer.parameters),
        "properties": dict.fromkeys(offer.parameters, _TEXT),
    }
    body = {
        "type": "object",
        "required": ["txnId", "format"],
        "properties": {
            "txnId": {"type": "string", "format": "uuid"},
            "format": {"type": "string", "enum": list(offer.formats)},
            "certificateParameters": parameters,
            "consentArtifact": {"type": "object"},
        },
    }
    return {
        "operationId": doctype,
        "tags": ["APIs"],
        "security": [{"apiKey": [], "clientId": []}],
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "The certificate.",
                "content": {f"application/{form}": {} for form in offer.formats},
            }
        },
    }

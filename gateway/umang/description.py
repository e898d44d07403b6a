"""`/umang/openapi.json`: UMANG's API as OpenAPI 3.1, as tools/reference/umang_document.py describes it."""

from pathlib import Path
from typing import Any

from starlette.routing import Route

from gateway.http.openapi import published_json, read_document
from integrations.umang import UmangEndpointSettings


def description_routes(url: str, settings: UmangEndpointSettings) -> list[Route]:
    """The document, for everybody: it holds nothing that is secret."""
    return [published_json("/umang/openapi.json", document(url, settings))]


def document(url: str, settings: UmangEndpointSettings) -> dict[str, Any]:
    """The OpenAPI document of a gateway that is reached at a base, with the numbers of services that UMANG gave."""
    made = read_document(Path(__file__).with_name("openapi.json"), url)
    for srvid, name in settings.services.items():
        operation = made["paths"][f"/umang/ws1/{name}"]["post"]
        (header,) = (one for one in operation["parameters"] if one["name"] == "srvid")
        header["schema"]["examples"] = [srvid]
        operation["requestBody"]["content"]["application/json"]["examples"]["call"]["value"]["srvid"] = srvid
    return made

"""`/openapi.json`: the partners' endpoints as OpenAPI 3.1, as tools/reference/partner_doors.py describes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel.messages import portal_name
from gateway.graphql.answers import encode_json
from gateway.http.headers import EVERY_ANSWER


def document(url: str) -> dict[str, Any]:
    """The OpenAPI document of a gateway that is reached at a base."""
    return read_document(Path(__file__).with_suffix(".json"), url)


def openapi_routes(url: str) -> list[Route]:
    """`/openapi.json`, for everybody: it holds nothing that the contracts do not."""
    return [published_json("/openapi.json", document(url))]


def read_document(file: Path, url: str) -> dict[str, Any]:
    """A document that tools/reference wrote, with the portal's name and the base at which this gateway is reached."""
    made: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    made["info"]["title"] = f"{portal_name().en} {made['info']['title']}"
    made["servers"] = [{"url": url}]
    return made


def published_json(path: str, document: Mapping[str, Any]) -> Route:
    """A route for a document that everybody may read, and keep for five minutes."""
    content = encode_json(document)
    headers = {**EVERY_ANSWER, "Cache-Control": "public, max-age=300"}

    async def read(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
        return Response(content, headers=headers, media_type="application/json")

    return Route(path, read, methods=["GET"])

"""`/.well-known/jwks.json`, the public keys of our signatures (RFC 7517), and `/.well-known/audit-head`.

Older keys stay in the set, as what they signed is still to be examined; those that are distrusted do not.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from actions.platform.audit_head import published_head
from gateway.graphql.answers import encode_json
from gateway.http.headers import EVERY_ANSWER
from store.database import Keyrings

PURPOSES = ("manifest", "qr")
"""The keyrings whose signatures others verify: case files of appeals, QR codes of certificates."""

_PUBLIC = ("kty", "crv", "x", "y", "kid")


def public_keys(keyrings: Keyrings, purposes: Sequence[str] = PURPOSES) -> dict[str, Any]:
    """The public halves as a JWK set, of each keyring the active key first. Raises KeyMissing."""
    keys = [
        {name: key.as_dict(private=False)[name] for name in _PUBLIC} | {"use": "sig", "alg": "ES256"}
        for purpose in purposes
        for key in keyrings.key_set(purpose).keys
    ]
    return {"keys": keys}


def public_key_routes(environment: Environment) -> list[Route]:
    """The key set and the signed head of the audit log, for everybody."""

    async def read(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
        headers = {**EVERY_ANSWER, "Cache-Control": "public, max-age=300"}
        content = encode_json(public_keys(environment.keyrings))
        return Response(content, headers=headers, media_type="application/jwk-set+json")

    async def read_head(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
        signed = await published_head(environment)
        headers = {**EVERY_ANSWER, "Cache-Control": "public, max-age=300"}
        return Response(signed, 200 if signed else 404, headers, media_type="application/jose")

    return [
        Route("/.well-known/jwks.json", read, methods=["GET"]),
        Route("/.well-known/audit-head", read_head, methods=["GET"]),
    ]

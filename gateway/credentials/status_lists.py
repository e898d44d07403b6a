"""`/status-lists` and `/status-lists/<number>`: whether certificates hold, as signed Token Status Lists, for everybody.

Each list is a JWT, or a CWT for who prefers it. It is read from the store again every few seconds and signed anew where
a bit changed or the last one grows old, so that its ETag stands as long as its bits do.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.certificates.status_lists import LISTS, TTL, list_uri, make_cwt, make_jwt, read_list
from actions.kernel import Environment
from domain.kernel import ErrorCode, Problem
from gateway.graphql.answers import encode_json
from gateway.graphql.conditional import is_named
from gateway.http.headers import EVERY_ANSWER, weights_of
from gateway.pages.refusals import refusal_response
from store.database import StoreError

PATH = "/status-lists"
LOOK_SECONDS, SIGNED_ANEW = 10.0, timedelta(minutes=15)
JWT, CWT = "application/statuslist+jwt", "application/statuslist+cwt"
_MAKERS: Mapping[str, Callable[[Environment, int, bytes, datetime], bytes]] = {JWT: make_jwt, CWT: make_cwt}

_HEADERS = {
    **EVERY_ANSWER,
    "Cache-Control": f"public, max-age={TTL}",
    "Access-Control-Allow-Origin": "*",
    "Vary": "Accept",
}


@dataclass(slots=True)
class _Kept:
    """One list as it was read last, and what was signed of it by media type with the key and the time of signing."""

    looked_at: float
    bits: bytes
    tokens: dict[str, tuple[str, datetime, bytes]] = field(default_factory=dict)


def status_list_routes(env: Environment) -> list[Route]:
    """The routes; `/status-lists` names the address of each list, as aggregation of Token Status Lists."""
    lists = _StatusLists(env)

    async def name_lists(_: Request) -> Response:
        uris = [list_uri(env.public_url, number) for number in range(LISTS)]
        return Response(encode_json({"status_lists": uris}), 200, _HEADERS, "application/json")

    return [
        Route(PATH, name_lists, methods=["GET"]),
        Route(f"{PATH}/{{number:int}}", lists.show, methods=["GET"]),
    ]


class _StatusLists:
    def __init__(self, env: Environment) -> None:
        self._env = env
        self._kept: dict[int, _Kept] = {}

    async def show(self, request: Request) -> Response:
        """One list, or 304 for who has it."""
        number = int(request.path_params["number"])
        if number >= LISTS:
            return refusal_response(request, Problem(ErrorCode.NOT_FOUND), 404)
        weights = weights_of(request.headers.get("accept", ""))
        media_type = CWT if weights.get(CWT, 0.0) > weights.get(JWT, 0.0) else JWT
        try:
            content = await self._read_token(number, media_type)
        except StoreError:
            return refusal_response(request, Problem(ErrorCode.OVERLOADED), 503, {"Retry-After": str(TTL)})
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {**_HEADERS, "ETag": tag}
        if is_named(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Response(content, 200, headers, media_type)

    async def _read_token(self, number: int, media_type: str) -> bytes:
        env, now, ticks = self._env, self._env.clock.now(), self._env.clock.monotonic()
        there = self._kept.get(number)
        if there is None or ticks - there.looked_at >= LOOK_SECONDS:
            bits = await read_list(env, number)
            there = _Kept(ticks, bits, there.tokens if there and there.bits == bits else {})
            self._kept[number] = there
        kid = str(env.keyrings.active("qr").kid)
        made = there.tokens.get(media_type)
        if made is None or made[0] != kid or now - made[1] >= SIGNED_ANEW:
            made = (kid, now, _MAKERS[media_type](env, number, there.bits, now))
            there.tokens[media_type] = made
        return made[2]

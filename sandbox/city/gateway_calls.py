"""Calls of sandboxes to the gateway: a client, posted bodies, and wrong calls with the answers that they must get."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from sandbox.city.kit import SandboxHome

TIMEOUT_SECONDS = 30.0

WrongCall = tuple[str, bytes, Mapping[str, Any], int, str]
"""A name, a body, headers (None for one that is left out), and the status and the code of the right answer."""


def gateway_client(home: SandboxHome, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """A client to the gateway; `transport` takes the place of the network."""
    return httpx.AsyncClient(base_url=home.gateway_url, timeout=TIMEOUT_SECONDS, transport=transport, trust_env=False)


async def post(client: httpx.AsyncClient, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Post a body; the status, and the answer or None where it is no JSON."""
    async with client:
        answer = await client.post(path, content=body, headers=headers)
    try:
        told = answer.json()
    except ValueError:
        told = None
    return {"status": answer.status_code, "answer": told}


async def make_wrong_calls(client: httpx.AsyncClient, path: str, calls: Sequence[WrongCall]) -> dict[str, Any]:
    """Make each wrong call, and report whether its answer was right."""
    judged = []
    async with client:
        for name, body, headers, status, code in calls:
            sent = {key: value for key, value in headers.items() if value is not None}
            answer = await client.post(path, content=body, headers=sent)
            heard = (answer.status_code, answer.json().get("code"))
            judged.append({"name": name, "status": heard[0], "code": heard[1], "ok": heard == (status, code)})
    return {"ok": all(one["ok"] for one in judged), "calls": judged}

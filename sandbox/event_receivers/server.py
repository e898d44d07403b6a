"""Systems that take events at `/hooks/<name>`, each with its own secrets; what they took stands there in its order.

Written from docs/partners/events/README.md and the specification of Standard Webhooks alone; it shares no code with us.
One is brought up by the action `configure`, and each verifies signature, age and form by itself. `gone` has one say
that it wants nothing any more. The action `ask` reads events by a cursor at the gateway, `receivers` looks after the
receivers of its owner there, and `call_bad` makes every wrong call.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.city.gateway_calls import gateway_client
from sandbox.city.kit import Action, Sandbox, SandboxHome, sandbox_app

TOLERANCE_SECONDS = 300
TYPES = {
    "application.handed_in",
    "application.decided",
    "certificate.issued",
    "certificate.revoked",
    "clearance.asked",
}
LONGEST = 20_000
_WISH = b'{"url":"https://crm.example.org/x","types":["all"]}'
KEPT = 500
"""Messages that a receiver keeps."""
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
_ID = re.compile(r"evt_[0-9a-f-]{32,36}")
_ALLOWED = {"service", "department", "application", "clearance"}


def create_sandbox(home: SandboxHome, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """The receivers. `transport` takes the place of the network in unit tests."""
    home.hand_over({"base_url": home.public_url})
    server = _Receivers(home, transport)
    routes = [
        Route("/hooks/{name}", server.take, methods=["POST"]),
        Route("/hooks/{name}", server.show, methods=["GET"]),
    ]
    actions: dict[str, Action] = {
        "configure": server.configure,
        "received": server.list_taken,
        "gone": server.leave,
        "ask": server.ask,
        "receivers": server.look_after,
        "call_bad": server.call_bad,
    }
    return sandbox_app(home, routes, actions=actions)


class _Receivers:
    """All of them; one that was not configured knows no secret and refuses everything."""

    def __init__(self, home: SandboxHome, transport: httpx.AsyncBaseTransport | None) -> None:
        self._home, self._state, self._transport = home, home.state, transport

    async def take(self, request: Request) -> Response:
        """One message: 204 where it is right, and a word of why where it is not."""
        name, body = request.path_params["name"], await request.body()
        own = self._state.get("receiver", name) or {"secrets": []}
        if own.get("gone"):
            request.state.ledger_effect = "gone"
            return Response(status_code=410)
        wrong = self._wrong(own["secrets"], request.headers, body)
        if wrong is not None:
            status, word = wrong
            request.state.ledger_effect = f"refused {word}"
            return JSONResponse({"error": word}, status)
        message = json.loads(body)
        number = request.headers["webhook-id"]
        request.state.ledger_key, request.state.ledger_effect = f"{name}:{number}", message["type"]
        if message["type"] == "endpoint.challenge":
            return JSONResponse({"challenge": message["data"]["challenge"]})
        told = {"id": number, "at": self._home.clock.now().isoformat(), "signatures": _count(request), **message}
        taken = own.get("taken", [])
        own["taken"] = [*taken, told][-KEPT:]
        self._state.put("receiver", name, own)
        return Response(status_code=204)

    async def show(self, request: Request) -> Response:
        """What the receiver took, the newest first, for a person."""
        name = request.path_params["name"]
        taken = (self._state.get("receiver", name) or {}).get("taken", [])
        rows = "".join(_row(one) for one in reversed(taken)) or "<li>Nothing came yet.</li>"
        title = f"Events that the system {name} took, each by a signature that holds"
        return HTMLResponse(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
            f"<body><main><h1>{escape(title)}</h1><ol reversed>{rows}</ol></main></body></html>",
            headers=_HEADERS,
        )

    def configure(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Give the receiver `name` its `secrets`; what it took stays."""
        own = self._state.get("receiver", str(arguments["name"])) or {}
        own |= {"secrets": list(arguments["secrets"]), "gone": False}
        self._state.put("receiver", str(arguments["name"]), own)
        return {"url": f"{self._home.public_url.rstrip('/')}/hooks/{arguments['name']}"}

    def list_taken(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the receiver `name` took, the first first."""
        return {"messages": (self._state.get("receiver", str(arguments["name"])) or {}).get("taken", [])}

    def leave(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the receiver `name` answer 410 from now on."""
        own = self._state.get("receiver", str(arguments["name"])) or {"secrets": []}
        self._state.put("receiver", str(arguments["name"]), {**own, "gone": True})
        return {"gone": True}

    async def ask(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Read the events of the `receiver` (our id) behind a `cursor`, signed with a `secret`."""
        query = "&".join(f"{key}={arguments[key]}" for key in ("cursor", "first") if arguments.get(key))
        target = f"/events/{arguments['receiver']}" + (f"?{query}" if query else "")
        return await self._send(target, self._headers(str(arguments["secret"]), target))

    async def look_after(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Ask at `/events/<key>/receivers`, or below it for the receiver `own`, signed with a `secret`.

        With a `body` it is a POST; the same `message_id` again is the same request again.
        """
        target = f"/events/{arguments['key']}/receivers" + (f"/{arguments['own']}" if arguments.get("own") else "")
        body = json.dumps(arguments["body"]).encode() if "body" in arguments else b""
        headers = self._headers(str(arguments["secret"]), target, body=body, number=arguments.get("message_id"))
        return await self._send(target, headers, body)

    async def call_bad(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Ask in every wrong way, and report for each whether the answer was right."""
        secret, target = str(arguments["secret"]), f"/events/{arguments['receiver']}"
        own, old = self._headers(secret, target), int(self._home.clock.now().timestamp()) - 3600
        bad_first, bad_cursor = f"{target}?first=0", f"{target}?cursor={'x' * 300}"
        strange, other = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}", "/events/nobody"
        calls: Sequence[tuple[str, str, Mapping[str, str], int, str]] = [
            ("no signature", target, {**own, "webhook-signature": ""}, 401, "BAD_SIGNATURE"),
            ("no id", target, {**own, "webhook-id": ""}, 401, "BAD_SIGNATURE"),
            ("another address's signature", f"{target}?first=5", own, 401, "BAD_SIGNATURE"),
            ("a stranger's signature", target, self._headers(strange, target), 401, "BAD_SIGNATURE"),
            ("an hour old", target, self._headers(secret, target, stamp=old), 401, "STALE_TIMESTAMP"),
            ("a receiver that is not there", other, self._headers(secret, other), 401, "BAD_SIGNATURE"),
            ("no number", bad_first, self._headers(secret, bad_first), 400, "BAD_FIELD"),
            ("a long cursor", bad_cursor, self._headers(secret, bad_cursor), 400, "BAD_FIELD"),
        ]
        kept = f"{target}/receivers"
        posted = [
            ("a body that was not signed", kept, b"{}", self._headers(secret, kept), 401, "BAD_SIGNATURE"),
            ("no JSON", kept, b"x", self._headers(secret, kept, body=b"x"), 400, "BAD_FIELD"),
            ("a kind that there is not", kept, _WISH, self._headers(secret, kept, body=_WISH), 400, "BAD_FIELD"),
            ("a body that is too large", kept, b"x" * 5000, own, 413, "TOO_LARGE"),
        ]
        judged = []
        for name, path, body, headers, status, code in [*((*one[:2], b"", *one[2:]) for one in calls), *posted]:
            heard = await self._send(path, headers, body)
            seen = (heard["status"], (heard["answer"] or {}).get("code"))
            judged.append({"name": name, "status": seen[0], "code": seen[1], "ok": seen == (status, code)})
        return {"ok": all(one["ok"] for one in judged), "calls": judged}

    async def _send(self, target: str, headers: Mapping[str, str], body: bytes = b"") -> dict[str, Any]:
        async with gateway_client(self._home, self._transport) as client:
            answer = await client.request("POST" if body else "GET", target, content=body, headers=headers)
        try:
            told = answer.json()
        except ValueError:
            told = None
        return {"status": answer.status_code, "answer": told}

    def _wrong(self, keys: Sequence[str], headers: Mapping[str, str], body: bytes) -> tuple[int, str] | None:
        """What is wrong with a message, None where nothing is."""
        number, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - self._home.clock.now().timestamp()) > TOLERANCE_SECONDS:
            return 400, "timestamp"
        if not any(self._fits(key, number, stamp, body, headers.get("webhook-signature", "")) for key in keys):
            return 401, "signature"
        if not _ID.fullmatch(number) or len(body) > LONGEST:
            return 400, "id"
        try:
            message = json.loads(body)
            datetime.fromisoformat(message["timestamp"])
            kind, data = message["type"], message["data"]
        except (ValueError, KeyError, TypeError):
            return 400, "body"
        if kind == "endpoint.challenge":
            return None if isinstance(data.get("challenge"), str) else (400, "challenge")
        return None if kind in TYPES and data.keys() <= _ALLOWED and "service" in data else (400, "data")

    def _fits(self, key: str, number: str, stamp: str, body: bytes, given: str) -> bool:
        mine = _signature(key, number, stamp, body)
        return any(hmac.compare_digest(mine.encode(), one.encode("utf-8", "replace")) for one in given.split())

    def _headers(
        self, key: str, target: str, *, stamp: int | None = None, body: bytes = b"", number: str | None = None
    ) -> dict[str, str]:
        at = str(int(self._home.clock.now().timestamp()) if stamp is None else stamp)
        number = number or f"req_{secrets.token_hex(16)}"
        signed = _signature(key, number, at, target.encode() + (b"." + body if body else b""))
        return {"webhook-id": number, "webhook-timestamp": at, "webhook-signature": signed}


def _row(told: Mapping[str, Any]) -> str:
    data = told["data"]
    number = (data.get("application") or {}).get("number", "no number")
    said = f"{told['timestamp']}: {told['type']}, {data['service']}, {number} ({told['id']})"
    return f"<li>{escape(said)}</li>"


def _signature(key: str, number: str, stamp: str, content: bytes) -> str:
    octets = base64.b64decode(key.split("_", 1)[1])
    mac = hmac.new(octets, f"{number}.{stamp}.".encode() + content, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def _count(request: Request) -> int:
    return len(request.headers["webhook-signature"].split())

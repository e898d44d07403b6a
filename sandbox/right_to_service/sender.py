"""What the Commission's sandbox sends: messages to our endpoint, redeliveries, and requests for case files."""

import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.city.gateway_calls import WrongCall, gateway_client, make_wrong_calls, post
from sandbox.city.kit import SandboxHome
from sandbox.right_to_service.bench import verdict_of
from sandbox.right_to_service.bundle import examine
from sandbox.right_to_service.checks import request_signature

HOOK = "/hooks/rts"


class Sender:
    """The Commission as the one who calls."""

    def __init__(
        self, home: SandboxHome, account: Mapping[str, str], transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._home = home
        self._account = account
        self._transport = transport

    async def send_message(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Say something of a case: `case` (number or reference), `type`, `payload`.

        `at` is when it happened, `event_id` its id; with `send` false it stands in the case's history only.
        """
        case = self._case(str(arguments["case"]))
        at = str(arguments.get("at") or self._home.clock.now().isoformat(timespec="milliseconds"))
        message = {
            "eventId": str(arguments.get("event_id") or secrets.token_hex(16)),
            "appealNo": case["appealNo"],
            "type": str(arguments["type"]),
            "at": at,
            "level": case["level"],
            "payload": dict(arguments.get("payload", {})),
        }
        case["history"] = [one for one in case["history"] if one["eventId"] != message["eventId"]] + [message]
        if message["type"] in {"DIRECTION", "DECIDED"}:
            case["state"] = "DECIDED"
        self._home.state.put("case", case["appealNo"], case)
        if arguments.get("send") is False:
            return {"event_id": message["eventId"], "status": None}
        return await self._post_message(message)

    async def redeliver(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Send the message with an `event_id` once more."""
        wanted = str(arguments["event_id"])
        for case in self._home.state.values_of("case").values():
            for message in case["history"]:
                if message["eventId"] == wanted:
                    return await self._post_message(message)
        raise ValueError("no message has this event_id")

    async def decide_due_cases(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Decide every case whose day has come by the city's clock, and tell of it."""
        told = []
        for case in self._home.state.values_of("case").values():
            for kind, payload in verdict_of(case, self._home.clock.now()):
                told.append(await self.send_message({"case": case["appealNo"], "type": kind, "payload": payload}))
        return {"told": told}

    async def fetch_case_file(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Fetch the case file that an event of a case named, and examine it with the portal's public keys."""
        case = self._case(str(arguments["case"]))
        named = [one for event in case["events"] for one in event["attachments"]]
        if not named:
            return {"status": None, "verified": False, "problems": ["no case file was named"]}
        path = urlsplit(named[-1]["url"]).path
        async with self._client() as client:
            answer = await client.get(path, headers=self._headers("GET", path, b""))
            if answer.status_code != 200:
                return {"status": answer.status_code, "verified": False, "problems": ["not given"]}
            keys = (await client.get("/.well-known/jwks.json")).json()
        return {"status": 200, **examine(answer.content, keys, named[-1]["sha256"], case["appealRef"])}

    async def call_bad(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Make every kind of wrong call, and report for each whether the answer was right."""
        message: dict[str, Any] = {"eventId": secrets.token_hex(16), "appealNo": "URTSC-0000-00000000", "level": 3}
        message |= {"type": "DECIDED", "at": self._home.clock.now().isoformat()}
        good = json.dumps({**message, "payload": {"outcome": "CLOSED", "text": "Nothing."}}).encode()
        old = str(int(self._home.clock.now().timestamp()) - 3600)
        own, form = self._headers("POST", HOOK, good), json.dumps(message).encode()
        calls: list[WrongCall] = [
            ("no credentials", good, {**own, "Authorization": None}, 401, "UNAUTHENTICATED"),
            ("wrong token", good, {**own, "Authorization": "Bearer wrong"}, 401, "UNAUTHENTICATED"),
            ("no signature", good, {**own, "X-Signature": None}, 401, "BAD_SIGNATURE"),
            ("another body's signature", good + b" ", own, 401, "BAD_SIGNATURE"),
            ("no timestamp", good, {**own, "X-Timestamp": None}, 401, "STALE_TIMESTAMP"),
            ("an hour old", good, {**own, "X-Timestamp": old}, 401, "STALE_TIMESTAMP"),
            ("not JSON", b"{", self._headers("POST", HOOK, b"{"), 400, "BAD_FIELD"),
            ("no payload", form, self._headers("POST", HOOK, form), 400, "BAD_FIELD"),
            ("unknown case", good, own, 404, "NOT_FOUND"),
            ("too large", good + b" " * 70_000, own, 413, "TOO_LARGE"),
        ]
        return await make_wrong_calls(self._client(), HOOK, calls)

    async def _post_message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(message, ensure_ascii=False).encode()
        told = await post(self._client(), HOOK, body, self._headers("POST", HOOK, body))
        return {"event_id": message["eventId"], **told}

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        stamp = str(int(self._home.clock.now().timestamp()))
        return {
            "Authorization": f"Bearer {self._account['hook_token']}",
            "Content-Type": "application/json",
            "X-Request-Id": secrets.token_hex(16),
            "X-Timestamp": stamp,
            "X-Signature": request_signature(self._account["hook_secret"], stamp, method, path, body),
        }

    def _client(self) -> httpx.AsyncClient:
        return gateway_client(self._home, self._transport)

    def _case(self, name: str) -> dict[str, Any]:
        known = self._home.state.get("number_of", name)
        case = self._home.state.get("case", known["number"] if known else name)
        if case is None:
            raise ValueError("the Commission has no such case")
        return case

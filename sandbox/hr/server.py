"""The state's HR system at its side of the wire, written from docs/contracts/hr.md alone; it shares no code with us."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx

from sandbox.city.gateway_calls import WrongCall, gateway_client, make_wrong_calls, post
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app

DOOR = "/hr/staff-changes"


def create_sandbox(home: SandboxHome, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """The HR system. `transport` takes the place of the network in unit tests."""
    account = home.state.get_or_create("account", "apuni", lambda: {"secrets": [_secret(), _secret()]})
    home.hand_over({"sandbox": True, "base_url": home.public_url, **account})
    sender = _Sender(home, account["secrets"], transport)
    actions = {"send": sender.send, "redeliver": sender.redeliver, "day": sender.day, "call_bad": sender.call_bad}
    return sandbox_app(home, [], actions=actions)


def _secret() -> str:
    return f"sandbox-{secrets.token_hex(24)}"


class _Sender:
    """Sends rows of officers, signed with the newer secret or, where a test says so, with the older one."""

    def __init__(self, home: SandboxHome, keys: Sequence[str], transport: httpx.AsyncBaseTransport | None) -> None:
        self._home = home
        self._keys = keys
        self._transport = transport

    async def send(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Send `rows` under a new `message_id`, or the one that is given; `key` 1 is the older secret."""
        number = str(arguments.get("message_id") or f"HR-{secrets.token_hex(8)}")
        message = {"messageId": number, "rows": arguments["rows"]}
        self._home.state.put("message", number, message)
        return await self._post(message, int(arguments.get("key", 0)))

    async def redeliver(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Send the message with a `message_id` once more, signed anew."""
        message = self._home.state.get("message", str(arguments["message_id"]))
        if message is None:
            raise ValueError("no message has this message_id")
        return await self._post(message)

    async def day(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A day of changes at a `post` (role, level, department, district): what was answered to each message.

        Two officers join; one gets a further address and a leave with the other as cover; she is transferred to
        `next_post`, and the other one retires. Every message is sent twice, as after an answer that was lost.
        """
        today = (self._home.clock.now() + timedelta(days=1)).date()
        anita, bina = ("anita.hr@uk.gov.example", "bina.hr@uk.gov.example")
        named = {"designation_en": "Tehsildar", "designation_hi": "तहसीलदार", **arguments["post"]}
        days = {"from_on": today.isoformat(), "until_on": (today + timedelta(days=3)).isoformat()}
        told: list[dict[str, Any]] = []
        for rows in (
            [
                {"change": "JOIN", "email": anita, "name_en": "Anita Rawat", "name_hi": "अनीता रावत", **named},
                {"change": "JOIN", "email": bina, "name_en": "Bina Joshi", "name_hi": "बीना जोशी", **named},
            ],
            [{"change": "ADDRESS", "email": anita, "new_email": f"new.{anita}"}],
            [{"change": "LEAVE", "email": f"new.{anita}", "cover": bina, **days}],
            [
                {"change": "TRANSFER", "email": f"new.{anita}", "successor": bina, **arguments["next_post"]},
                {"change": "RETIRE", "email": bina},
            ],
        ):
            sent = await self.send({"rows": rows})
            told += [sent, await self.redeliver({"message_id": sent["message_id"]})]
        return {"told": told}

    async def call_bad(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Make every kind of wrong call, and report for each whether the answer was right."""
        good = json.dumps({"messageId": "HR-bad", "rows": [{"change": "RETIRE", "email": "a@b.example"}]}).encode()
        old = str(int(self._home.clock.now().timestamp()) - 3600)
        own = self._headers(good)
        wide = json.dumps({"messageId": "HR-bad", "rows": [{"change": "RETIRE"}] * 501}).encode()
        calls: list[WrongCall] = [
            ("no signature", good, {**own, "X-Signature": None}, 401, "BAD_SIGNATURE"),
            ("another body's signature", good + b" ", own, 401, "BAD_SIGNATURE"),
            ("a stranger's signature", good, self._headers(good, key="x" * 40), 401, "BAD_SIGNATURE"),
            ("no timestamp", good, {**own, "X-Timestamp": None}, 401, "STALE_TIMESTAMP"),
            ("an hour old", good, self._headers(good, stamp=old), 401, "STALE_TIMESTAMP"),
            ("not JSON", b"{", self._headers(b"{"), 400, "BAD_FIELD"),
            ("no id", b'{"rows": [{}]}', self._headers(b'{"rows": [{}]}'), 400, "BAD_FIELD"),
            ("too many rows", wide, self._headers(wide), 400, "BAD_FIELD"),
            ("packed", good, {**own, "Content-Encoding": "gzip"}, 415, "BAD_ENCODING"),
            ("too large", good + b" " * 300_000, own, 413, "TOO_LARGE"),
        ]
        return await make_wrong_calls(self._client(), DOOR, calls)

    async def _post(self, message: Mapping[str, Any], key: int = 0) -> dict[str, Any]:
        body = json.dumps(message, ensure_ascii=False).encode()
        told = await post(self._client(), DOOR, body, self._headers(body, key=self._keys[key]))
        return {"message_id": message["messageId"], **told}

    def _headers(self, body: bytes, *, key: str | None = None, stamp: str | None = None) -> dict[str, Any]:
        stamp = stamp or str(int(self._home.clock.now().timestamp()))
        text = f"{stamp}\nPOST\n{DOOR}\n{hashlib.sha256(body).hexdigest()}"
        signed = hmac.new((key or self._keys[0]).encode(), text.encode(), hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Timestamp": stamp, "X-Signature": signed}

    def _client(self) -> httpx.AsyncClient:
        return gateway_client(self._home, self._transport)

"""Tells the gateway what WhatsApp tells: reports and messages, signed, repeated until they are answered by 200.

Written from docs/contracts/whatsapp.md sections 5 and 9 alone.
"""

import asyncio
import gzip
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx

from sandbox.city.kit import SandboxHome

HOOK, SHOWN_NUMBER = "/hooks/whatsapp", "+91 135 200 0000"
ANSWERED_WITHIN, GIVEN_UP_AFTER = 5.0, timedelta(days=7)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=1)
LOOK_SECONDS = 0.2


class Webhooks:
    """The queue of what is to be told; it survives a restart. It runs beside the routes as a service."""

    def __init__(
        self, home: SandboxHome, account: Mapping[str, Any], transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._home, self._state, self._account, self._transport = home, home.state, account, transport
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Begin to tell what is due."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what was not told stays in the queue."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self.tell_due()
            await asyncio.sleep(LOOK_SECONDS)

    def queue(
        self, value: Mapping[str, Any], *, after: timedelta = timedelta(0), times: int = 1, field: str = "messages"
    ) -> str:
        """Have a `value` of a field told after a while, more than once where it says so."""
        at, name = self._home.clock.now() + after, secrets.token_hex(8)
        body = self.body(value, field=field)
        for number in range(times):
            kept = {"body": body, "at": at.isoformat(), "since": at.isoformat(), "tries": 0}
            self._state.put("webhook", f"{name}-{number}", kept)
        return f"{name}-0"

    async def tell_due(self) -> int:
        """Tell what is due, the earliest first; how much was answered by 200."""
        async with self._turn:
            now = self._home.clock.now()
            held = self._state.values_of("webhook").items()
            due = sorted((one["at"], key) for key, one in held if datetime.fromisoformat(one["at"]) <= now)
            return sum([await self._tell(key) for _, key in due])

    async def _tell(self, key: str) -> bool:
        one = self._state.get("webhook", key)
        if one is None:
            return False
        if await self.post(one["body"].encode()) == 200:
            self._state.take("webhook", key)
            return True
        now = self._home.clock.now()
        if now - datetime.fromisoformat(one["since"]) >= GIVEN_UP_AFTER:
            self._state.take("webhook", key)
            return False
        wait = min(FIRST_WAIT * 2 ** one["tries"], LONGEST_WAIT)
        self._state.put("webhook", key, {**one, "at": (now + wait).isoformat(), "tries": one["tries"] + 1})
        return False

    def body(self, value: Mapping[str, Any], **other: Any) -> str:
        """The body with a value; `other` replaces account, phone number or field."""
        field = other.get("field", "messages")
        number = {"display_phone_number": SHOWN_NUMBER.strip("+").replace(" ", "")}
        number["phone_number_id"] = str(other.get("phone_number_id", self._account["phone_number_id"]))
        about = {"messaging_product": "whatsapp", "metadata": number} if field == "messages" else {}
        entry = {"id": other.get("account_id", self._account["account_id"])}
        entry |= {"time": int(self._home.clock.now().timestamp())}
        entry |= {"changes": [{"field": field, "value": {**about, **value}}]}
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, ensure_ascii=False)

    async def post(self, body: bytes, signed: str | None = None, **headers: str) -> int | None:
        """Post a body; the status of the answer, None where there was none. `signed` is another signature, or none."""
        signature = self._signature(body) if signed is None else signed
        given = {"Content-Type": "application/json", "X-Hub-Signature-256": signature, **headers}
        try:
            async with self._client() as client:
                sent = {name: value for name, value in given.items() if value}
                return (await client.post(HOOK, content=body, headers=sent)).status_code
        except httpx.HTTPError:
            return None

    async def shake_hands(self, token: str) -> tuple[int, str]:
        """What the gateway answers to the handshake with a token."""
        asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        async with self._client() as client:
            answer = await client.get(HOOK, params=asked)
        return answer.status_code, answer.text

    async def call_bad(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Make every kind of wrong or foreign call, and report for each whether the answer was right."""
        now = str(int(self._home.clock.now().timestamp()))
        old = str(int((self._home.clock.now() - timedelta(days=9)).timestamp()))
        good = self.body(text_value("919000000099", "STATUS", now)).encode()
        old_one = self.body(text_value("919000000099", "STATUS", old)).encode()
        foreign = self.body(text_value("919000000099", "STATUS", now), account_id="1").encode()
        number = self.body(text_value("919000000099", "STATUS", now), phone_number_id="1").encode()
        alert = self.body({"event": "x"}, field="account_alerts").encode()
        stranger = hmac.new(b"a stranger's secret", good, hashlib.sha256).hexdigest()
        packed = gzip.compress(good)
        calls: Sequence[tuple[str, int, int | None]] = (
            ("no signature", 401, await self.post(good, signed="")),
            ("a stranger's signature", 401, await self.post(good, signed=f"sha256={stranger}")),
            ("an altered body", 401, await self.post(good + b" ", signed=self._signature(good))),
            ("too large", 413, await self.post(b"0" * 5_000_000, signed=self._signature(good))),
            ("packed", 415, await self.post(packed, **{"Content-Encoding": "gzip"})),
            ("another account", 200, await self.post(foreign)),
            ("another number", 200, await self.post(number)),
            ("another field", 200, await self.post(alert)),
            ("nine days old", 200, await self.post(old_one)),
            ("not JSON", 200, await self.post(b"{")),
            ("a wrong verify token", 403, (await self.shake_hands("wrong"))[0]),
            ("the right verify token", 200, (await self.shake_hands(self._account["verify_token"]))[0]),
        )
        judged = [{"name": name, "status": heard, "ok": heard == status} for name, status, heard in calls]
        return {"ok": all(one["ok"] for one in judged), "calls": judged}

    def _signature(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self._account["app_secrets"][0].encode(), body, hashlib.sha256).hexdigest()

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._home.gateway_url, timeout=ANSWERED_WITHIN, transport=self._transport, trust_env=False
        )


def text_value(sender: str, text: str, stamp: str) -> dict[str, Any]:
    """A value that tells of a text."""
    message = {"from": sender, "id": f"wamid.{secrets.token_urlsafe(18)}", "timestamp": stamp}
    return {**contact_of(sender), "messages": [{**message, "type": "text", "text": {"body": text}}]}


def contact_of(sender: str) -> dict[str, Any]:
    """Who wrote, as a value names her."""
    return {"contacts": [{"profile": {"name": "आशा 😀"}, "wa_id": sender}]}

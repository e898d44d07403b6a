"""What telephones send to short codes, and how the platform passes it on (docs/contracts/messages.md section 5)."""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx

from sandbox.city.gateway_calls import gateway_client, make_wrong_calls
from sandbox.city.kit import SandboxHome


def new_inbound() -> dict[str, Any]:
    """What is agreed about passing messages on."""
    return {"secret": f"sandbox-{secrets.token_urlsafe(32)}", "networks": ["127.0.0.0/8", "::1/128"]}


class PulledMessages:
    """Calls the address that was agreed, and shows on the telephone what it answers."""

    def __init__(self, home: SandboxHome, secret: str) -> None:
        self._home, self._path = home, f"/sms/{secret}"

    async def receive(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A telephone `mobile` sends `text`; it is passed on `times`, by POST with `form`, at the time `at` or now."""
        fields = self._fields(str(arguments["mobile"]), str(arguments["text"]), arguments.get("at"))
        answers = []
        async with self._client() as client:
            for _ in range(int(arguments.get("times", 1))):
                if arguments.get("form"):
                    answer = await client.post(self._path, data=fields)
                else:
                    answer = await client.get(self._path, params=fields)
                answers.append({"status": answer.status_code, "reply": answer.text})
        return {"answers": answers, "at": fields["timeStamp"]}

    async def call_bad(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Make every kind of wrong call, and report for each whether the answer was right."""
        good = self._fields("9812345678", "HELP", None)
        calls: list[tuple[str, dict[str, str], int, str]] = [
            ("no number", {"mobileNumber": "12"}, 400, "BAD_FIELD"),
            ("no text", {"message": " "}, 400, "BAD_FIELD"),
            ("a text of a thousand characters", {"message": "a" * 1_000}, 400, "BAD_FIELD"),
            ("a time that is none", {"timeStamp": "yesterday"}, 400, "BAD_FIELD"),
            ("two years old", {"timeStamp": "2024-01-01 10:00:00"}, 400, "BAD_FIELD"),
            ("a body of 50 KB", {"message": "a" * 50_000}, 413, "TOO_LARGE"),
        ]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        wrong = [
            (name, urlencode(good | fields).encode(), headers, status, code) for name, fields, status, code in calls
        ]
        return await make_wrong_calls(self._client(), self._path, wrong)

    def _fields(self, mobile: str, text: str, at: str | None) -> dict[str, str]:
        now = self._home.clock.now().astimezone(ZoneInfo("Asia/Kolkata"))
        blank = {"operatorName": "", "areaCode": ""}
        return {
            "mobileNumber": f"91{mobile}",
            "timeStamp": at or f"{now:%Y-%m-%d %H:%M:%S}",
            "message": text,
            **blank,
        }

    def _client(self) -> httpx.AsyncClient:
        return gateway_client(self._home, None)

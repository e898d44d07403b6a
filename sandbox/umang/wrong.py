"""Every wrong call of docs/contracts/umang.md sections 5 and 7, with the expected answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.umang.caller import Callers

NOT_AUTHENTIC, BAD, CLOSED, ABSENT = "APSK0401", "APSK0400", "APSK0403", "APSK0404"
ANOTHER_KEY = "eyJhbGciOiJSUzI1NiIsImtpZCI6InNvbWVib2R5In0.e30.c2lnbmF0dXJl"


@dataclass(frozen=True)
class Wrong:
    """One wrong call: what is changed in a right one, and the code that must come."""

    name: str
    code: str
    changes: Mapping[str, Any] = field(default_factory=dict)


CALLS = (
    Wrong("another api key", NOT_AUTHENTIC, {"api_key": "somebody-elses-key"}),
    Wrong("no api key", NOT_AUTHENTIC, {"without": ("x-api-key",)}),
    Wrong("no signature", NOT_AUTHENTIC, {"signed": False}),
    Wrong("body changed on its way", NOT_AUTHENTIC, {"tampered": True}),
    Wrong("signed ten minutes ago", NOT_AUTHENTIC, {"skew": -600}),
    Wrong("signed ten minutes ahead", NOT_AUTHENTIC, {"skew": 600}),
    Wrong("no assertion", NOT_AUTHENTIC, {"without": ("x-umang-user",)}),
    Wrong("assertion of a key that is not known", NOT_AUTHENTIC, {"token": ANOTHER_KEY}),
    Wrong("assertion without a signature", NOT_AUTHENTIC, {"token": "eyJhbGciOiJub25lIn0.e30."}),
    Wrong("assertion that has expired", NOT_AUTHENTIC, {"claims": {"iat": 1, "exp": 301}}),
    Wrong("assertion that lives too long", NOT_AUTHENTIC, {"claims": {"exp": 4_000_000_000}}),
    Wrong("assertion for another portal", NOT_AUTHENTIC, {"claims": {"aud": "in.gov.example"}}),
    Wrong("assertion for another service", NOT_AUTHENTIC, {"claims": {"srvid": "9999"}}),
    Wrong("assertion without jti", NOT_AUTHENTIC, {"claims": {"jti": None}}),
    Wrong("assertion without sub", NOT_AUTHENTIC, {"claims": {"sub": None}}),
    Wrong("assertion without mobile", NOT_AUTHENTIC, {"claims": {"mobile": None}}),
    Wrong("service that is not this operation", CLOSED, {"srvid": "2102", "claims": {"srvid": "2102"}}),
    Wrong("service that nobody knows", CLOSED, {"srvid": "9999", "claims": {"srvid": "9999"}}),
    Wrong("another department", CLOSED, {"deptid": "317"}),
    Wrong("a routing header is missing", BAD, {"without": ("formtrkr",)}),
    Wrong("header and body name other requests", BAD, {"request_id": "z1"}),
    Wrong("no applicationId", BAD, {"parameters": {}}),
    Wrong("an applicationId that is no text", BAD, {"parameters": {"applicationId": ["1"]}}),
    Wrong("an application that there is not", ABSENT, {"parameters": {"applicationId": "12612345678902"}}),
)


class WrongCalls:
    """Makes every wrong call once."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def call_all(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `call_bad`: every wrong call for a linked person. Arguments: person."""
        right = {
            "operation": "getApplicationStatus",
            "person": str(arguments["person"]),
            "parameters": {"applicationId": "1"},
        }
        calls = []
        for wrong in CALLS:
            view = await self._callers.call({**right, **wrong.changes})
            ok = bool(view["readable"]) and (view["rs"], view["rc"]) == ("F", wrong.code)
            calls.append({"name": wrong.name, "status": view["status"], "rc": view["rc"], "ok": ok})
        calls.append(await self._replay_call(right))
        return {"calls": calls, "ok": all(call["ok"] for call in calls)}

    async def _replay_call(self, right: Mapping[str, Any]) -> dict[str, Any]:
        """The same bytes twice: the second time its assertion has been used."""
        view = await self._callers.call({**right, "times": 2})
        [second] = view["again"]
        ok = view["rc"] != NOT_AUTHENTIC and second["rc"] == NOT_AUTHENTIC
        return {"name": "the same signed call again", "status": second["status"], "rc": second["rc"], "ok": ok}

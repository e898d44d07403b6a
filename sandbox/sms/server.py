"""The sandbox of C-DAC's Mobile Seva platform and of NIC's gateway.

Written from docs/contracts/messages.md sections 3, 4 and 11 alone. A number 90000000NN tells by its ending what becomes
of a message: 01 late, 02 failed at the operator, 03 never reported, 04 code 409 and delivered, 05 answer lost, 06
refused as 414, 07 an HTML page, 08 an id that holds 403, 09 scrubbed after 402, 10 daily limit.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Arrival, Fault, Sandbox, SandboxHome, sandbox_app
from sandbox.city.magic import SpoilAnswer
from sandbox.sms.pulled_messages import PulledMessages, new_inbound
from sandbox.sms.registers import read_registers, scrub_code

KEPT = 200
"""How many of the latest messages are stored."""
SOON, LATE = timedelta(seconds=20), timedelta(minutes=40)
TYPES = {
    "singlemsg": ("mobileno",),
    "bulkmsg": ("bulkmobno",),
    "unicodemsg": ("bulkmobno", "mobileno"),
    "otpmsg": ("mobileno",),
    "unicodeotpmsg": ("mobileno",),
}
"""The fields that a type of message takes its number in."""
_SPECIAL = re.compile(r"90000000(\d\d)")
_REFERENCE = re.compile(r"&#(\d{1,5});")
_NUMBER = re.compile(r"(?:91)?([6-9]\d{9})")


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Both providers and the telephones."""
    made = home.state.get_or_create("account", "apuni", _new_account)
    inbound = home.state.get_or_create("account", "inbound", new_inbound)
    home.hand_over({"sandbox": True, "base_url": home.public_url, "nic_url": "/", **made, "inbound": inbound})
    providers, pulled = _Providers(home, made), PulledMessages(home, inbound["secret"])
    routes = [
        Route("/esms/sendsmsrequestDLT", providers.msdp, methods=["POST"]),
        Route("/ReportAPI/csvreport", providers.report, methods=["GET"]),
        Route("/failsafe/HttpLink", providers.nic, methods=["POST"]),
    ]
    actions = {
        "texts": providers.texts,
        "register": providers.register,
        "credit": providers.set_credit,
        "receive": pulled.receive,
        "call_bad": pulled.call_bad,
    }
    return sandbox_app(home, routes, actions=actions, arrivals=providers.arrivals)


def _new_account() -> dict[str, Any]:
    return {
        "msdp": {
            "username": "apuniuk",
            "password": f"sandbox-{secrets.token_urlsafe(12)}",
            "secure_key": f"sandbox-{secrets.token_urlsafe(24)}",
            "sender": "APUNIS",
        },
        "nic": {
            "username": "apuniuk.sms",
            "pin": f"sandbox-{secrets.token_urlsafe(12)}",
            "sender": "APUNIS",
            "entity_id": "1301160000000000001",
        },
    }


class _Providers:
    """Takes messages and shows them."""

    def __init__(self, home: SandboxHome, account: Mapping[str, Any]) -> None:
        self._home, self._state = home, home.state
        self._msdp, self._nic = account["msdp"], account["nic"]
        self._registers = read_registers()

    async def msdp(self, request: Request) -> Response:
        """One message of the platform; the answer begins with the code."""
        form = await request.form(max_files=0, max_fields=20)
        code = self._msdp_refusal(form)
        kind = str(form.get("smsservicetype", ""))
        field = next((name for name in TYPES.get(kind, ()) if name in form), "")
        number = _NUMBER.fullmatch(str(form.get(field, "")))
        special = number and _SPECIAL.fullmatch(number[1])
        ending = special[1] if special else ""
        code = code or {"06": "414", "10": "418"}.get(ending)
        if code is None and number is None:
            code = "406"
        if code is not None or number is None:
            request.state.ledger_effect = f"refused {code}"
            return PlainTextResponse(f"{code},")
        content = str(form["content"])
        text = _text_of_references(content) if kind.startswith("unicode") else content
        message_id = self._message_id("403" if ending == "08" else "")
        fate = self._fate(ending, str(form.get("templateid", "")), text, otp="otp" in kind)
        self._keep(message_id, number[1], text, fate)
        request.state.ledger_key, request.state.ledger_effect = message_id, "text sent"
        if ending == "05":
            raise SpoilAnswer(Fault("silence"))
        if ending == "07":
            return HTMLResponse("<html><body>Error</body></html>")
        return PlainTextResponse("409," if ending == "04" else f"402,MsgID = {message_id}")

    async def report(self, request: Request) -> Response:
        """What became of a message."""
        query = request.query_params
        known = _is_same(query.get("userid"), self._msdp["username"]) and _is_same(
            query.get("password"), self._password()
        )
        if not known or query.get("pwd_encrypted") != "true":
            return PlainTextResponse("Invalid user name or password")
        message = self._state.get("message", query.get("msgid", ""))
        if message is None:
            return PlainTextResponse("No record found")
        now = self._home.clock.now()
        state = "SUBMITTED"
        if message["settles_at"] and datetime.fromisoformat(message["settles_at"]) <= now:
            state = message["outcome"]
        at = "0000-00-00 00:00:00" if state == "SUBMITTED" else f"{now:%Y-%m-%d %H:%M:%S}"
        return PlainTextResponse(f"91{message['mobile']},{state},{at}")

    async def nic(self, request: Request) -> Response:
        """One message of NIC's gateway."""
        form = await request.form(max_files=0, max_fields=20)
        nic, number = self._nic, _NUMBER.fullmatch(str(form.get("mnumber", "")))
        wrong = (
            "API-1"
            if not (_is_same(form.get("username"), nic["username"]) and _is_same(form.get("pin"), nic["pin"]))
            else "API-3"
            if number is None
            else "API-5"
            if form.get("signature") != nic["sender"] or form.get("dlt_entity_id") != nic["entity_id"]
            else None
        )
        text = str(form.get("message", ""))
        if wrong is None and (form.get("msgType") == "UC") == text.isascii():
            wrong = "API-7"
        if wrong is not None or number is None:
            request.state.ledger_effect = f"rejected {wrong}"
            return PlainTextResponse(f"Message Rejected for Request ID=0~code={wrong}& info= REJECTED")
        message_id = self._message_id("")
        self._keep(message_id, number[1], text, self._fate("", str(form.get("dlt_template_id", "")), text))
        request.state.ledger_key, request.state.ledger_effect = message_id, "text sent"
        return PlainTextResponse(
            f"Message Accepted for Request ID={message_id}~code=API000 & info=Platform accepted & Time ="
        )

    def texts(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What came to a telephone, the latest first."""
        return {"texts": [one["text"] for one in self._arrived_messages() if one["mobile"] == arguments["mobile"]]}

    def arrivals(self, person: Mapping[str, Any]) -> list[Arrival]:
        """What was sent to a person's telephone."""
        rows = [one for one in self._state.values_of("message").values() if one["mobile"] == person["mobile"]]
        return [
            Arrival(
                datetime.fromisoformat(one["at"]),
                one["text"],
                "arrived" if one["outcome"] == "DELIVERED" else "failed",
            )
            for one in rows
        ]

    def register(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Register a text under a template, as on the page of an operator."""
        self._registers[str(arguments["template"])] = str(arguments["text"])
        return {"templates": len(self._registers)}

    def set_credit(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """How many messages the account may still send; left out, any number."""
        self._state.put("credit", "left", {"left": arguments.get("left")})
        return {"left": arguments.get("left")}

    def _msdp_refusal(self, form: FormData) -> str | None:
        """The code by which a message is refused for our own fault."""
        own, content = self._msdp, str(form.get("content", ""))
        signed = f"{own['username']}{own['sender']}{content.strip()}{own['secure_key']}"
        credit = (self._state.get("credit", "left") or {"left": None})["left"]
        kind = str(form.get("smsservicetype", ""))
        rules = (
            (
                "401",
                _is_same(form.get("username"), own["username"]) and _is_same(form.get("password"), self._password()),
            ),
            ("411", form.get("senderid") == own["sender"]),
            ("416", _is_same(form.get("key"), hashlib.sha512(signed.encode()).hexdigest())),
            ("410", kind in TYPES and kind.startswith("unicode") == (_REFERENCE.search(content) is not None)),
            ("403", credit is None or credit > 0),
        )
        return next((code for code, fits in rules if not fits), None)

    def _fate(self, ending: str, template: str, text: str, *, otp: bool = False) -> tuple[str, timedelta | None]:
        """What becomes of a message, and how soon it is reported; None for never."""
        dropped = otp and re.search(r"\d{4,8}", text) is None
        if ending in {"02", "09"} or dropped or scrub_code(self._registers, template, text) is not None:
            return "FAILEDBYTELCO", SOON
        return "DELIVERED", {"01": LATE, "03": None}.get(ending, SOON)

    def _keep(self, message_id: str, mobile: str, text: str, fate: tuple[str, timedelta | None]) -> None:
        now, (outcome, wait) = self._home.clock.now(), fate
        settles_at = None if wait is None else (now + wait).isoformat()
        kept = {"mobile": mobile, "text": text, "at": now.isoformat(), "outcome": outcome, "settles_at": settles_at}
        credit = self._state.get("credit", "left") or {"left": None}
        if credit["left"] is not None:
            self._state.put("credit", "left", {"left": credit["left"] - 1})
        self._state.put("message", message_id, kept)
        held = sorted(self._state.values_of("message").items(), key=lambda one: str(one[1]["at"]))
        for old, _ in held[:-KEPT]:
            self._state.take("message", old)

    def _arrived_messages(self) -> list[dict[str, Any]]:
        rows = [one for one in self._state.values_of("message").values() if one["outcome"] == "DELIVERED"]
        return sorted(rows, key=lambda one: str(one["at"]), reverse=True)

    def _password(self) -> str:
        return hashlib.sha1(self._msdp["password"].encode("iso-8859-1"), usedforsecurity=False).hexdigest()

    def _message_id(self, within: str) -> str:
        now = self._home.clock.now()
        return (
            f"{now:%d%m%Y}{int(now.timestamp() * 1000)}{within}{secrets.randbelow(10**6):06d}{self._msdp['username']}"
        )


def _text_of_references(content: str) -> str:
    """The text of decimal references of UTF-16 units."""
    units = [int(unit) for unit in _REFERENCE.findall(content)]
    return b"".join(unit.to_bytes(2) for unit in units if unit < 65_536).decode("utf-16-be", "replace")


def _is_same(left: object, right: str) -> bool:
    return isinstance(left, str) and hmac.compare_digest(left.encode(), right.encode())

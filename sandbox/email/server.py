"""The sandbox of the state's mail server, of the mailboxes behind it and of what comes back.

Written from docs/contracts/messages.md sections 7 and 11 alone. The local part of an address tells what becomes of a
mail: `unknown` is refused as 550 5.1.1, `later` always deferred, `greylisted` deferred once, `spam` refused whole as
554 5.7.1; `gone` bounces as failed 5.1.1, `full` as failed 5.2.2, `policy` as failed 5.7.1, `slow` as delayed, and for
`forged` a stranger sends a bounce with a name of his own. All others arrive, until their mailbox is closed: from then
on it is `gone`.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from sandbox.city.kit import Arrival, Sandbox, SandboxHome, sandbox_app
from sandbox.city.proxy import bind_loopback
from sandbox.city.tls import Certificates, new_authority
from sandbox.email.smtp import Door, Mail, SmtpService

KEPT = 200
SENDER, BOUNCES = "no-reply@apuni.example", "bounce.apuni.example"
_ENVELOPE = re.compile(rf"bounce\+(\d+\.[0-9a-f]{{32}})@{re.escape(BOUNCES)}")
_DECLINED = {"unknown": "550 5.1.1 No such user", "later": "451 4.7.1 Try again later"}
_COMING_BACK = {"gone": "5.1.1", "full": "5.2.2", "policy": "5.7.1", "slow": "4.4.1", "forged": "5.1.1"}


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The server, its mailboxes, and what a mail program does with a mail."""
    boxes = _Mailboxes(home)
    actions = {"mails": boxes.mails, "bounces": boxes.bounces, "unsubscribe": boxes.unsubscribe, "close": boxes.close}
    return sandbox_app(home, [], actions=actions, services=(boxes.service,), arrivals=boxes.arrivals)


class _Mailboxes:
    """Takes mails, keeps them, and sends bounces."""

    def __init__(self, home: SandboxHome) -> None:
        self._home, self._state, now = home, home.state, home.clock.now()
        account = self._state.get_or_create(
            "account", "apuni", lambda: {"username": "apuni", "password": f"sandbox-{secrets.token_urlsafe(18)}"}
        )
        authority = self._state.get_or_create("tls", "authority", lambda: new_authority(now))
        ports = self._state.get("ports", "smtp") or {"plain": 0, "implicit": 0}
        places = {name: bind_loopback(int(port)) for name, port in ports.items()}
        ports = {name: int(place.getsockname()[1]) for name, place in places.items()}
        self._state.put("ports", "smtp", ports)
        contexts = Certificates(authority, now).contexts
        door = Door(
            home.faults, home.clock.sleep, account["username"], account["password"], contexts, self.accept, self.take
        )
        self.service = SmtpService(door, places["plain"], places["implicit"])
        home.hand_over(
            {
                "host": "127.0.0.1",
                "port": ports["plain"],
                "implicit_port": ports["implicit"],
                "security": "starttls",
                "certificate": authority["certificate"],
                "sender": SENDER,
                "sender_name": "Apuni Sarkar",
                "bounce_domain": BOUNCES,
                **account,
            }
        )

    def accept(self, address: str) -> str | None:
        """The reply by which a recipient is declined; None for one that is taken."""
        local = address.partition("@")[0].lower()
        if local == "greylisted" and self._state.add("greylisted", address, {"seen": True}):
            return "451 4.7.1 Greylisted"
        return _DECLINED.get(local)

    def take(self, mail: Mail) -> str:
        """Keep a mail and send what comes back of it; the reply."""
        wrong = self._fault_of(mail)
        closed = self._state.get("closed", mail.recipient.lower()) is not None
        local = "gone" if closed else mail.recipient.partition("@")[0].lower()
        if local == "spam":
            wrong = "5.7.1 Looks like spam"
        self._home.ledger.record("DATA", "/smtp", None, mail.content, (wrong and f"refused {wrong}") or "mail taken")
        if wrong is not None:
            return f"554 {wrong}"
        parsed = message_from_bytes(mail.content, policy=policy.default)
        bodies = {"text": parsed.get_body(("plain",)), "html": parsed.get_body(("html",))}
        kept = {
            "to": mail.recipient,
            "at": self._home.clock.now().isoformat(),
            "subject": str(parsed["Subject"]),
            **{kind: _read(body) for kind, body in bodies.items()},
            "headers": {name: str(value) for name, value in parsed.items()},
            "notify": sorted(mail.notify),
            "envelope": mail.sender,
        }
        if local not in _COMING_BACK or local in {"slow", "forged"}:
            self._put("mail", kept)
        if local in _COMING_BACK:
            self._put("bounce", _bounce(mail, _COMING_BACK[local], local))
        return "250 2.0.0 Taken"

    def mails(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What lies in a mailbox, the latest first."""
        found = self._state.values_of("mail").values()
        return {"mails": [one for one in reversed(list(found)) if one["to"] == arguments["address"]]}

    def bounces(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What came back and was not fetched yet: the address it came to, and the message."""
        held = self._state.values_of("bounce")
        for key in held:
            self._state.take("bounce", key)
        return {"bounces": list(held.values())}

    def close(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Close a mailbox: what comes from now on bounces as failed 5.1.1."""
        self._state.put("closed", str(arguments["address"]).lower(), {"at": self._home.clock.now().isoformat()})
        return {}

    async def unsubscribe(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A mail program unsubscribes by one click, or a scanner follows the link (`scan`); the status it got."""
        header = self.mails(arguments)["mails"][0]["headers"].get("List-Unsubscribe", "")
        async with httpx.AsyncClient() as client:
            if arguments.get("scan"):
                return {"status": (await client.get(header.strip("<>"))).status_code}
            answer = await client.post(header.strip("<>"), data={"List-Unsubscribe": "One-Click"})
        return {"status": answer.status_code}

    def arrivals(self, person: Mapping[str, Any]) -> list[Arrival]:
        """What lies in the mailbox of a person."""
        return [
            Arrival(datetime.fromisoformat(one["at"]), f"{one['subject']}\n{one['text']}")
            for one in self.mails({"address": person["email"]})["mails"]
        ]

    def _fault_of(self, mail: Mail) -> str | None:
        """Why a mail is not as the contract says, in the words of the reply."""
        message = message_from_bytes(mail.content, policy=policy.default)
        dated = parsedate_to_datetime(str(message["Date"])) if message["Date"] else None
        links = (message["List-Unsubscribe"], message["List-Unsubscribe-Post"])
        whole = message.get_content_type() == "multipart/alternative" and all(
            message.get_body((kind,)) for kind in ("plain", "html")
        )
        rules = {
            "5.7.1 Sender is not yours": SENDER in str(message["From"]) and _ENVELOPE.fullmatch(mail.sender),
            "5.6.0 No Message-ID": re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", str(message["Message-ID"])),
            "5.6.0 Not marked as automatic": str(message["Auto-Submitted"]) == "auto-generated",
            "5.6.0 Text and HTML are wanted": whole,
            "5.6.0 No date of today": dated and abs(dated - self._home.clock.now()) < timedelta(days=1),
            "5.6.0 Unsubscribing needs both headers": links == (None, None)
            or (re.fullmatch(r"<https?://[^<>\s]+>", str(links[0])) and links[1] == "List-Unsubscribe=One-Click"),
            "5.6.0 To is not the recipient": mail.recipient in str(message["To"]),
        }
        return next((reason for reason, fits in rules.items() if not fits), None)

    def _put(self, kind: str, value: Mapping[str, Any]) -> None:
        held = self._state.values_of(kind)
        number = int((self._state.get("number", kind) or {"last": 0})["last"]) + 1
        self._state.put("number", kind, {"last": number})
        self._state.put(kind, f"{number:09d}", value)
        for old in list(held)[: max(0, len(held) + 1 - KEPT)]:
            self._state.take(kind, old)


def _read(body: Any) -> str:
    return str(body.get_content()).replace("\r\n", "\n").strip()


def _bounce(mail: Mail, status: str, local: str) -> dict[str, str]:
    """A report of RFC 3464 to the sender in the envelope, or to a name that a stranger made up."""
    recipient = mail.sender
    if local == "forged":
        recipient = re.sub(r"[0-9a-f]{32}", secrets.token_hex(16), recipient)
    failed = "delayed" if local == "slow" else "failed"
    report = EmailMessage()
    report["From"] = "MAILER-DAEMON@smtp.sandbox.example"
    report["To"] = recipient
    report["Subject"] = "Undelivered mail"
    report["Auto-Submitted"] = "auto-replied"
    report.set_content("Your mail did not arrive.")
    report.make_mixed()
    lines = (
        "Reporting-MTA: dns; smtp.sandbox.example\r\n\r\n"
        f"Final-Recipient: rfc822; {mail.recipient}\r\nAction: {failed}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} not delivered\r\n"
    )
    status_part = message_from_bytes(f"Content-Type: message/delivery-status\r\n\r\n{lines}".encode())
    report.attach(status_part)  # type: ignore[arg-type] # a part of a message is a plain message
    report.set_type("multipart/report")
    report.set_param("report-type", "delivery-status")
    return {"recipient": recipient, "message": report.as_bytes().decode("ascii", "replace")}

"""How an e-mail is written (docs/contracts/messages.md section 7; RFC 3834, RFC 8058, RFC 3461)."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from integrations.email.models import Email, EmailSettings

BOUNCE = "bounce+"
"""How the local part of an address begins that bounces come to; the reference of the attempt follows."""
ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The pair that a mail program posts to unsubscribe (RFC 8058 section 3.1)."""
DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""What says that a recipient's address is none (RFC 3463 section 3.2, RFC 7505)."""
SENDER = frozenset({"5.1.7", "5.1.8"})
"""What says that our own address is none there; nothing about the recipient's."""
_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:[A-Za-z0-9-]{{1,63}}\.)+[A-Za-z]{{2,63}}")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def is_address(text: str) -> bool:
    """Whether a text is an e-mail address that every server takes: ASCII, one domain with a dot."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def bounce_address(settings: EmailSettings, reference: str) -> str:
    """The sender in the envelope, to which bounces of one attempt come back."""
    return f"{BOUNCE}{reference}@{settings.bounce_domain}"


def message_id(settings: EmailSettings, reference: str) -> str:
    """Our name for the mail, the same at each attempt."""
    return f"<{reference}@{settings.bounce_domain}>"


def content_of(settings: EmailSettings, mail: Email, now: datetime) -> bytes:
    """The message as it goes over the line: text and the same as HTML, in UTF-8."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    message["To"] = Address(addr_spec=mail.address)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(settings, mail.reference)
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_url:
        message["List-Unsubscribe-Post"] = "=".join(ONE_CLICK)
    message.set_content(mail.text, cte="base64")
    message.add_alternative(mail.html, subtype="html", cte="base64")
    message["Content-Language"] = mail.language  # set before, it would become a header of the text's part alone
    # The library would fold a long address as an encoded word, which no mail program reads as one (RFC 2047 section 5).
    link = f"List-Unsubscribe: <{mail.unsubscribe_url}>\r\n" if mail.unsubscribe_url else ""
    return link.encode("ascii") + message.as_bytes()


def dsn_options(reference: str) -> tuple[list[str], list[str]]:
    """What asks for a notice of failure or delay, at MAIL and RCPT (INFERRED: docs/contracts/messages.md section 7)."""
    return ["RET=HDRS", f"ENVID={reference}"], ["NOTIFY=FAILURE,DELAY"]


def enhanced_code(reply: str) -> str | None:
    """The status of RFC 3463 in a server's reply, such as 5.1.1; None where it has none."""
    found = _ENHANCED.search(reply)
    return found[1] if found else None

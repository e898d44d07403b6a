"""Reads a bounce (RFC 3464): which attempt it is about, and what became of it."""

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from integrations.calling.errors import Unreadable
from integrations.email.wire import BOUNCE, DEAD

LARGEST = 1_000_000
"""Bytes; a bounce holds the headers of what came back and at most its text."""
MOST_PARTS = 20
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_REFERENCE = re.compile(re.escape(BOUNCE) + r"([0-9]{1,18}\.[0-9a-f]{32})@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server says of an attempt. `action` is that of RFC 3464 in lower case, `status` three numbers.

    `recipients` are the addresses that it names, in lower case: as we wrote it, and as it was forwarded.
    """

    reference: str
    action: str
    status: str
    recipients: frozenset[str] = field(repr=False)

    @property
    def is_final(self) -> bool:
        """Whether the attempt is over."""
        return self.action == "failed"

    @property
    def address_is_dead(self) -> bool:
        """Whether the address is none, so that nothing goes there again."""
        return self.is_final and self.status in DEAD

    @property
    def may_pass(self) -> bool:
        """Whether a later mail may arrive: a full mailbox (5.2.2), or the other side was never reached (4.x.x)."""
        return self.status == "5.2.2" or self.status.startswith("4.")


def read_bounce(content: bytes, recipient: str | None = None) -> Bounce:
    """What a bounce says; `recipient` is the address it came to where the mail server tells, else its own headers say.

    Raises Unreadable for anything else: no delivery report, no attempt of ours, oversized, an ordinary mail.
    """
    if len(content) > LARGEST:
        raise Unreadable("too_large")
    message = message_from_bytes(content, policy=compat32)
    named = [recipient] if recipient else [*message.get_all("X-Original-To", []), *message.get_all("Delivered-To", [])]
    found = next(filter(None, (_REFERENCE.search(str(each)) for each in named or message.get_all("To", []))), None)
    if found is None:
        raise Unreadable("recipient")
    if message.get_content_type() != "multipart/report":
        raise Unreadable("report")
    fields = _recipient_fields(message)
    action, status = str(fields.get("Action", "")).strip().lower(), _STATUS.search(str(fields.get("Status", "")))
    if action not in {"failed", "delayed", "delivered", "relayed", "expanded"} or status is None:
        raise Unreadable("action")
    written = [str(fields.get(name, "")).rpartition(";")[2] for name in ("Final-Recipient", "Original-Recipient")]
    recipients = frozenset(each.strip().lower() for each in written if each)
    return Bounce(found[1].lower(), action, status[0], recipients)


def _recipient_fields(message: Message) -> Message:
    """The fields about the one recipient: the second block of the delivery status."""
    for number, part in enumerate(message.walk()):
        if number > MOST_PARTS:
            break
        if part.get_content_type() == "message/delivery-status":
            blocks = [each for each in part.get_payload() if isinstance(each, Message)]
            about = [each for each in blocks if "Final-Recipient" in each]
            if len(about) == 1:
                return about[0]
    raise Unreadable("delivery_status")

"""The wire formats of C-DAC's Mobile Seva platform and of NIC's gateway (docs/contracts/messages.md section 3)."""

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

from domain.feedback.message_texts import is_unicode
from domain.feedback.messages import MessageState
from integrations.calling.errors import Unreadable, Verdict
from integrations.sms.models import MsdpSettings, NicSettings, Sms

MSDP_PATH, MSDP_REPORT_PATH, NIC_PATH = "/esms/sendsmsrequestDLT", "/ReportAPI/csvreport", "/failsafe/HttpLink"

TAKEN, COMING = "402", "409"
"""`COMING`: the switching centre did not answer; it will be sent, and must not be sent again."""

MSDP_CODES: Mapping[str, Verdict] = MappingProxyType(
    {
        **dict.fromkeys(("401", "403", "410", "411", "412", "415", "416", "418"), Verdict.ALARM),
        **dict.fromkeys(("404", "405", "407", "408"), Verdict.AGAIN),
        **dict.fromkeys(("406", "413", "414"), Verdict.DECLINED),
    }
)
"""What the platform's codes mean to us; by each of these it did not take the message."""

DAY_FULL = "418"
HOLDING = frozenset({"403", "410", DAY_FULL})
"""No credit, a failure within, the day's limit: it takes no message of ours for now."""
NIC_ABOUT_THE_NUMBER = frozenset({"API-3"})
"""NIC's only code of which we know that it is about the number; all others are our own fault until we know better."""

_MSGID = re.compile(r"MsgID = ([A-Za-z0-9_-]{1,80})(?=[\s,]|$)")
_NIC_TAKEN = re.compile(r"Message Accepted for Request ID=([A-Za-z0-9_-]{1,80})~code=API000\b")
_NIC_REJECTED = re.compile(r"Message Rejected .*?code=(API-?\d{1,4})\b")
_REPORTED = re.compile(r"(?:91)?\d{10},([A-Z]{3,30}),[0-9: -]{19}")


def msdp_form(settings: MsdpSettings, sms: Sms) -> dict[str, str]:
    """The form of a message. Hindi goes as decimal references of its UTF-16 units, over which the key is made too."""
    unicode, text = is_unicode(sms.text), sms.text.strip()
    content = "".join(f"&#{unit};" for unit in _utf16_units(text)) if unicode else text
    username, sender = settings.username.strip(), settings.sender.strip().upper()
    key = hashlib.sha512(f"{username}{sender}{content}{settings.secure_key.strip()}".encode()).hexdigest()
    kind = f"{'unicode' if unicode else ''}{'otp' if sms.code else '' if unicode else 'single'}msg"
    return {
        "username": username,
        "password": password_hash(settings),
        "senderid": sender,
        "content": content,
        "smsservicetype": kind,
        "bulkmobno" if kind == "unicodemsg" else "mobileno": f"91{sms.mobile}",
        "key": key,
        "templateid": sms.template,
    }


def password_hash(settings: MsdpSettings) -> str:
    """The password as the platform takes it: SHA-1 in hex."""
    return hashlib.sha1(settings.password.encode("iso-8859-1"), usedforsecurity=False).hexdigest()


def read_msdp(content: bytes) -> tuple[str, str | None]:
    """The code of an answer, which is its first part, and the platform's name for the message. Raises Unreadable."""
    text = content.decode("utf-8", "replace")
    code = text.partition(",")[0].strip()
    if code not in {TAKEN, COMING, *MSDP_CODES}:
        raise Unreadable("code")
    named = _MSGID.search(text)
    if code == TAKEN and named is None:
        raise Unreadable("MsgID")
    return code, named[1] if named else None


def msdp_report_query(settings: MsdpSettings, message_id: str) -> dict[str, str]:
    """The query about a message."""
    return {
        "userid": settings.username,
        "password": password_hash(settings),
        "msgid": message_id,
        "pwd_encrypted": "true",
    }


def read_report(content: bytes) -> MessageState | None:
    """What became of a message to one telephone; None while it is on its way. Raises Unreadable."""
    found = _REPORTED.search(content.decode("utf-8", "replace"))
    if found is None:
        raise Unreadable("report")
    if found[1] == "DELIVERED":
        return MessageState.DELIVERED
    return MessageState.FAILED if found[1].startswith("FAILED") else None


def nic_form(settings: NicSettings, sms: Sms) -> dict[str, str]:
    """The form of a message; Hindi is marked `UC`."""
    return {
        "username": settings.username,
        "pin": settings.pin,
        "message": sms.text.strip(),
        "mnumber": f"91{sms.mobile}",
        "signature": settings.sender,
        "dlt_entity_id": settings.entity_id,
        "dlt_template_id": sms.template,
        **({"msgType": "UC"} if is_unicode(sms.text) else {}),
    }


def read_nic(content: bytes) -> tuple[str | None, str]:
    """The code of a rejection, else None, and the gateway's name for the message. Raises Unreadable."""
    text = content.decode("utf-8", "replace")
    if taken := _NIC_TAKEN.search(text):
        return None, taken[1]
    if rejected := _NIC_REJECTED.search(text):
        return rejected[1], ""
    raise Unreadable("code")


def _utf16_units(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)]

"""The wire formats of WhatsApp's Cloud API (docs/contracts/whatsapp.md sections 3 to 6 and 12)."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from domain.feedback.messages import MessageState
from domain.feedback.whatsapp import ABSENT, ACCOUNT, ACCOUNT_EVENTS, BANS, NUMBER_EVENTS, TemplateState
from integrations.calling.answers import read_object
from integrations.calling.errors import Unreadable, Verdict
from integrations.whatsapp.models import (
    Choice,
    Content,
    Document,
    Incoming,
    Media,
    Options,
    Receipt,
    Template,
    Text,
    Told,
)

MOST_BUTTONS, MOST_ROWS = 3, 10
LONGEST_BUTTON, LONGEST_ROW, LONGEST_BODY, LONGEST_TEXT = 20, 24, 1024, 4096

CODES: Mapping[str, Verdict] = MappingProxyType(
    {
        **dict.fromkeys(("2", "4", "80007", "130429", "131000", "131056", "131057"), Verdict.AGAIN),
        **dict.fromkeys(("0", "10", "190", "131031", "131042", "131048", "132015", "132016", "133010"), Verdict.ALARM),
        **dict.fromkeys(("100", "131008", "131009", "131026", "131047", "131049", "131051"), Verdict.DECLINED),
        **dict.fromkeys(("131053", "132000", "132001", "132005", "132007", "132012", "132069"), Verdict.DECLINED),
    }
)
"""What the codes of docs/contracts/whatsapp.md section 6 mean to us; at 200 to 299, which are about permissions,
somebody must look too."""

NOT_THERE = "131026"
"""The number is not on WhatsApp."""
PAIR_FULL = "131056"
TEMPLATE_CODES: Mapping[str, str] = {"132001": ABSENT, "132015": "PAUSED", "132016": "DISABLED"}
"""In which state a template is that is refused so."""
HOLDING = frozenset({"0", "190", "131031", "131048", "132016"})
"""After these nothing goes for a while, to whomever (docs/contracts/whatsapp.md section 10)."""

_STATES = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "played": MessageState.DELIVERED,
    "failed": MessageState.FAILED,
}
_ID = re.compile(r"[A-Za-z0-9._=+/:-]{1,200}")
_DIGITS = re.compile(r"[0-9]{6,15}")
_STAMP = re.compile(r"[0-9]{9,11}")
_NAME, _WORD = re.compile(r"[A-Za-z0-9_-]{1,512}"), re.compile(r"[A-Z_]{1,40}")
_LATEST = 10**11


def message(to: str, content: Content, tag: str | None) -> dict[str, Any]:
    """The body of a message to ten digits in India; `tag` comes back in what is reported of it."""
    told = {"biz_opaque_callback_data": tag} if tag else {}
    kind, part = _part(content)
    whom = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": f"91{to}"}
    return {**whom, "type": kind, **told, kind: part}


def _part(content: Content) -> tuple[str, dict[str, Any]]:
    match content:
        case Template():
            language = {"policy": "deterministic", "code": content.language}
            return "template", {"name": content.name, "language": language, "components": _components(content)}
        case Text():
            return "text", {"preview_url": False, "body": content.body[:LONGEST_TEXT]}
        case Document():
            caption = {"caption": content.caption[:LONGEST_BODY]} if content.caption else {}
            return "document", {"id": content.media_id, "filename": content.name, **caption}
        case Options():
            return "interactive", _interactive(content)


def _components(content: Template) -> list[dict[str, Any]]:
    fields = [{"type": "text", "text": one} for one in content.parameters]
    body: list[dict[str, Any]] = [{"type": "body", "parameters": fields}] if fields else []
    names = {"quick_reply": "payload", "url": "text"}
    for at, (kind, value) in enumerate(content.buttons):
        field = {"type": names[kind], names[kind]: value}
        body.append({"type": "button", "sub_type": kind, "index": str(at), "parameters": [field]})
    return body


def _interactive(content: Options) -> dict[str, Any]:
    body = {"text": content.body[:LONGEST_BODY]}
    if len(content.choices) <= MOST_BUTTONS and not content.opens:
        buttons = [{"type": "reply", "reply": _tappable(one, LONGEST_BUTTON)} for one in content.choices]
        return {"type": "button", "body": body, "action": {"buttons": buttons}}
    rows = [_tappable(one, LONGEST_ROW) for one in content.choices[:MOST_ROWS]]
    return {
        "type": "list",
        "body": body,
        "action": {"button": content.opens[:LONGEST_BUTTON], "sections": [{"title": "-", "rows": rows}]},
    }


def _tappable(choice: Choice, longest: int) -> dict[str, str]:
    title = choice.title if len(choice.title) <= longest else choice.title[: longest - 1] + "…"
    return {"id": choice.id, "title": title}


def read_sent(content: bytes) -> str:
    """The id of a message that was taken. Raises Unreadable."""
    found = read_object(content).get("messages")
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        raise Unreadable("messages")
    return _text(found[0], "id", _ID)


def read_media_id(content: bytes) -> str:
    """The id of a file that was uploaded. Raises Unreadable."""
    return _text(read_object(content), "id", _ID)


def read_media(content: bytes) -> tuple[str, str, str, int]:
    """Address, SHA-256, media type and bytes of a file that somebody sent, 0 where not said. Raises Unreadable."""
    found = read_object(content)
    media_type = str(found.get("mime_type", "")).partition(";")[0].strip().lower()
    size = found.get("file_size")
    address, sha256 = _text(found, "url", None), _text(found, "sha256", re.compile(r"[0-9a-f]{64}"))
    return address, sha256, media_type, size if isinstance(size, int) else 0


def check_media(content: bytes, media_type: str, sha256: str) -> Media:
    """The file, which is the one that was described. Raises Unreadable."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Unreadable("sha256")
    return Media(content, media_type)


def read_error(content: bytes) -> str | None:
    """The code of an error; None where the answer has none."""
    try:
        error = read_object(content).get("error")
    except Unreadable:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return str(code) if isinstance(code, int) and not isinstance(code, bool) else None


def verdict_of(code: str) -> Verdict | None:
    """What a code means to us; None for one that the contract does not name."""
    return CODES.get(code) or (Verdict.ALARM if len(code) == 3 and code.startswith("2") else None)


def read_told(content: bytes, account_id: str, phone_number_id: str) -> list[Told]:
    """What a webhook's body tells of our number and templates, in its order; what is of others is left out.

    Raises Unreadable for a body that is no notice of WhatsApp's.
    """
    body = read_object(content, "body")
    if body.get("object") != "whatsapp_business_account" or not isinstance(body.get("entry"), list):
        raise Unreadable("object")
    told: list[Told] = []
    for entry in (one for one in _objects(body, "entry") if one.get("id") == account_id):
        for change in _objects(entry, "changes"):
            field, value = change.get("field"), _part_of(change, "value")
            news = iter([{**value, "time": entry.get("time")}])
            match field:  # compared and never hashed, as it may be any JSON
                case "message_template_status_update" | "message_template_quality_update":
                    told += _read_each(news, _read_template_news)
                case "phone_number_quality_update":
                    told += _read_each(news, _read_number_news)
                case "account_update":
                    told += _read_each(news, _read_account_news)
                case "messages" if _part_of(value, "metadata").get("phone_number_id") == phone_number_id:
                    told += _read_each(_objects(value, "messages"), _read_incoming)
                    told += _read_each(_objects(value, "statuses"), _read_receipt)
    return told


def _read_each(found: Iterator[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], Told]) -> list[Told]:
    """What could be read; one part that cannot be read spoils no other."""
    told = []
    for one in found:
        try:
            told.append(read(one))
        except Unreadable:
            continue
    return told


def _read_template_news(found: Mapping[str, Any]) -> TemplateState:
    status, quality = (_text(found, key, _WORD) if key in found else None for key in ("event", "new_quality_score"))
    if status is None and quality is None:
        raise Unreadable("event")
    name, language = (_text(found, f"message_template_{part}", _NAME) for part in ("name", "language"))
    return TemplateState(name, language, _time_of(found), status, quality)


def _read_number_news(found: Mapping[str, Any]) -> TemplateState:
    """What happened to a number; what says nothing of its quality, such as more throughput, is left out."""
    event = _text(found, "event", _WORD)
    if event not in NUMBER_EVENTS:
        raise Unreadable("event")
    return TemplateState(_shown_digits(found), "", _time_of(found), event)


def _read_account_news(found: Mapping[str, Any]) -> TemplateState:
    """What happened to the account; what is no trouble and ends none, such as another partner, is left out."""
    event, ban = _text(found, "event", _WORD), _part_of(found, "ban_info").get("waba_ban_state")
    status = ban if event == "DISABLED_UPDATE" else event
    if not isinstance(status, str) or status not in ACCOUNT_EVENTS | BANS:
        raise Unreadable("event")
    return TemplateState(ACCOUNT, "", _time_of(found), status)


def read_number(content: bytes, at: datetime) -> TemplateState:
    """Our number as it is `at` that time. Raises Unreadable."""
    found = read_object(content)
    status, quality = (_text(found, name, _WORD) for name in ("status", "quality_rating"))
    return TemplateState(_shown_digits(found), "", at, status, quality)


def _shown_digits(found: Mapping[str, Any]) -> str:
    digits = "".join(re.findall(r"[0-9]", _text(found, "display_phone_number", None)))
    if not _DIGITS.fullmatch(digits):
        raise Unreadable("display_phone_number")
    return digits


def _time_of(found: Mapping[str, Any]) -> datetime:
    time = found.get("time")
    if not isinstance(time, int) or not 0 < time < _LATEST:
        raise Unreadable("time")
    return datetime.fromtimestamp(time, UTC)


def read_templates(content: bytes, at: datetime) -> tuple[list[TemplateState], str]:
    """The registered texts of a page as they are `at` that time, and the place after it, empty for the last one.

    Raises Unreadable.
    """
    found = read_object(content)
    if not isinstance(found.get("data"), list):
        raise Unreadable("data")
    states = []
    for one in _objects(found, "data"):
        score = _part_of(one, "quality_score")
        quality = _text(score, "score", _WORD) if score else None
        name, language = (_text(one, part, _NAME) for part in ("name", "language"))
        states.append(TemplateState(name, language, at, _text(one, "status", _WORD), quality))
    paging = _part_of(found, "paging")
    return states, str(_part_of(paging, "cursors").get("after") or "") if paging.get("next") else ""


def _read_incoming(found: Mapping[str, Any]) -> Incoming:
    kind = _text(found, "type", None)
    part = _part_of(found, kind)
    text, choice = str(part.get("body") or part.get("caption") or ""), None
    if kind == "interactive":
        tapped = _part_of(part, "button_reply") or _part_of(part, "list_reply")
        text, choice = str(tapped.get("title", "")), _text(tapped, "id", None)
    elif kind == "button":
        text, choice = str(part.get("text", "")), str(part.get("payload") or "") or None
    has_media = kind in {"image", "document"}
    return Incoming(
        id=_text(found, "id", _ID),
        sender=_text(found, "from", _DIGITS),
        at=_moment(found),
        text=text[:LONGEST_TEXT],
        choice=choice[:200] if choice else None,
        media_id=_text(part, "id", _ID) if has_media else None,
        media_type=str(part.get("mime_type", ""))[:100] if has_media else None,
    )


def _read_receipt(found: Mapping[str, Any]) -> Receipt:
    status = _text(found, "status", None)
    if status not in _STATES:
        raise Unreadable("status")
    errors = [str(one.get("code")) for one in _objects(found, "errors")]
    tag = found.get("biz_opaque_callback_data")
    return Receipt(
        message_id=_text(found, "id", _ID),
        status=status,
        at=_moment(found),
        state=_STATES[status],
        code=errors[0][:10] if errors else None,
        recipient=_text(found, "recipient_id", _DIGITS) if found.get("recipient_id") else None,
        tag=tag[:200] if isinstance(tag, str) else None,
    )


def _objects(found: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    held = found.get(name)
    return (one for one in (held if isinstance(held, Sequence) else ()) if isinstance(one, dict))


def _part_of(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _moment(found: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(_text(found, "timestamp", _STAMP)), UTC)


def _text(found: Mapping[str, Any], name: str, form: re.Pattern[str] | None) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value or (form is not None and not form.fullmatch(value)):
        raise Unreadable(name)
    return value

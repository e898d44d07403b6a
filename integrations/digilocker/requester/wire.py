"""DigiLocker's wire format, to and from our models; pure, and the one place to change when it changes."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from domain.kernel import Source, without_hidden_characters
from integrations.calling.answers import read_object
from integrations.calling.errors import Garbled, NotLetIn, Refused, RemoteError, Unavailable, Unreadable, Verdict
from integrations.calling.remote import Answer, retry_after_seconds
from integrations.digilocker.requester.codes import ERRORS
from integrations.digilocker.requester.models import IssuedDocument, TokenAnswer

SOURCE = Source.DIGILOCKER
T = TypeVar("T")
MOST_DOCUMENTS = 2000
"""More lines than any wallet holds; a longer list is taken for a fault."""

_NEXT_PAGE = ("next", "nextPage", "next_page", "nextPageToken")

# Real doctypes hold digits too, such as ROR1B. JSON can name half of a surrogate pair, which nothing can send.
_URI = re.compile(r"[A-Za-z0-9._]{1,100}-[A-Za-z0-9]{1,5}-[^\s\x00-\x1f\ud800-\udfff]{1,200}")
_CODE = re.compile(r"[a-z][a-z_]{1,60}")


def issuer_of(uri: str) -> str:
    """The IssuerId of `IssuerId-DocType-DocId`; raises Refused where the text is no URI.

    Source: docs/contracts/digilocker.md section 7.3. A foreign DocId may itself hold hyphens, so only the first two
    separate.
    """
    if not _URI.fullmatch(uri):
        raise Refused(SOURCE, "invalid_uri")
    return uri.split("-", 2)[0].lower()


def is_uri(written: str) -> bool:
    """Whether a text has the form of a document's URI."""
    return bool(_URI.fullmatch(written))


def one_segment(uri: str) -> str:
    """The URI percent-encoded as one segment of a path."""
    return quote(uri, safe="")


def judge(answer: Answer) -> None:
    """Let a 200 pass; raise the outcome of anything else (docs/contracts/digilocker.md sections 3.2 and 4)."""
    if answer.status == 200:
        return
    raise outcome(answer)


def reading(read: Callable[[Answer], T]) -> Callable[[Answer], T]:
    """The reader of a 200; of any other answer it raises the outcome."""

    def judge_and_read(answer: Answer) -> T:
        judge(answer)
        return read(answer)

    return judge_and_read


def outcome(answer: Answer) -> RemoteError:
    """The error for a status other than 200. The code decides; without one that we know, the status."""
    code = error_code(answer)
    verdict = ERRORS.get(code or "")
    if verdict is not None and code is not None:
        if verdict is Verdict.AGAIN:
            return Unavailable(SOURCE, code, retry_after=retry_after_seconds(answer))
        return NotLetIn(SOURCE, code) if verdict is Verdict.ALARM else Refused(SOURCE, code)
    if answer.status >= 500 or answer.status == 429:
        return Unavailable(SOURCE, f"http_{answer.status}", retry_after=retry_after_seconds(answer))
    if 400 <= answer.status < 500:
        return Refused(SOURCE, "invalid_token" if answer.status == 401 else f"http_{answer.status}")
    return Garbled(SOURCE, f"http_{answer.status}")


def error_code(answer: Answer) -> str | None:
    """The `error` member of the body; None for HTML pages and whatever is no plain code."""
    try:
        code = read_object(answer.content).get("error")
    except Unreadable:
        return None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def read_issued(answer: Answer) -> tuple[IssuedDocument, ...]:
    """The lines of `files/issued`, once each; raises Unreadable where the list does not have its form.

    The list has no pages in the specification. One that names a next page is not complete, and a part
    must not be cached as if it were.
    """
    body = read_object(answer.content)
    items = body.get("items")
    if has_next_page(body):
        raise Unreadable("issued_list_partial")
    if not isinstance(items, list) or len(items) > MOST_DOCUMENTS:
        raise Unreadable("issued_list")
    documents: dict[str, IssuedDocument] = {}
    for item in items:
        if not isinstance(item, dict):
            raise Unreadable("issued_item")
        document = _document(item)
        documents.setdefault(document.uri, document)
    return tuple(documents.values())


def has_next_page(body: Mapping[str, Any]) -> bool:
    """Whether a list says that there is more of it, which no list of the specification does."""
    return any(body.get(mark) for mark in _NEXT_PAGE)


def _document(item: Mapping[str, Any]) -> IssuedDocument:
    uri = text(item, "uri")
    if not _URI.fullmatch(uri):
        raise Unreadable("issued_uri")
    issuer_id, doctype, _ = uri.split("-", 2)
    name = without_hidden_characters(text(item, "name") or text(item, "description"))
    if not name:
        raise Unreadable("issued_name")
    return IssuedDocument(
        uri=uri,
        name=name,
        doctype=(text(item, "doctype") or doctype).upper(),
        issuer=without_hidden_characters(text(item, "issuer")),
        issuer_id=text(item, "issuerid") or issuer_id,
        media_types=tuple(dict.fromkeys(media_types(item.get("mime")))),
        issued_at=instant(text(item, "date")),
    )


def media_types(value: Any) -> Iterator[str]:
    """The media types of `mime`, which is a text, a list of texts or a list of objects, in any letter case."""
    if isinstance(value, str):
        yield from (part for part in (piece.strip().lower() for piece in value.split(",")) if part)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from media_types(each)
    elif isinstance(value, list):
        for each in value:
            yield from media_types(each)


def read_tokens(answer: Answer) -> TokenAnswer:
    """The tokens of a token answer, with the spellings of both specifications."""
    body = read_object(answer.content)
    access, expires_in = body.get("access_token"), number(body.get("expires_in"))
    if not isinstance(access, str) or not access or expires_in is None or not 0 < expires_in <= 366 * 86400:
        raise Unreadable("token_answer")
    refresh = body.get("refresh_token")
    return TokenAnswer(
        access_token=access,
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        expires_in=expires_in,
        expires_at=answer.at + timedelta(seconds=expires_in),
        scope=text(body, "scope"),
        consent_until=_unix_instant(body.get("consent_valid_till")),
        locker_id=locker_id(body),
    )


def owner(answer: Answer) -> str:
    """Whose locker a token opens, as `/user` says; raises Unreadable where it does not say so."""
    found = locker_id(read_object(answer.content))
    if found is None:
        raise Unreadable("user_without_id")
    return found


def locker_id(body: Mapping[str, Any]) -> str | None:
    """The owner of a token, under either of its two names."""
    return text(body, "digilockerid") or text(body, "digilocker_id") or None


def text(item: Mapping[str, Any], name: str) -> str:
    """A member that is a text, trimmed; empty where it is missing or no text."""
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """A whole number, also one that is written as a text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _unix_instant(value: Any) -> datetime | None:
    seconds = number(value)
    if seconds is None or not 0 < seconds < 253402300800:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def instant(written: str) -> datetime | None:
    """The `date` of a line, its last change; a text in another form is shown as unknown."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)

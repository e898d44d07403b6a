"""The messages of UMANG's endpoint as pure functions: body, result codes, answers.

Source: docs/contracts/umang.md sections 3 to 5. INFERRED: the HTTP statuses beside the result codes. A call that was
let in is answered with 200, as docs/contracts/umang.md section 4 says of business failures; 401, 413, 429, 500 and 503
carry the same four fields.
"""

import hashlib
import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from domain.kernel import Bilingual, Language, hidden_character_problems, spoken_languages, state_language
from domain.kernel.messages import bilingual, message
from integrations.umang.door_models import Fields, UmangReply

OK = "APSK0000"
BAD_PARAMETER = "APSK0400"
NOT_AUTHENTIC = "APSK0401"
NOT_SUBSCRIBED = "APSK0403"
NOT_FOUND = "APSK0404"
DUPLICATE = "APSK0409"
NOT_POSSIBLE = "APSK0422"
TOO_MANY = "APSK0429"
INTERNAL = "APSK0500"
SOURCE_AWAY = "APSK0503"
NOT_LINKED = "APSK1001"

TEXTS: Mapping[str, Bilingual] = {
    OK: bilingual("door.umang.OK"),
    BAD_PARAMETER: bilingual("door.umang.BAD_PARAMETER"),
    NOT_AUTHENTIC: bilingual("door.umang.NOT_AUTHENTIC"),
    NOT_SUBSCRIBED: bilingual("door.umang.NOT_SUBSCRIBED"),
    NOT_FOUND: bilingual("door.umang.NOT_FOUND"),
    DUPLICATE: bilingual("door.umang.DUPLICATE"),
    NOT_POSSIBLE: bilingual("door.umang.NOT_POSSIBLE"),
    TOO_MANY: bilingual("door.umang.TOO_MANY"),
    INTERNAL: bilingual("door.umang.INTERNAL"),
    SOURCE_AWAY: bilingual("door.umang.SOURCE_AWAY"),
    NOT_LINKED: bilingual("door.umang.NOT_LINKED"),
}
"""What `rd` says for each code where nothing more exact is known."""

TRACING = ("tkn", "trkr", "apitrkr", "lang", "lat", "lon", "lac", "usag", "usrid", "mode", "pltfrm", "did", "source")
COMMON = frozenset((*TRACING, "deptid", "srvid", "subsid", "subsid2", "formtrkr", "tenantid"))
"""The fields of every body. They route and trace, and never say who asks or what she may see."""

ATTEMPT = frozenset({"trkr", "tkn", "lat", "lon", "lac", "usag", "did"})
"""Fields that may differ between two attempts of one write: they are no part of what was asked."""

_EMPTY = frozenset({"", "none", "null"})
_MOST_DEEP = 12
_LONGEST_TRACKER = 100
_MOST_WRONG = 20


class NotUnderstood(ValueError):
    """A body that this endpoint does not accept; `fields` says what is wrong."""

    def __init__(self, *fields: Mapping[str, str]) -> None:
        super().__init__("body")
        self.fields: Fields = fields


def language_of(lang: Any) -> Language:
    """The language of `lang`, in letters of any size; that of the state where it does not speak it."""
    asked = str(lang).strip().lower()
    return next((each for each in spoken_languages() if each.value == asked), state_language())


def read_body(content: bytes) -> dict[str, Any]:
    """The fields of a body in clear, with what says that it is empty left out. Raises NotUnderstood."""
    try:
        given = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotUnderstood(field("body", "NOT_JSON")) from None
    if not isinstance(given, dict):
        raise NotUnderstood(field("body", "NOT_AN_OBJECT"))
    if _too_deep(given, _MOST_DEEP):
        raise NotUnderstood(field("body", "TOO_DEEP"))
    if not _well_formed(given):
        raise NotUnderstood(field("body", "NOT_TEXT"))
    return {name: value for name, value in given.items() if not is_empty(value)}


def tracker_of(fields: Mapping[str, Any], request_id: str | None) -> str:
    """`apitrkr`, which the header x-request-id repeats. Raises NotUnderstood."""
    tracker = fields.get("apitrkr")
    tracker = str(tracker) if isinstance(tracker, str | int) and not isinstance(tracker, bool) else ""
    if not (0 < len(tracker) <= _LONGEST_TRACKER and tracker.isascii() and tracker.isprintable()):
        raise NotUnderstood(field("apitrkr", "MISSING"))
    if tracker != request_id:
        raise NotUnderstood(field("apitrkr", "HEADER_DIFFERS"))
    return tracker


def parameters_of(fields: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """What the operation was given: nested under its name, or flat with the common fields.

    Source: docs/contracts/umang.md section 3.2.
    """
    nested = fields.get(operation)
    if isinstance(nested, dict):
        return {name: value for name, value in nested.items() if not is_empty(value)}
    return {name: value for name, value in fields.items() if name not in COMMON}


def refuse_hidden_text(parameters: Mapping[str, Any], language: Language) -> None:
    """Raise NotUnderstood with the place of each text in which there is a character that nobody sees."""
    found = [
        field(".".join(one.path), one.code.value, message(one.code, language, one.params))
        for one in islice(hidden_character_problems(parameters), _MOST_WRONG)
    ]
    if found:
        raise NotUnderstood(*found)


def hash_of(fields: Mapping[str, Any], operation: str, srvid: str, subject: str) -> str:
    """SHA-256 of what was asked and for whom, without what differs from attempt to attempt."""
    asked = {name: value for name, value in fields.items() if name not in ATTEMPT}
    text = json.dumps([operation, srvid, subject, asked], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_empty(value: Any) -> bool:
    """Whether a value says that there is none: null, or the words that clients write in its place.

    Source: docs/contracts/umang.md section 8.
    """
    return value is None or (isinstance(value, str) and value.strip().lower() in _EMPTY)


def field(name: str, code: str, message: str | None = None) -> dict[str, str]:
    """What is wrong with one field."""
    return {"field": name, "code": code, **({"message": message} if message else {})}


def failure(
    code: str,
    language: Language,
    *,
    text: str | None = None,
    payload: Any = None,
    status: int = 200,
    wait: int | None = None,
) -> UmangReply:
    """An answer with `rs` F, which says what the code says unless a better text is given."""
    return UmangReply(code, text or TEXTS[code].in_language(language), payload, status=status, wait=wait)


def success(payload: Any, language: Language) -> UmangReply:
    """An answer with `rs` S."""
    return UmangReply(OK, TEXTS[OK].in_language(language), payload, success=True)


def write(answer: UmangReply) -> bytes:
    """The body of an answer: `rs`, `rc`, `rd`, `pd`, compact."""
    told = {"rs": "S" if answer.success else "F", "rc": answer.code, "rd": answer.text, "pd": answer.payload}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _no_number(_: str) -> Any:
    raise ValueError("not a number of JSON")


def _too_deep(value: Any, left: int) -> bool:
    if left == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_too_deep(one, left - 1) for one in inner)


def _well_formed(value: Any) -> bool:
    """Whether all texts can be written: half a surrogate pair and the null character are no text."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(_well_formed(name) and _well_formed(one) for name, one in value.items())
    return all(map(_well_formed, value)) if isinstance(value, list) else True

"""An outside system's answer: status, headers, body, and its Retry-After."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from domain.kernel import Source
from integrations.calling.errors import Foreign, Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable, Unreadable

A = TypeVar("A")
T = TypeVar("T")

LONGEST_WAIT = 300.0
"""Seconds; no longer Retry-After of a partner is believed. It reaches apps, which do not ask before.

It is as long as a breaker stays open at most: then we ask ourselves, whatever the partner said.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower-case; `content` is the raw body as sent."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    at: datetime

    @property
    def media_type(self) -> str:
        """The content type without parameters, lower-case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_json(content: bytes) -> Any:
    """What a body says in JSON. Raises ValueError, also where it nests deeper than can be read."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_object(content: bytes, word: str | None = None) -> dict[str, Any]:
    """The JSON object of a body. Raises Unreadable with the word for it, else with `not_json` or `not_an_object`."""
    try:
        body = read_json(content)
    except ValueError as error:
        raise Unreadable(word or "not_json") from error
    if not isinstance(body, dict):
        raise Unreadable(word or "not_an_object")
    return body


def read_as(source: Source, read: Callable[[A], T], given: A) -> T:
    """What `read` makes of a message; what it finds Foreign raises IntegrityFailure, what is Unreadable Garbled."""
    try:
        return read(given)
    except Foreign as error:
        raise IntegrityFailure(source, str(error)) from error
    except Unreadable as error:
        raise Garbled(source, str(error)) from error


def refuse_status(
    source: Source,
    answer: Answer,
    *,
    good: Collection[int] = (200,),
    ours: Collection[int] = (401, 403),
    code: str | None = None,
) -> None:
    """Raise what a status that is not good means; `code` is the partner's own word for it, where it has said one.

    429 and those from 500 are Unavailable, `ours` say that our own credentials are wrong, others are Refused.
    """
    status, word = answer.status, f"http_{answer.status}"
    if status == 429 or status >= 500:
        raise Unavailable(source, word, retry_after=retry_after_seconds(answer))
    if status in ours:
        raise NotLetIn(source, code or word)
    if status not in good:
        raise Refused(source, code or word)


def retry_after_seconds(answer: Answer) -> float | None:
    """The Retry-After header in seconds, in either of its forms (RFC 9110 section 10.2.3); None if unusable.

    At most LONGEST_WAIT.
    """
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(text) - answer.at).total_seconds() if text else None
    except (TypeError, ValueError):
        return None
    return None if seconds is None else min(max(0.0, seconds), LONGEST_WAIT)

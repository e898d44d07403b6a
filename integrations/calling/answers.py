"""An outside system's answer: status, headers, body, and its Retry-After."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from domain.kernel import Source
from domain.kernel.text import is_plain_line
from integrations.calling.errors import Foreign, Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable, Unreadable

A = TypeVar("A")
T = TypeVar("T")
M = TypeVar("M", bound="BodyModel")

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


def _instant_of(value: object) -> datetime:
    """An instant of RFC 3339 in UTC; a number is none, nor what has no day in some time zone. Raises ValueError."""
    at = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    if at is None or not MINYEAR < at.year < MAXYEAR:
        raise ValueError("no instant")
    return at if at.tzinfo is None else at.astimezone(UTC)


Instant: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_instant_of)]
MessageId: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]


def _plain_line(text: str) -> str:
    if not is_plain_line(text):
        raise ValueError("hidden characters")
    return text


PlainLine: TypeAlias = Annotated[str, AfterValidator(_plain_line)]


class BodyModel(BaseModel):
    """A body in JSON, or a part of one. `/openapi.json` describes the bodies of endpoints by the models they read."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, model_title_generator=lambda model: model.__name__.replace("_", "")
    )


class AnswerModel(BaseModel):
    """What an endpoint answers in JSON, or a part of it. What equals its default is left out."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, from_attributes=True, validate_by_name=True)

    def to_json(self) -> str:
        """As JSON."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)


def read_model(model: type[M], content: bytes | Mapping[str, Any]) -> M:
    """A body, or the object that it holds, as its model reads it.

    Raises Unreadable with the name of the first field that is wrong: `body` for the whole, `rows.2` for an element.
    """
    given = read_object(content, "body") if isinstance(content, bytes) else content
    try:
        return model.model_validate(given)
    except ValidationError as error:
        names = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
    parts = []
    for name in names:
        parts.append(str(name + 1 if isinstance(name, int) else name))
        if isinstance(name, int):
            break
    raise Unreadable(".".join(parts) or "body")


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

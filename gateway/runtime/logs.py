"""Structured logs: one JSON line for each event on standard error, without personal data, tokens or queries.

Our own events are short names with values that we chose; still, what looks like a person or a key is masked. Of the
libraries' events only the logger, the place in their code and the kind of an exception are kept: their texts hold
addresses with queries, documents with the numbers that people wrote into them, frames, and the values of statements
(docs/reliability.md section 1). So nothing of that is written at DEBUG either.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from types import TracebackType
from typing import Any, TextIO

import structlog
from pydantic_core import PydanticSerializationError, to_json

from domain.kernel import mask_aadhaar_in

HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"token|secret|passw|authorization|cookie|api_?key|otp|aadhaar|mobile|e_?mail|query|variables|body|document$",
    re.IGNORECASE,
)
_QUERY_OF_ADDRESS = re.compile(r"(https?://[^\s?#\"']+)[?#][^\s\"']*")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
_MOBILE = re.compile(r"(?<!\w)(?:\+?91[ -]?)?[6-9]\d{9}(?!\w)")
_PAN = re.compile(r"\b[A-Z]{5}\d{4}[A-Z]\b")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_SUSPECT = re.compile(r"\d{4}|[@?#]|\b(?:bearer|basic)\s", re.IGNORECASE)
"""What is in every text in which one of the patterns or an Aadhaar number is found."""

LONGEST = 300
"""Characters of one text: patterns are tried at each of them, and no event of ours needs more."""

OURS = frozenset({"gateway", "schema", "actions", "store", "integrations", "domain", "tests", "test", "root"})
"""The first names of loggers whose events are kept as they are."""

PLAIN = frozenset({"uvicorn.error"})
"""Loggers of libraries whose texts are kept, with numbers at most: they say that the server is up."""
_WITH_WORDS = re.compile("%[^d%]")
"""A place in a text that takes anything but a number."""

QUIET = {
    "uvicorn.access": logging.CRITICAL,  # writes whole query strings
    "httpx": logging.WARNING,  # writes addresses with their queries
    "httpcore": logging.WARNING,
    "hpack": logging.WARNING,  # writes each header of HTTP/2
    "strawberry": logging.CRITICAL,  # writes documents, in which people write numbers of theirs
    "asyncio": logging.WARNING,
    "asyncssh": logging.WARNING,  # names hosts, users and files
    "signxml": logging.WARNING,  # writes the documents that it checks
    "aiocache": logging.WARNING,
    "websockets": logging.WARNING,  # writes frames
    "python_multipart": logging.WARNING,
    "urllib3": logging.WARNING,
    "limits": logging.WARNING,
    "redis": logging.WARNING,
    "pyhanko": logging.ERROR,  # warns that it was given no roots; certificate_checks judges the signer itself
    "pyhanko_certvalidator": logging.WARNING,
    "fontTools": logging.WARNING,
    "alembic": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}

Event = MutableMapping[str, Any]


def configure_logging(stream: TextIO | None = None, level: int = logging.INFO, *, for_good: bool = True) -> None:
    """Send our events and those of the libraries as JSON to a stream, standard error if none is given.

    A service calls it once, `for_good`: then each logger is bound at its first event and a later call cannot change it.
    """
    out = stream or sys.stderr
    shared: list[Any] = [
        shorten_exception,
        mask_event,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_logger_name, *shared, _render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda name="root": _Lines(out, name),
        cache_logger_on_first_use=for_good,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                strip_foreign,
                *shared,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _tame()


class _Lines(structlog.WriteLogger):
    """Writes the lines of our own events by themselves: by way of `logging` each would cost as much again."""

    def __init__(self, stream: TextIO, name: str) -> None:
        super().__init__(stream)
        self.name = name


def _render(logger: Any, method: str, event: Event) -> str:  # noqa: ARG001 - structlog's shape
    try:
        return to_json(event).decode()
    except PydanticSerializationError:  # half of a surrogate pair, which UTF-8 cannot say
        return json.dumps(event)


def _tame() -> None:
    for name in list(logging.Logger.manager.loggerDict):
        if name.split(".")[0] in {"uvicorn", *QUIET}:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
    for name, quietest in QUIET.items():
        logging.getLogger(name).setLevel(quietest)


def strip_foreign(logger: Any, method: str, event: Event) -> Event:  # noqa: ARG001 - structlog's shape
    """Keep the logger and the place of an event of a library, and of its text what is fixed, and numbers."""
    record = event.get("_record")
    if not isinstance(record, logging.LogRecord) or record.name.split(".")[0] in OURS:
        return event
    kept = {name: event[name] for name in ("logger", "exc_info", "_record", "_from_structlog") if name in event}
    text = record.msg if record.name in PLAIN and isinstance(record.msg, str) else "library_event"
    if text is record.msg and not _WITH_WORDS.search(text):
        text = event["event"]
    return {**kept, "event": text, "place": f"{record.module}:{record.lineno}"}


def shorten_exception(logger: Any, method: str, event: Event) -> Event:  # noqa: ARG001 - structlog's shape
    """Put the kind and the place of an exception for its text, which may hold what a person sent."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["where"] = _places(error.__traceback__)
    event.pop("stack_info", None)
    return event


def _places(traceback: TracebackType | None) -> list[str]:
    places: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-5:]


def mask_event(logger: Any, method: str, event: Event) -> Event:  # noqa: ARG001 - structlog's shape
    """Mask personal data and secrets, by the name of a value and by its form."""
    record = event.pop("_record", None)
    for name, value in list(event.items()):
        if name != "request_id":  # it is ours, or was looked at when it came; random digits are nobody's number
            event[name] = HIDDEN if value is not None and _is_secret(name) else mask_value(value)
    if record is not None:
        event["_record"] = record
    return event


def mask_value(value: Any) -> Any:
    """The value with every Aadhaar number, mobile, PAN, e-mail address, token and query in it hidden."""
    if isinstance(value, str):
        return _masked_text(value[:LONGEST])
    if isinstance(value, Mapping):
        return {str(name): HIDDEN if _is_secret(str(name)) else mask_value(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(part) for part in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _masked_text(str(value)[:LONGEST])


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


@lru_cache(512)
def _masked_text(text: str) -> str:
    if _SUSPECT.search(text) is None:
        return text
    text = _QUERY_OF_ADDRESS.sub(r"\1", mask_aadhaar_in(text))
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    for pattern in (_EMAIL, _PAN, _MOBILE):
        text = pattern.sub(HIDDEN, text)
    return text

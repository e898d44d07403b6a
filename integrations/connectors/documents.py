"""Reads YAML strictly: no aliases, tags, duplicate keys or second documents, and no guesses at what a word means.

PyYAML's own constructors read `NO` as false, `012` as 10 and `12:30:45` as 45045, and expand aliases without end
(docs/connectors.md section 4); only its parser is used here. `true`, `false`, `null` and plain decimal numbers are what
they are, everything else is text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from integrations.connectors.faults import ConnectorFault

LARGEST_FILE = 200_000
"""Bytes."""
DEEPEST = 32
MOST_VALUES = 20_000
"""Keys and values of one file; the largest of docs/connectors.md has some 200."""

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}

Place = tuple[str | int, ...]
"""Where a value stands: the keys and places in lists that lead to it."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and on which line each of its values begins."""

    content: dict[str, Any]
    lines: Mapping[Place, int]

    def line_of(self, place: Place) -> int:
        """The line of a value, or of the nearest one around it that stands in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_document(given: bytes) -> Document:
    """The mapping of a file. Raises ConnectorFault."""
    if len(given) > LARGEST_FILE:
        raise ConnectorFault(
            1, f"the file is larger than {LARGEST_FILE} bytes", "Split the system into two connectors."
        )
    try:
        text = given.decode("utf-8")
        events = list(yaml.parse(text, Loader=yaml.CBaseLoader))
    except UnicodeDecodeError as error:
        line = given.count(b"\n", 0, error.start) + 1
        raise ConnectorFault(line, "the file is not UTF-8", "Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        reason = str(getattr(error, "problem", None) or "a character that YAML does not allow")[:120]
        raise ConnectorFault(line, f"the file is not YAML: {reason}", "Correct the line or the one above it.") from None
    except RecursionError:
        raise ConnectorFault(1, "the file nests too deep", f"Nest at most {DEEPEST} deep.") from None
    return _Builder(events).document()


class _Builder:
    """Makes values of the parser's events."""

    def __init__(self, events: list[Any]) -> None:
        self._events: Iterator[Any] = iter(events)
        self._lines: dict[Place, int] = {}

    def document(self) -> Document:
        content: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ConnectorFault(_line(event), "a second document begins", "Write one system in one file.")
                if event.version or event.tags:
                    raise ConnectorFault(_line(event), "the file has directives", "Remove the lines that begin with %.")
                content = self._value(next(self._events), ())
        if not isinstance(content, dict):
            raise ConnectorFault(1, "the file holds no mapping", "Begin with `apuni: connector/1`.")
        return Document(content, self._lines)

    def _value(self, event: Any, place: Place) -> Any:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise ConnectorFault(line, "an anchor or an alias is used", "Write the value out at each place.")
        if event.tag is not None:
            raise ConnectorFault(line, f"the tag {event.tag[:40]} is used", "Remove it; quote a text that is meant.")
        if len(place) > DEEPEST:
            raise ConnectorFault(line, "the file nests too deep", f"Nest at most {DEEPEST} deep.")
        self._lines.setdefault(place, line)
        if len(self._lines) > MOST_VALUES:
            raise ConnectorFault(line, "the file holds too many values", "Split the system into two connectors.")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        return self._mapping(place) if isinstance(event, yaml.MappingStartEvent) else self._sequence(place)

    def _mapping(self, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise ConnectorFault(_line(event), "a key is not a plain text", "Write a word before the colon.")
            key = event.value
            if key in found:
                raise ConnectorFault(_line(event), f"the key `{key[:60]}` stands twice", "Remove one of them.")
            self._lines[(*place, key)] = _line(event)
            found[key] = self._value(next(self._events), (*place, key))
        return found

    def _sequence(self, place: Place) -> list[Any]:
        found: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._value(event, (*place, len(found))))
        return found


def _scalar(event: Any) -> Any:
    text = event.value
    if event.style:  # quoted or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if text in ("", "~"):
        raise ConnectorFault(_line(event), "a value is missing", 'Write it, or `""` for an empty text.')
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1

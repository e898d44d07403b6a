"""Reads the registered texts of a state's messages, and what is wrong with them (docs/message_texts.md)."""

import csv
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.feedback.message_texts import (
    CODE,
    Button,
    ButtonKind,
    EventTexts,
    RegisteredText,
    Variable,
    problems_of,
)
from domain.feedback.messages import MessageChannel
from domain.feedback.notices import MISSED, NoticeKind
from domain.identity.assisting import CodeKind
from domain.kernel import CommandFailed, Language, state_language
from domain.kernel.messages import written_texts

FOLDER, REGISTER = "messages", "registered.csv"
LARGEST = 50_000
"""Characters of a document of one event."""
T = TypeVar("T", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Variable(_Part):
    tag: str
    longest: int = Field(ge=1)
    way: str


class _Text(_Part):
    template: str
    text: str = Field(min_length=1)


class _Button(_Part):
    kind: ButtonKind
    label: str = Field(min_length=1)
    value: str = Field(min_length=1)


class _OwnText(_Part):
    """What a channel says otherwise than SMS; what is left out is the usual."""

    template: str = ""
    title: str = ""
    text: str = ""
    buttons: tuple[_Button, ...] = ()


class _Event(_Part):
    """A file of the folder: its name without the ending is the event."""

    variables: dict[str, _Variable]
    sms: dict[Language, _Text]
    whatsapp: dict[Language, _OwnText] = {}
    email: dict[Language, _OwnText] = {}
    push: dict[Language, _OwnText] = {}
    third: str | None = None


class _Document(_Event):
    """A file with what operators registered: the texts by their template ids."""

    dlt: dict[str, str]


@lru_cache
def message_texts(state: Path) -> Mapping[str, EventTexts]:
    """The texts of a state's folder by their events; none where it has no folder of messages. Raises CommandFailed."""
    return {path.stem: _event(path) for path in sorted((state / FOLDER).glob("*.json"))}


def text_problems(state: Path) -> list[str]:
    """What operators would refuse of a state's texts, and which events have none; a line for each."""
    known = message_texts(state)
    events = {*NoticeKind, *(f"{CODE}{kind.value}" for kind in CodeKind if kind is not CodeKind.CONFIRM_EMAIL)}
    if not known:
        return [f"{FOLDER}/: it has no texts, so that no message and no one-time code goes"]
    try:
        register = read_register(state / FOLDER / REGISTER)
    except CommandFailed:
        return [f"{REGISTER}: needed in UTF-8 with the columns template and text"]
    lacking = [f"{event}: no texts" for event in sorted(events - known.keys())]
    unknown = [f"{event}: no such event" for event in sorted(known.keys() - events)]
    checked = [each for event, each in known.items() if event in events]
    return lacking + unknown + [line for each in checked for line in _problems_of(each, register)]


def read_register(path: Path) -> dict[str, str]:
    """The texts that operators registered, by their template ids. Raises CommandFailed."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["template"]: row["text"] for row in csv.DictReader(file)}
    except (OSError, UnicodeError, KeyError):
        raise CommandFailed(f"{path}: needed in UTF-8 with the columns template and text") from None


def texts_of_document(event: str, document: str) -> EventTexts:
    """The texts of an event by a document: a file of the folder with what operators registered as `dlt`, as JSON.

    Raises CommandFailed for one of another shape.
    """
    return _texts_of(event, _read(_Document, document, event))


def document_problems(event: str, document: str) -> list[str]:
    """What is wrong with the texts of a document, a line for each."""
    try:
        read = _read(_Document, document, event)
    except CommandFailed as failed:
        return failed.reasons
    return _problems_of(_texts_of(event, read), read.dlt)


def document_of_file(path: Path) -> str:
    """A file of an event with what `registered.csv` beside it has of its templates. Raises CommandFailed, OSError."""
    content, register = path.read_text(encoding="utf-8"), read_register(path.with_name(REGISTER))
    named = {each.template for each in _read(_Event, content, str(path)).sms.values()}
    registered = {one: text for one, text in register.items() if one in named}
    return json.dumps(json.loads(content) | {"dlt": registered}, ensure_ascii=False, indent=2)


def names_in(text: str) -> frozenset[str]:
    """What fills a text; either name of the portal is one."""
    try:
        return frozenset(name.removesuffix("_en") for _, name, _, _ in Formatter().parse(text) if name)
    except ValueError:  # a brace without its other half
        return frozenset(("both braces",))


def _problems_of(event: EventTexts, register: Mapping[str, str]) -> list[str]:
    """What operators would refuse of an event's texts, and what is not told with its notice."""
    ways = {".".join(each.way) for text in event.texts.values() for each in text.variables.values()}
    told = names_in(written_texts(Language.EN).get(f"notice.{event.event}", "")) - {MISSED}
    untold = [] if event.event.startswith(CODE) else sorted(ways - {f"values.{name}" for name in told})
    return [
        *problems_of(event, (state_language(), Language.EN), register),
        *(f"{event.event}: {way} is not told with that notice" for way in untold),
    ]


def _event(path: Path) -> EventTexts:
    try:
        return _texts_of(path.stem, _read(_Event, path.read_text(encoding="utf-8"), str(path)))
    except (OSError, UnicodeError) as error:
        raise CommandFailed(f"{path}: {error}") from None


def _read(shape: type[T], content: str, said: str) -> T:
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        raise CommandFailed(f"{said}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None


def _texts_of(event: str, read: _Event) -> EventTexts:
    variables = {
        name: Variable(each.tag, each.longest, tuple(each.way.split("."))) for name, each in read.variables.items()
    }
    texts = {language: RegisteredText(each.template, each.text, variables) for language, each in read.sms.items()}
    others = {
        channel: {
            language: RegisteredText(
                each.template,
                each.text,
                variables,
                each.title,
                tuple(Button(one.kind, one.label, one.value) for one in each.buttons),
            )
            for language, each in written.items()
        }
        for channel, written in (
            (MessageChannel.WHATSAPP, read.whatsapp),
            (MessageChannel.EMAIL, read.email),
            (MessageChannel.PUSH, read.push),
        )
        if written
    }
    return EventTexts(event, texts, read.third, others)

"""Reads the registered texts of a state's messages, and what is wrong with them (docs/message_texts.md)."""

import csv
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

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
from domain.feedback.notices import NoticeKind
from domain.identity.assisting import CodeKind
from domain.kernel import CommandFailed, Language, state_language

FOLDER, REGISTER = "messages", "registered.csv"


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


@lru_cache
def message_texts(state: Path) -> Mapping[str, EventTexts]:
    """The texts of a state's folder by their events; none where it has no folder of messages. Raises CommandFailed."""
    return {path.stem: _event(path) for path in sorted((state / FOLDER).glob("*.json"))}


def text_problems(state: Path) -> list[str]:
    """What operators would refuse of a state's texts, and which events have none; a line for each."""
    known, languages = message_texts(state), (state_language(), Language.EN)
    events = {*NoticeKind, *(f"{CODE}{kind.value}" for kind in CodeKind)}
    if not known:
        return []
    try:
        with (state / FOLDER / REGISTER).open(encoding="utf-8", newline="") as file:
            register = {row["template"]: row["text"] for row in csv.DictReader(file)}
    except (OSError, UnicodeError, KeyError):
        return [f"{REGISTER}: needed in UTF-8 with the columns template and text"]
    lacking = [f"{event}: no texts" for event in sorted(events - known.keys())]
    unknown = [f"{event}: no such event" for event in sorted(known.keys() - events)]
    checked = [each for event, each in known.items() if event in events]
    return lacking + unknown + [line for each in checked for line in problems_of(each, languages, register)]


def _event(path: Path) -> EventTexts:
    try:
        read = _Event.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) if isinstance(error, ValidationError) else error
        raise CommandFailed(f"{path}: {where}") from None
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
    return EventTexts(path.stem, texts, read.third, others)

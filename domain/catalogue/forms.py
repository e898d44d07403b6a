"""Types for the form of a service: sections, questions, rules between answers and the JSON Schema behind them.

An answer is a text under the name of its question; in a group that repeats it is `group.row.question`, rows counted
from 0 (docs/forms.md). domain/catalogue/form_reading.py makes forms, domain/catalogue/form_checking.py applies them.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.kernel import Bilingual

GENERIC = "generic"
"""The form of every service that no other form names."""

LONGEST_ANSWER = 2000
MOST_ANSWERS = 100


class QuestionKind(StrEnum):
    """The type of an answer."""

    TEXT = "TEXT"
    WHOLE_NUMBER = "WHOLE_NUMBER"
    DATE = "DATE"
    YES_NO = "YES_NO"
    CHOICE = "CHOICE"
    GROUP = "GROUP"


Rule = Mapping[str, Any]
"""A condition of the vocabulary, as JSON (docs/forms.md, Rules)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers of a choice."""

    value: str
    label: Bilingual


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `rows` are the most rows of a group, whose questions are `questions`."""

    name: str
    kind: QuestionKind
    label: Bilingual
    help: Bilingual | None = None
    required: bool = False
    visible_if: Rule | None = None
    required_if: Rule | bool = False
    prefill: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    earliest: str | None = None
    latest: str | None = None
    pattern: str | None = None
    hint: Bilingual | None = None
    unit: Bilingual | None = None
    email: bool = False
    multiline: bool = False
    must_agree: bool = False
    """Only yes is an answer, as with a declaration."""
    account_number: bool = False
    """A number that may look like an Aadhaar number and is none."""
    script_of: str | None = None
    """The question that has the same name in the other script."""
    fewest_rows: int = 0
    rows: int = 0
    questions: tuple["Question", ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that are drawn together, in their order."""

    key: str
    label: Bilingual
    help: Bilingual | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule between answers: `must` hold where `when` does. `name` is the question at which a breach is reported."""

    name: str
    when: Rule | None
    must: Rule
    message: Bilingual


@dataclass(frozen=True, slots=True)
class Form:
    """A form. `version` is the SHA-256 of its schema in canonical JSON; `services` are slugs of the catalogue."""

    name: str
    version: str
    services: tuple[str, ...]
    code_source: str
    verified: bool
    source: str
    label: Bilingual
    help: Bilingual | None
    sections: tuple[Section, ...]
    checks: tuple[Check, ...]
    schema: Mapping[str, Any] = field(repr=False)
    by_name: Mapping[str, Question] = field(repr=False)
    distinct_by: tuple[str, ...] = ()
    """The questions that tell one application of a citizen from another, such as the name of the child."""

    @property
    def generic(self) -> bool:
        """Whether it serves the services that have no form of their own."""
        return self.name == GENERIC

    @property
    def example(self) -> dict[str, str]:
        """Answers that the form's author gives as right, by their names."""
        return flat(self.schema["examples"][0])

    def question(self, name: str) -> Question | None:
        """The question that an answer's name means, or None."""
        parts = name.split(".")
        asked = self.by_name.get(parts[0])
        if asked is None or (asked.kind is QuestionKind.GROUP) is (len(parts) == 1):
            return None
        if len(parts) == 1:
            return asked
        row = row_of(parts[1])
        if len(parts) != 3 or row is None or row >= asked.rows:
            return None
        return next((inner for inner in asked.questions if inner.name == parts[2]), None)

    def same_matter(self, answers: Mapping[str, str], others: Mapping[str, str]) -> bool:
        """Whether two applications of one citizen ask for the same: none of `distinct_by` is answered differently.

        What one of them leaves open does not tell them apart: a child without a name may be the one that has a name.
        Without `distinct_by` all applications for the service are the same.
        """
        asked = [(answers.get(name), others.get(name)) for name in self.distinct_by]
        return all(_comparable(one) == _comparable(other) for one, other in asked if one and other)

    def all_questions(self) -> Iterator[Question]:
        """Every question in the order in which it is drawn; those of a group stay in it."""
        for section in self.sections:
            yield from section.questions


def _comparable(answer: str) -> str:
    """An answer without what people write differently: case, width, spaces and punctuation."""
    letters = unicodedata.normalize("NFKC", answer).casefold()
    return " ".join("".join(one if unicodedata.category(one)[0] in "LNM" else " " for one in letters).split())


def digest_of(answer: str) -> str:
    """The SHA-256 of an answer in hexadecimal, which shows whether it is still the one that a document gave."""
    return hashlib.sha256(answer.encode()).hexdigest()


def row_of(text: str) -> int | None:
    """The number of a row, or None for anything but ASCII digits without leading zeros."""
    if not (text.isascii() and text.isdigit()) or len(text) > 3 or (text[0] == "0" and text != "0"):
        return None
    return int(text)


def flat(instance: Mapping[str, Any]) -> dict[str, str]:
    """A JSON instance of a form as named answers."""
    answers: dict[str, str] = {}
    for name, value in instance.items():
        if isinstance(value, list):
            for row, inner in enumerate(value):
                answers |= {f"{name}.{row}.{key}": as_text(one) for key, one in inner.items()}
        else:
            answers[name] = as_text(value)
    return answers


def as_text(value: str | int | bool) -> str:
    """A value of an instance as it is written in an answer."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

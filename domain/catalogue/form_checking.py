"""Validates a person's answers against a form, question by question, with one code for each cause.

Of a draft only what is there is checked; of a form that is handed in also that nothing is missing, and that nothing is
answered which was not asked.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import jsonschema_rs

from domain.catalogue.form_problems import (
    PATH,
    aadhaar_inside,
    check_failed,
    from_validator,
    not_asked,
    out_of_days,
    problem,
    too_long,
    unknown,
)
from domain.catalogue.form_rules import Scope, holds, is_needed, is_visible, names_in
from domain.catalogue.forms import LONGEST_ANSWER, MOST_ANSWERS, Form, Question, QuestionKind, flat
from domain.kernel import ErrorCode, Problem, hidden_character_problem, holds_aadhaar, latin_digits

MOST_VALIDATORS = 500
_validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

_WHOLE = re.compile(r"-?\d{1,13}")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_YEAR_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers as they are kept, without those that were left empty, and every cause of a refusal."""

    answers: Mapping[str, str]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Read:
    """Answers while they are read. `rows` gives for each group which rows of the input its items are."""

    instance: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    refused_names: set[str] = field(default_factory=set)

    def refuse(self, name: str, cause: Problem) -> None:
        """Record a cause; only the first one at a question is reported."""
        if name not in self.refused_names:
            self.refused_names.add(name)
            self.problems.append(cause)


def check_answers(form: Form, answers: Mapping[str, str], *, today: date, complete: bool) -> Checked:
    """Check answers by their names; `today` is the day in India, `complete` for a form that is handed in.

    Answers come back trimmed, days as YYYY-MM-DD, whole numbers in Latin digits without separators. The path of a
    problem is `input`, `form` and the parts of the question's name.
    """
    if len(answers) > MOST_ANSWERS:
        return Checked({}, (Problem(ErrorCode.BAD_INPUT, PATH, params={"most": str(MOST_ANSWERS)}),))
    read = _read(form, answers)
    _by_schema(form, read, complete=complete)
    scope = Scope(read.instance, today)
    _by_rules(form, read, scope, complete=complete)
    for check in form.checks:
        due = check.when is None or holds(check.when, scope) is True
        if due and not _needs_refused_answer(check.must, read) and holds(check.must, scope) is False:
            read.refuse(check.name, check_failed(form.by_name[check.name], check))
    order = {question.name: place for place, question in enumerate(form.all_questions())}
    told = sorted(read.problems, key=lambda one: order.get(one.path[2] if len(one.path) > 2 else "", len(order)))
    return Checked(read.answers, tuple(told))


def plain_day(text: str) -> str | None:
    """A day written YYYY-MM-DD or DD-MM-YYYY (also with / or .), in either digits, as YYYY-MM-DD; else None."""
    plain = latin_digits(text.strip())
    if (found := _DAY_FIRST.fullmatch(plain)) is not None:
        plain = f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    try:
        return date.fromisoformat(plain).isoformat() if _YEAR_FIRST.fullmatch(plain) else None
    except ValueError:
        return None


def validator_of(form: Form) -> jsonschema_rs.Draft202012Validator:
    """What checks an instance of the form, by its version; patterns run in linear time and nothing is fetched."""
    known = _validators.get(form.version)
    if known is None:
        if len(_validators) >= MOST_VALIDATORS:
            _validators.pop(next(iter(_validators)))
        known = _validators[form.version] = jsonschema_rs.Draft202012Validator(
            dict(form.schema), validate_formats=True, pattern_options=jsonschema_rs.RegexOptions(), offline=True
        )
    return known


def _read(form: Form, answers: Mapping[str, str]) -> _Read:
    read = _Read()
    rows: dict[str, dict[int, dict[str, Any]]] = {}
    for place, (name, text) in enumerate(answers.items()):
        question = form.question(name)
        if question is None:
            shown = name if _NAMED.fullmatch(name) else str(place)
            read.refuse(shown, unknown(shown))
            continue
        if len(text) > LONGEST_ANSWER:
            read.refuse(name, too_long(question, name, LONGEST_ANSWER))
            continue
        value = _value(question, name, text, read)
        if value is None:
            continue
        if "." not in name:
            read.instance[name] = value
        else:
            group, row, inner = name.split(".")
            rows.setdefault(group, {}).setdefault(int(row), {})[inner] = value
    for repeated, found in rows.items():
        read.rows[repeated] = sorted(found)
        read.instance[repeated] = [found[at] for at in read.rows[repeated]]
    read.answers = flat(read.instance)
    return read


def _value(question: Question, name: str, text: str, read: _Read) -> Any:
    """The answer as a JSON value; None where it is empty or refused."""
    hidden = hidden_character_problem(text, *PATH, *name.split("."))
    if hidden is not None:
        read.refuse(name, hidden)
        return None
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    if not plain:
        return None
    if not question.account_number and holds_aadhaar(plain):
        read.refuse(name, aadhaar_inside(question, name))
        return None
    value = _parse_plain(question, plain)
    if value is None:
        read.refuse(name, problem(ErrorCode.FORM_VALUE_INVALID, question, name))
    return value


def _parse_plain(question: Question, plain: str) -> Any:
    match question.kind:
        case QuestionKind.WHOLE_NUMBER:
            digits = latin_digits(plain).replace(",", "").replace(" ", "")
            return int(digits) if _WHOLE.fullmatch(digits) and digits.isascii() else None
        case QuestionKind.YES_NO:
            return {"true": True, "false": False}.get(plain)
        case QuestionKind.DATE:
            return plain_day(plain)
        case QuestionKind.TEXT:
            allowed = "\n" if question.multiline else ""
            if any(unicodedata.category(letter) in ("Cc", "Cs", "Co") and letter not in allowed for letter in plain):
                return None
            return latin_digits(plain) if question.pattern is not None or question.account_number else plain
    return plain


def _by_schema(form: Form, read: _Read, *, complete: bool) -> None:
    for error in validator_of(form).iter_errors(read.instance):
        path = [str(step) for step in error.instance_path]
        if len(path) > 1:
            path[1] = str(read.rows[path[0]][int(path[1])])
        if error.kind.name == "required":
            path.append(error.kind.as_dict()["property"])
        if not complete and error.kind.name in ("required", "minItems"):
            continue
        name = ".".join(path)
        question = form.question(name) or form.by_name.get(path[0])
        if question is not None:
            read.refuse(name, from_validator(error, question, name))


def _by_rules(form: Form, read: _Read, scope: Scope, *, complete: bool) -> None:
    for question in form.all_questions():
        _ask(question, question.name, scope, read, complete=complete)
        if question.kind is QuestionKind.GROUP:
            for at, row in enumerate(read.rows.get(question.name, ())):
                inside = scope.for_row(read.instance[question.name][at])
                for inner in question.questions:
                    _ask(inner, f"{question.name}.{row}.{inner.name}", inside, read, complete=complete)


def _ask(question: Question, name: str, scope: Scope, read: _Read, *, complete: bool) -> None:
    """One question in its scope: whether it was to be answered at all, and the days that it allows."""
    value = (scope.answers if scope.row is None else scope.row).get(question.name)
    asked = is_visible(question, scope)
    if value is None:
        if complete and asked and is_needed(question, scope):
            read.refuse(name, problem(ErrorCode.FORM_ANSWER_MISSING, question, name))
        return
    if complete and not asked:
        read.refuse(name, not_asked(question, name))
    elif question.kind is QuestionKind.DATE:
        for cause in _date_limit_problems(question, name, value, scope.today):
            read.refuse(name, cause)


def _date_limit_problems(question: Question, name: str, value: str, today: date) -> Iterator[Problem]:
    for limit, beyond in ((question.earliest, str.__lt__), (question.latest, str.__gt__)):
        if limit is not None:
            day = today.isoformat() if limit == "today" else limit
            if beyond(value, day):
                yield out_of_days(question, name, day, too_late=beyond is str.__gt__)


def _needs_refused_answer(rule: Mapping[str, Any], read: _Read) -> bool:
    """Whether a rule needs an answer that is refused already."""
    return any(name.partition(".")[0] in read.refused_names for _, name in names_in(rule))

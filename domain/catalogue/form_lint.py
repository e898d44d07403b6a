"""Checks of a form beyond its schema: consistent rules, safe patterns, and examples that pass or fail as declared."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from domain.catalogue.form_bounds import FormRefused, Reason
from domain.catalogue.form_checking import check_answers, validator_of
from domain.catalogue.form_patterns import unsafe
from domain.catalogue.form_rules import depth_of, fits, names_in, rules_of
from domain.catalogue.forms import MOST_ANSWERS, Form, Question, QuestionKind, Rule, flat
from domain.identity.facts import FactKey
from domain.kernel import script_letters, state_language

DEEPEST_RULE = 4
EXAMPLE_DAY = date(2026, 11, 24)
"""The day on which examples are tried, so that an age in them does not change."""

_AADHAAR = re.compile(r"a+dh+a*r|\buid\b|uidai", re.IGNORECASE)


def lint(form: Form, failures: Iterable[Mapping[str, Any]]) -> None:
    """Check a form that fits its schema. Raises FormRefused for the first fault."""
    _script(form.schema, re.compile(f"[{script_letters(state_language())}]"), "schema")
    _sections(form)
    _rows(form)
    for question in form.all_questions():
        _question(question, question.name)
        for inner in question.questions:
            _question(inner, f"{question.name}.{inner.name}")
    for rule in rules_of(form):
        _rule(form, rule)
    for check in form.checks:
        if check.name not in form.by_name:
            raise FormRefused(Reason.QUESTION_UNKNOWN, "schema", "x-checks", check.name)
    _distinct_by(form)
    validator_of(form)
    _examples(form)
    for failure in failures:
        _fails(form, failure)


def _script(part: Any, letters: re.Pattern[str], *place: str) -> None:
    """Every text in the state's language has a letter of its script."""
    if isinstance(part, Mapping):
        text = part.get("hi")
        if isinstance(text, str) and "en" in part and letters.search(text) is None:
            raise FormRefused(Reason.OTHER_SCRIPT, *place)
        for name, inner in part.items():
            _script(inner, letters, *place, name)
    elif isinstance(part, list | tuple):
        for number, inner in enumerate(part):
            _script(inner, letters, *place, str(number))


def _sections(form: Form) -> None:
    placed = Counter(question.name for question in form.all_questions())
    for name in form.by_name:
        if placed[name] != 1:
            raise FormRefused(Reason.QUESTION_NOT_IN_ONE_SECTION, "schema", "x-sections", name)


def _rows(form: Form) -> None:
    answers = sum(len(one.questions) * one.rows if one.questions else 1 for one in form.all_questions())
    if answers > MOST_ANSWERS:
        raise FormRefused(Reason.TOO_MANY_ANSWERS, "schema", "properties", keyword=str(answers))


def _question(question: Question, name: str) -> None:
    place = ("schema", "properties", name)
    if question.pattern is not None and (why := unsafe(question.pattern)) is not None:
        raise FormRefused(Reason.PATTERN_UNSAFE, *place, keyword=why)
    if _AADHAAR.search(name) or _AADHAAR.search(question.label.en):
        raise FormRefused(Reason.ASKS_AADHAAR, *place)
    if unknown := set(question.prefill) - set(FactKey):
        raise FormRefused(Reason.FACT_UNKNOWN, *place, keyword=", ".join(sorted(unknown)))
    if question.required and question.visible_if is not None:
        raise FormRefused(Reason.ALWAYS_REQUIRED_BUT_HIDDEN, *place)
    _bounds(question, place)


def _bounds(question: Question, place: tuple[str, ...]) -> None:
    pairs = (
        (question.least, question.most),
        (question.shortest, question.longest),
        (question.fewest_rows, question.rows),
    )
    for least, most in pairs:
        if least is not None and most is not None and least > most:
            raise FormRefused(Reason.BOUNDS_CROSSED, *place)


def _rule(form: Form, rule: Rule) -> None:
    if depth_of(rule) > DEEPEST_RULE:
        raise FormRefused(Reason.RULE_TOO_DEEP, "schema")
    for kind, name in names_in(rule):
        inner = {one.name: one for question in form.all_questions() for one in question.questions}
        if not fits(kind, name, {**inner, **form.by_name}):
            raise FormRefused(Reason.RULE_DOES_NOT_FIT, "schema", name, keyword=kind)


def _distinct_by(form: Form) -> None:
    """What tells applications apart is a question of the form, and no group: rows have no order that counts."""
    for name in form.distinct_by:
        if name not in form.by_name or form.by_name[name].kind is QuestionKind.GROUP:
            raise FormRefused(Reason.QUESTION_UNKNOWN, "schema", "x-distinct-by", name)


def _examples(form: Form) -> None:
    for place, example in enumerate(form.schema["examples"]):
        if not validator_of(form).is_valid(example):
            raise FormRefused(Reason.EXAMPLE_WRONG, "schema", "examples", str(place))
        checked = check_answers(form, flat(example), today=EXAMPLE_DAY, complete=True)
        if checked.problems:
            problem = checked.problems[0]
            at = ("schema", "examples", str(place), *problem.path[2:])
            raise FormRefused(Reason.EXAMPLE_WRONG, *at, keyword=problem.code.value)


def _fails(form: Form, failure: Mapping[str, Any]) -> None:
    changed = {**form.example, **failure["answers"]}
    answers = {name: value for name, value in changed.items() if value is not None}
    checked = check_answers(form, answers, today=EXAMPLE_DAY, complete=True)
    told = [(".".join(problem.path[2:]), problem.code.value) for problem in checked.problems]
    if (failure["path"], failure["code"]) not in told:
        raise FormRefused(Reason.EXAMPLE_WRONG, "fails", failure["path"], keyword=f"{failure['code']} not in {told}")

"""Evaluates a form's own rules: when a question is shown or required, and constraints between answers.

A rule that needs an answer which is not there cannot be decided; it is then taken as not holding for visibility and
need, and as holding for a check, so that a form that is partly filled shows no false error.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.catalogue.forms import Form, Question, QuestionKind, Rule

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The answers that a rule sees: those of the row first, then those of the form. `today` is the day in India."""

    answers: Mapping[str, Any]
    today: date
    row: Mapping[str, Any] | None = None

    def value(self, name: str) -> Any:
        """The answer to a question, or None."""
        if self.row is not None and name in self.row:
            return self.row[name]
        return self.answers.get(name)

    def for_row(self, row: Mapping[str, Any]) -> "Scope":
        """The same for a rule inside a row of a group."""
        return Scope(self.answers, self.today, row)


def holds(rule: Rule, scope: Scope) -> bool | None:
    """Whether a rule holds; None where an answer that it needs is not there."""
    if "all" in rule:
        return _all_hold([holds(part, scope) for part in rule["all"]])
    if "any" in rule:
        found = _all_hold([_not(holds(part, scope)) for part in rule["any"]])
        return _not(found)
    if "not" in rule:
        return _not(holds(rule["not"], scope))
    if "answered" in rule:
        return (scope.value(rule["field"]) is not None) is rule["answered"]
    if "in" in rule:
        value = scope.value(rule["field"])
        return None if value is None else any(is_same_value(value, one) for one in rule["in"])
    left, right = _operand(rule["left"], scope), _operand(rule["right"], scope)
    if left is None or right is None or type(left) is not type(right):
        return None
    return _COMPARE[rule["is"]](left, right)


def is_visible(question: Question, scope: Scope) -> bool:
    """Whether a question is asked."""
    return question.visible_if is None or holds(question.visible_if, scope) is True


def is_needed(question: Question, scope: Scope) -> bool:
    """Whether a question that is asked must be answered."""
    if question.required:
        return True
    if isinstance(question.required_if, bool):
        return question.required_if
    return holds(question.required_if, scope) is True


def names_in(rule: Rule) -> Iterator[tuple[str, str]]:
    """The questions that a rule names, each with what is asked of it: field, age, year, years_since, rows or sum."""
    for part in (*rule.get("all", ()), *rule.get("any", ())):
        yield from names_in(part)
    if "not" in rule:
        yield from names_in(rule["not"])
    if "field" in rule:
        yield "field", rule["field"]
    for side in ("left", "right"):
        for kind, name in rule.get(side, {}).items():
            if kind not in ("value", "today"):
                yield kind, name


def depth_of(rule: Rule) -> int:
    """How deep a rule is nested; a bare one is 1."""
    parts = [*rule.get("all", ()), *rule.get("any", ()), *([rule["not"]] if "not" in rule else [])]
    return 1 + max((depth_of(part) for part in parts), default=0)


def fits(kind: str, name: str, form: Mapping[str, Question]) -> bool:
    """Whether a rule may ask this of the question with the name."""
    group, _, inner = name.partition(".")
    question = form.get(group)
    if question is None:
        return False
    if kind == "sum":
        numbers = [one.name for one in question.questions if one.kind is QuestionKind.WHOLE_NUMBER]
        return inner in numbers
    if kind == "rows":
        return question.kind is QuestionKind.GROUP
    if kind == "years_since":
        return question.kind is QuestionKind.WHOLE_NUMBER
    if kind in ("age", "year"):
        return question.kind is QuestionKind.DATE
    return True


def years_between(born: date, today: date) -> int:
    """The age in whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def rules_of(form: Form) -> Iterator[Rule]:
    """Every rule of a form."""
    for question in form.all_questions():
        for one in (question, *question.questions):
            if one.visible_if is not None:
                yield one.visible_if
            if not isinstance(one.required_if, bool):
                yield one.required_if
    for check in form.checks:
        yield check.must
        if check.when is not None:
            yield check.when


def is_same_value(value: Any, other: Any) -> bool:
    """Equal and of one type: yes is not the number 1."""
    return type(value) is type(other) and bool(value == other)


def _operand(operand: Mapping[str, Any], scope: Scope) -> Any:
    ((kind, name),) = operand.items()
    match kind:
        case "value":
            return name
        case "today":
            return scope.today.isoformat() if name == "day" else scope.today.year
        case "sum":
            group, inner = name.split(".")
            rows = scope.answers.get(group)
            return None if rows is None else sum(row.get(inner, 0) for row in rows)
        case "rows":
            return len(scope.answers[name]) if name in scope.answers else None
    value = scope.value(name)
    if value is None or kind == "field":
        return value
    if kind == "years_since":
        return scope.today.year - value
    born = date.fromisoformat(value)
    return born.year if kind == "year" else years_between(born, scope.today)


def _not(found: bool | None) -> bool | None:
    return None if found is None else not found


def _all_hold(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True

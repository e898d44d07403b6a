"""Says a rule of a form in words, so that a form author reads what he wrote."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from domain.forms import Form, Question, Rule
from domain.text import Bilingual, Language

_AND, _OR = Bilingual(" और ", " and "), Bilingual(" या ", " or ")
_NOT = Bilingual("{rule} — ऐसा न हो", "not: {rule}")
_IS = Bilingual("“{label}” = {values}", "“{label}” is {values}")
_ANSWERED = Bilingual("“{label}” भरा हो", "“{label}” is filled in")
_EMPTY = Bilingual("“{label}” खाली हो", "“{label}” is empty")
_YES, _NO = Bilingual("हाँ", "yes"), Bilingual("नहीं", "no")
_OPERANDS: Mapping[str, Bilingual] = MappingProxyType(
    {
        "field": Bilingual("“{label}”", "“{label}”"),
        "age": Bilingual("“{label}” से आयु", "age by “{label}”"),
        "year": Bilingual("“{label}” का वर्ष", "year of “{label}”"),
        "years_since": Bilingual("“{label}” से अब तक के वर्ष", "years since “{label}”"),
        "rows": Bilingual("“{label}” की संख्या", "entries of “{label}”"),
        "sum": Bilingual("“{label}” का योग", "sum of “{label}”"),
    }
)
_TODAY: Mapping[str, Bilingual] = MappingProxyType(
    {"day": Bilingual("आज", "today"), "year": Bilingual("यह वर्ष", "this year")}
)


def said_of(rule: Rule, form: Form, language: Language) -> str:
    """The rule in words of the language, not escaped."""
    for keyword, between in (("all", _AND), ("any", _OR)):
        if keyword in rule:
            return between.in_language(language).join(said_of(part, form, language) for part in rule[keyword])
    if "not" in rule:
        return _NOT.in_language(language).format(rule=said_of(rule["not"], form, language))
    if "answered" in rule:
        words = _ANSWERED if rule["answered"] else _EMPTY
        return words.in_language(language).format(label=_label(form, rule["field"], language))
    if "in" in rule:
        question = _question(form, rule["field"])
        values = _OR.in_language(language).join(_value(question, one, language) for one in rule["in"])
        return _IS.in_language(language).format(label=_label(form, rule["field"], language), values=values)
    sides = [_operand(rule[side], form, language) for side in ("left", "right")]
    return f"{sides[0]} {rule['is']} {sides[1]}"


def _operand(operand: Mapping[str, Any], form: Form, language: Language) -> str:
    ((kind, name),) = operand.items()
    if kind == "value":
        return str(name)
    if kind == "today":
        return _TODAY[name].in_language(language)
    return _OPERANDS[kind].in_language(language).format(label=_label(form, name, language))


def _label(form: Form, name: str, language: Language) -> str:
    question = _question(form, name)
    return question.label.in_language(language) if question else name


def _question(form: Form, name: str) -> Question | None:
    """The question that a rule names: of the form, of a group by `group.question`, or of a row by its own name."""
    group, _, inner = name.partition(".")
    if group in form.by_name and not inner:
        return form.by_name[group]
    groups = [form.by_name[group]] if inner and group in form.by_name else list(form.asked())
    return next((one for each in groups for one in each.questions if one.name == (inner or name)), None)


def _value(question: Question | None, value: Any, language: Language) -> str:
    if isinstance(value, bool):
        return (_YES if value else _NO).in_language(language)
    options = question.options if question else ()
    return next((one.label.in_language(language) for one in options if one.value == value), str(value))

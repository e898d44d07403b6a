"""Renders a form as HTML without script: a label for every input, help and errors linked to it, one column.

Rules are said in words, so that a form author reads what he wrote.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from domain.catalogue.forms import Form, Question, QuestionKind, Rule, Section, row_of
from domain.kernel import Bilingual, Language
from domain.kernel.messages import Texts

_TEXTS = Texts("page.form_drawing")

ROWS = "_rows."
"""Begins the name of the hidden field that says how many rows of a group are drawn."""

MORE = "_more"
"""The name of the button that asks for one more row."""

_LEAST_ROWS = 2
_SELECTED = {True: " selected", False: ""}
_IS = Bilingual("“{label}” = {values}", "“{label}” is {values}")
_FIELD = Bilingual("“{label}”", "“{label}”")


@dataclass(frozen=True, slots=True)
class FormView:
    """What a form is drawn with: answers by name, what is wrong by name, rows of groups that are wanted."""

    form: Form
    language: Language
    answers: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    def say(self, text: Bilingual) -> str:
        """A text in the language of the page, escaped."""
        return escape(text.in_language(self.language))


def draw(drawn: FormView, action: str) -> str:
    """The whole form; `action` is the address that it is posted to."""
    summary = _summary(drawn)
    sections = "\n".join(_section(drawn, section) for section in drawn.form.sections)
    return (
        f'{summary}<form class="ask" method="post" action="{escape(action)}" novalidate>\n{sections}\n'
        f"<p><button>{drawn.say(_TEXTS.check)}</button></p>\n</form>{_checks(drawn)}"
    )


def id_of(name: str) -> str:
    """The id of the input for an answer."""
    return "q-" + name.replace(".", "-").replace("_", "-")


def _summary(drawn: FormView) -> str:
    if not drawn.faults:
        return ""
    lines = "".join(f"<li>{_fault_link(drawn, name, fault)}</li>" for name, fault in drawn.faults.items())
    return f'<div role="alert"><p class="bad">{drawn.say(_TEXTS.faults)}</p><ul>{lines}</ul></div>\n'


def _checks(drawn: FormView) -> str:
    """The checks between answers in words, which a form author would else see only where one fails."""
    if not drawn.form.checks:
        return ""
    lines = "".join(
        f"<li>{drawn.say(drawn.form.by_name[check.name].label)}: {drawn.say(check.message)}</li>"
        for check in drawn.form.checks
    )
    return f'\n<section><h2>{drawn.say(_TEXTS.checks)}</h2><ul class="plain">{lines}</ul></section>'


def _fault_link(drawn: FormView, name: str, fault: str) -> str:
    """A fault that leads to its question; one about what the form does not ask leads nowhere."""
    there = drawn.form.question(name) is not None or name in drawn.form.by_name
    return f'<a href="#{id_of(name)}">{escape(fault)}</a>' if there else f"{escape(name)}: {escape(fault)}"


def _section(drawn: FormView, section: Section) -> str:
    help_text = f'<p class="plain">{drawn.say(section.help)}</p>' if section.help else ""
    questions = "\n".join(
        _group(drawn, one) if one.kind is QuestionKind.GROUP else _draw_question(drawn, one, one.name)
        for one in section.questions
    )
    return f"<section>\n<h2>{drawn.say(section.label)}</h2>{help_text}\n{questions}\n</section>"


def _group(drawn: FormView, question: Question) -> str:
    answered = [row_of(name.split(".")[1]) for name in drawn.answers if name.startswith(f"{question.name}.")]
    last = max((row + 1 for row in answered if row is not None), default=0)
    wanted = max(drawn.rows.get(question.name, 0), last, question.fewest_rows, _LEAST_ROWS)
    rows = min(wanted, question.rows)
    parts = [_row(drawn, question, row) for row in range(rows)]
    more = (
        f'<p><button name="{MORE}" value="{question.name}">{drawn.say(_TEXTS.more_rows)}</button></p>'
        if rows < question.rows
        else ""
    )
    name = question.name
    return (
        f'<fieldset id="{id_of(name)}" tabindex="-1"{_description_attributes(drawn, question, name)}>'
        f"<legend>{drawn.say(question.label)}{_mark(drawn, question)}</legend>"
        f"{_notes(drawn, question, name)}{''.join(parts)}{more}"
        f'<input type="hidden" name="{ROWS}{name}" value="{rows}"></fieldset>'
    )


def _row(drawn: FormView, question: Question, row: int) -> str:
    inner = "\n".join(_draw_question(drawn, one, f"{question.name}.{row}.{one.name}") for one in question.questions)
    return f"<fieldset><legend>{drawn.say(_TEXTS.row)} {row + 1}</legend>\n{inner}</fieldset>"


def _draw_question(drawn: FormView, question: Question, name: str) -> str:
    return _DRAW.get(question.kind, _text)(drawn, question, name)


def _labelled_control(drawn: FormView, question: Question, name: str, control: str) -> str:
    unit = f" ({drawn.say(question.unit)})" if question.unit else ""
    label = f'<label for="{id_of(name)}">{drawn.say(question.label)}{unit}{_mark(drawn, question)}</label>'
    return f'<div class="q">{label}{_notes(drawn, question, name)}{control}</div>'


def _text(drawn: FormView, question: Question, name: str) -> str:
    value = drawn.answers.get(name, "")
    if question.multiline:
        control = f'<textarea rows="4"{_attributes(drawn, question, name)}>{escape(value)}</textarea>'
        return _labelled_control(drawn, question, name, control)
    kind = {QuestionKind.DATE: "date"}.get(question.kind, "email" if question.email else "text")
    digits = question.kind is QuestionKind.WHOLE_NUMBER or (question.pattern or "").startswith("^[0-9]")
    numeric = ' inputmode="numeric"' if digits else ""
    control = f'<input type="{kind}"{numeric} value="{escape(value)}"{_attributes(drawn, question, name)}>'
    return _labelled_control(drawn, question, name, control)


def _choice(drawn: FormView, question: Question, name: str) -> str:
    given = drawn.answers.get(name)
    options = "".join(
        f'<option value="{escape(one.value)}"{_SELECTED[one.value == given]}>{drawn.say(one.label)}</option>'
        for one in question.options
    )
    blank = f'<option value="">{drawn.say(_TEXTS.choose)}</option>'
    return _labelled_control(
        drawn, question, name, f"<select{_attributes(drawn, question, name)}>{blank}{options}</select>"
    )


def _yes_no(drawn: FormView, question: Question, name: str) -> str:
    given = drawn.answers.get(name)
    if question.must_agree:
        checked = " checked" if given == "true" else ""
        box = f'<input type="checkbox" value="true"{checked}{_attributes(drawn, question, name)}>'
        label = f'<label for="{id_of(name)}">{drawn.say(question.label)}{_mark(drawn, question)}</label>'
        return f'<div class="q tick">{box} {label}{_notes(drawn, question, name)}</div>'
    choices = "".join(
        f'<span class="tick"><input type="radio" id="{id_of(name)}{end}" name="{name}" value="{value}"'
        f'{" checked" if given == value else ""}> <label for="{id_of(name)}{end}">{drawn.say(words)}</label></span>'
        for value, words, end in (("true", _TEXTS.yes, ""), ("false", _TEXTS.no, "-no"))
    )
    return (
        f'<fieldset class="q"{_description_attributes(drawn, question, name)}><legend>{drawn.say(question.label)}'
        f"{_mark(drawn, question)}</legend>{_notes(drawn, question, name)}{choices}</fieldset>"
    )


_DRAW: Mapping[QuestionKind, Callable[[FormView, Question, str], str]] = {
    QuestionKind.CHOICE: _choice,
    QuestionKind.YES_NO: _yes_no,
}


def _mark(drawn: FormView, question: Question) -> str:
    """Whether it must be answered, always or wherever it is asked."""
    return f" <small>({drawn.say(_TEXTS.needed)})</small>" if question.required or question.required_if is True else ""


def _helps(drawn: FormView, question: Question) -> list[str]:
    """Help, hint, and the rules by which it is asked and must be answered, in words."""
    helps = [drawn.say(words) for words in (question.help, question.hint) if words]
    for words, rule in ((_TEXTS.only_where, question.visible_if), (_TEXTS.needed_where, question.required_if)):
        if rule is not None and not isinstance(rule, bool):
            helps.append(f"{drawn.say(words)}: {escape(said_of(rule, drawn.form, drawn.language))}")
    return helps


def _notes(drawn: FormView, question: Question, name: str) -> str:
    """What helps and what is wrong; each is named by aria-describedby."""
    at, parts = id_of(name), []
    helps = _helps(drawn, question)
    if helps:
        parts.append(f'<span class="plain" id="{at}-help">{"; ".join(helps)}</span>')
    if name in drawn.faults:
        parts.append(f'<span class="bad" id="{at}-fault">{escape(drawn.faults[name])}</span>')
    return "".join(parts)


def _attributes(drawn: FormView, question: Question, name: str) -> str:
    needed = ' aria-required="true"' if question.required else ""
    return f' id="{id_of(name)}" name="{name}"{needed}{_description_attributes(drawn, question, name)}'


def _description_attributes(drawn: FormView, question: Question, name: str) -> str:
    ids = [f"{id_of(name)}-help"] if _helps(drawn, question) else []
    ids += [f"{id_of(name)}-fault"] if name in drawn.faults else []
    wrong = ' aria-invalid="true"' if name in drawn.faults and question.kind is not QuestionKind.GROUP else ""
    return (f' aria-describedby="{" ".join(ids)}"' if ids else "") + wrong


def said_of(rule: Rule, form: Form, language: Language) -> str:
    """The rule in words of the language, not escaped."""
    for keyword, between in (("all", _TEXTS["and"]), ("any", _TEXTS["or"])):
        if keyword in rule:
            return between.in_language(language).join(said_of(part, form, language) for part in rule[keyword])
    if "not" in rule:
        return _TEXTS["not"].in_language(language).format(rule=said_of(rule["not"], form, language))
    if "answered" in rule:
        words = _TEXTS.answered if rule["answered"] else _TEXTS.empty
        return words.in_language(language).format(label=_label(form, rule["field"], language))
    if "in" in rule:
        question = _question(form, rule["field"])
        values = _TEXTS["or"].in_language(language).join(_value(question, one, language) for one in rule["in"])
        return _IS.in_language(language).format(label=_label(form, rule["field"], language), values=values)
    sides = [_operand(rule[side], form, language) for side in ("left", "right")]
    return f"{sides[0]} {rule['is']} {sides[1]}"


def _operand(operand: Mapping[str, Any], form: Form, language: Language) -> str:
    ((kind, name),) = operand.items()
    if kind == "value":
        return str(name)
    if kind == "today":
        return _TEXTS[f"today.{name}"].in_language(language)
    words = _FIELD if kind == "field" else _TEXTS[f"operands.{kind}"]
    return words.in_language(language).format(label=_label(form, name, language))


def _label(form: Form, name: str, language: Language) -> str:
    question = _question(form, name)
    return question.label.in_language(language) if question else name


def _question(form: Form, name: str) -> Question | None:
    """The question that a rule names: of the form, of a group by `group.question`, or of a row by its own name."""
    group, _, inner = name.partition(".")
    if group in form.by_name and not inner:
        return form.by_name[group]
    groups = [form.by_name[group]] if inner and group in form.by_name else list(form.all_questions())
    return next((one for each in groups for one in each.questions if one.name == (inner or name)), None)


def _value(question: Question | None, value: Any, language: Language) -> str:
    if isinstance(value, bool):
        return (_TEXTS.rule_yes if value else _TEXTS.rule_no).in_language(language)
    options = question.options if question else ()
    return next((one.label.in_language(language) for one in options if one.value == value), str(value))

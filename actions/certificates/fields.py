"""Says whom a certificate is about and which answers of the form it prints, with their labels.

Only questions that its kind names, or that are in the list here, reach it: what an applicant adds is never printed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from actions.certificates.content import CertificateField
from domain.catalogue.forms import Form, Question, QuestionKind
from domain.certificates.kinds import APPLICANT, LETTERS, CertificateKind, CertificateKinds, HolderQuestions
from domain.kernel import Bilingual, ErrorCode, Problem, Problems
from domain.kernel.messages import bilingual

PRINTED = (
    "annual_income",
    "financial_year",
    "caste",
    "caste_category",
    "sub_caste",
    "resident_since",
    "village",
    "address",
    "register_number",
    "child_name",
    "date_of_birth",
    "place_of_birth",
    "deceased_name",
    "date_of_death",
    "place_of_death",
    "heirs",
    "minority_community",
    "solvency_amount",
    "purpose",
)
"""What the general kind prints, in the order in which it appears."""

_AMOUNTS = frozenset({"annual_income", "solvency_amount"})
"""Amounts of forms that say no unit, in whole rupees."""

_SLOT = re.compile(r"\{([a-z_]+)\}")
_ISO_DAY = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")

_YES_OR_NO = {"true": bilingual("page.form_drawing.yes"), "false": bilingual("page.form_drawing.no")}

CORRECTABLE = frozenset({*PRINTED, *APPLICANT.relatives})
"""The facts that a correction may change of every certificate; those that its kind prints come to them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered under a form, None where it is not known, in a state with these kinds of certificates."""

    given: Mapping[str, str]
    form: Form | None
    kinds: CertificateKinds
    present: Form | None = None
    """The form of today, which names what a correction added to an application that was filed before it was asked."""

    def question(self, name: str) -> Question | None:
        """The question of the form, else of that of today; None where neither is known or asks it."""
        return next((one.by_name[name] for one in (self.form, self.present) if one and name in one.by_name), None)

    def name_of(self, key: str) -> Bilingual | None:
        """A name in the scripts in which it was given and confirmed; nothing is transliterated here."""
        typed = self.given.get(key, "")
        return Bilingual(self._in_script(key), typed) if typed else None

    def _in_script(self, key: str) -> str | None:
        """The answer to the question that asks for the same name in the state's script."""
        asked = self.form.by_name.values() if self.form else ()
        return next((self.given.get(one.name) or None for one in asked if one.script_of == key), None)

    def day(self, key: str | None) -> date | None:
        """A day, None where none was given."""
        text = self.given.get(key or "", "")
        return date.fromisoformat(text) if _ISO_DAY.match(text) else None

    def fact(self, key: str) -> CertificateField | None:
        """The printed fact of a question; None where it was not answered."""
        question = self.question(key)
        label = question.label if question else printed_label(key)
        if question and question.kind is QuestionKind.GROUP:
            return self._group(question)
        if not (value := self._value(key)):
            return None
        return CertificateField(key, label, value, self._shown_value(question, key, value))

    def _value(self, key: str) -> str:
        """The answer as the XML says it: a day as DD-MM-YYYY, people by name and relation; empty where none is."""
        if key in self.given:
            return _ISO_DAY.sub(r"\3-\2-\1", self.given[key])
        rows = (
            name.removesuffix(".name") for name in self.given if name.startswith(f"{key}.") and name.endswith(".name")
        )
        return ", ".join(self._person(row) for row in rows)

    def _person(self, row: str) -> str:
        relation = self.given.get(f"{row}.relation")
        return f"{self.given[f'{row}.name']} ({relation})" if relation else self.given[f"{row}.name"]

    def _shown_value(self, question: Question | None, key: str, value: str) -> Bilingual | None:
        """How an answer is printed, where that is not as it was given."""
        unit = question.unit.en if question and question.unit else None
        if (unit == "rupees" or key in _AMOUNTS) and value.isascii() and value.isdigit():
            return self.kinds.amount(int(value))
        if question and question.kind is QuestionKind.CHOICE:
            return next((one.label for one in question.options if one.value == value), None)
        if question and question.kind is QuestionKind.YES_NO:
            return _YES_OR_NO.get(value)
        if question and question.unit and unit != "rupees":
            return Bilingual(f"{value} {question.unit.hi}", f"{value} {question.unit.en}")
        return Bilingual(local, value) if (local := self._in_script(key)) else None

    def _group(self, question: Question) -> CertificateField | None:
        """The entries of a group: a row for each, a column for each of its questions."""
        rows = []
        for number in range(question.rows):
            row = [self._cell(inner, f"{question.name}.{number}.{inner.name}") for inner in question.questions]
            rows += [tuple(row)] if any(cell.en for cell in row) else []
        if not rows:
            return None
        said = "; ".join(", ".join(cell.en for cell in row if cell.en) for row in rows)
        return CertificateField(
            question.name, question.label, said, None, tuple(one.label for one in question.questions), tuple(rows)
        )

    def _cell(self, question: Question, key: str) -> Bilingual:
        value = self._value(key)
        return (self._shown_value(question, key, value) if value else None) or Bilingual(None, value)


def printed_fields(answers: Answers, kind: CertificateKind | None = None) -> tuple[CertificateField, ...]:
    """The facts that a kind prints, in its order; of the general kind those of the list."""
    found = (answers.fact(key) for key in (kind.facts if kind else PRINTED))
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class CertificateHolder:
    """Whom a certificate is about, as CertificateContent says it."""

    name: Bilingual
    born_on: date | None = None
    gender: str | None = None
    guardian: Bilingual | None = None
    relation: str | None = None
    mother: Bilingual | None = None


def holder_of(questions: HolderQuestions, answers: Answers, applicant: CertificateHolder) -> CertificateHolder:
    """The holder by the questions of the kind; who applied where it names none, with the relatives of the form.

    The letter of the relation is S son, W wife, D daughter of; without one nothing is said of a relative. Raises
    Problems: FORM_ANSWER_MISSING where the form has no name of the holder, for whom nobody else may stand.
    """
    given = answers.given
    own = questions.name is None
    gender = applicant.gender if own else given.get(questions.gender or "")
    guardian, relation = None, None
    for key, said in questions.relatives.items():
        letter = said if said in LETTERS else given.get(said)
        if letter in LETTERS and (found := answers.name_of(key)):
            guardian, relation = found, "D" if letter == "S" and gender == "F" else letter
            break
    return CertificateHolder(
        name=_name_of_holder(questions, answers) or applicant.name,
        born_on=applicant.born_on if own else answers.day(questions.born_on),
        gender=gender or None,
        guardian=guardian,
        relation=relation,
        mother=answers.name_of(questions.mother) if questions.mother else None,
    )


def refuse_missing_facts(answers: Answers, kind: CertificateKind) -> None:
    """Raise Problems: FORM_ANSWER_MISSING for each fact of the template that the form demands of everybody and lacks.

    A certificate whose sentence has a gap proves nothing, and may prove something else.
    """
    asked = answers.form.by_name if answers.form else {}
    demanded = [one for one in kind.facts if one in asked and asked[one].required and asked[one].visible_if is None]
    if missing := [one for one in demanded if answers.fact(one) is None]:
        raise Problems(*(Problem(ErrorCode.FORM_ANSWER_MISSING, ("form", one)) for one in missing))


def printed_label(key: str) -> Bilingual:
    """The label of a printed field; of one that this release does not know, its key."""
    return bilingual(f"printed_field.{key}") if key in PRINTED else Bilingual(key, key)


def _name_of_holder(questions: HolderQuestions, answers: Answers) -> Bilingual | None:
    if questions.name is None:
        return None
    if named := answers.name_of(questions.name):
        return named
    if (nameless := questions.nameless) is None:
        raise Problems(Problem(ErrorCode.FORM_ANSWER_MISSING, ("form", questions.name)))
    names = {key: answers.name_of(key) for key in _SLOT.findall(nameless.en)}
    if missing := [key for key, name in names.items() if name is None]:
        raise Problems(Problem(ErrorCode.FORM_ANSWER_MISSING, ("form", missing[0])))
    said = {key: name for key, name in names.items() if name is not None}
    return Bilingual(
        (nameless.hi or "").format(**{key: name.hi or name.en for key, name in said.items()}),
        nameless.en.format(**{key: name.en for key, name in said.items()}),
    )

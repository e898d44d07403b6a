"""Parses a submitted roster row field by field, with one problem for each invalid field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from domain.catalogue.form_checking import plain_day
from domain.catalogue.forms import Form
from domain.kernel import ErrorCode, Problem, hidden_character_problem, holds_aadhaar, mobile_digits
from domain.kernel.messages import bilingual
from domain.rosters.rosters import LONGEST_NAME, LONGEST_REFERENCE, GuardianRelation, RowPerson, of_age

OLDEST_YEARS = 120
_JOINERS = re.compile("[\u200c\u200d]")
"""Parts of Hindi words, which Python does not count as printable."""
_REFERENCE = re.compile(r"[\w][\w/. -]*")

_OF_RELATION: Mapping[GuardianRelation, str] = {
    GuardianRelation.FATHER: "father_name",
    GuardianRelation.MOTHER: "mother_name",
}


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as a file or a mutation brings it: texts, not looked at yet."""

    reference: str
    name: str = field(repr=False)
    born_on: str = field(repr=False)
    guardian: str = field(repr=False)
    relation: str
    mobile: str | None = field(default=None, repr=False)
    name_hi: str | None = field(default=None, repr=False)
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    documents: Mapping[str, str] = field(default_factory=dict)
    consent_paper: str | None = None


def read_row(raw: RawRow, today: date) -> tuple[RowPerson | None, list[Problem]]:
    """The person of a row, or every cause why there is none: ROW_INVALID at the field, with what is expected.

    Somebody below eighteen needs a guardian; `SELF` is for those who are of age. Paths begin at the row.
    """
    name, guardian = _words(raw.name), _words(raw.guardian)
    name_hi, written = _words(raw.name_hi) or None, (raw.mobile or "").strip()
    relation = GuardianRelation.__members__.get(raw.relation.strip().upper())
    if relation is GuardianRelation.SELF:
        guardian = guardian or name
    born_on, mobile = _birthday(raw.born_on, today), mobile_digits(written) if written else None
    child = born_on is not None and not of_age(born_on, today)
    wrong = {
        "reference": not _a_reference(raw.reference.strip()),
        "name": not _a_name(name),
        "nameHi": name_hi is not None and not _a_name(name_hi),
        "bornOn": born_on is None,
        "relation": relation is None or (relation is GuardianRelation.SELF and child),
        "guardian": not _a_name(guardian),
        "mobile": bool(written) and mobile is None,
    }
    hidden = _hidden_characters(raw)
    problems = [*hidden.values(), *(_invalid(field) for field, found in wrong.items() if found and field not in hidden)]
    if problems or born_on is None or relation is None:
        return None, problems
    answers, documents = _non_empty_fields(raw.answers), _non_empty_fields(raw.documents)
    reference = raw.reference.strip()
    return RowPerson(reference, name, born_on, guardian, relation, mobile, name_hi, answers, documents), []


def answers_for(form: Form | None, person: RowPerson) -> dict[str, str]:
    """The answers of a row with what the row itself says, where the form asks for it and nothing else was said."""
    said = {
        "applicant_name": person.name_hi or person.name,
        "date_of_birth": person.born_on.isoformat(),
        **({"mobile": person.mobile} if person.mobile else {}),
    }
    parent = _OF_RELATION.get(person.relation)
    if parent is not None:
        said[parent] = person.guardian
    asked = {
        name: text
        for name, text in said.items()
        if form is None or ((question := form.by_name.get(name)) is not None and question.visible_if is None)
    }
    return {**asked, **person.answers}


def same_person(person: RowPerson) -> str:
    """The key that detects two rows of the same person: name without case, birth date, and telephone or guardian."""
    by = person.mobile or person.guardian.casefold()
    return f"{person.name.casefold()}|{person.born_on.isoformat()}|{by}"


def at_row(problem: Problem, place: int) -> Problem:
    """A problem of a row, with the row's path in the input; problems of a form have the path of the answer."""
    path = problem.path[1:] if problem.path[:1] == ("input",) else problem.path
    inner = ("answers", *path[1:]) if path[:1] == ("form",) else path
    return Problem(problem.code, ("input", "rows", str(place), *inner), problem.action, problem.params, problem.texts)


def _hidden_characters(raw: RawRow) -> dict[str, Problem]:
    """The fields with a character that nobody sees. Those of the answers are told with the answers."""
    texts = {
        "reference": raw.reference,
        "name": raw.name,
        "nameHi": raw.name_hi or "",
        "bornOn": raw.born_on,
        "relation": raw.relation,
        "guardian": raw.guardian,
        "mobile": raw.mobile or "",
    }
    found = {field: hidden_character_problem(text, field) for field, text in texts.items()}
    return {field: problem for field, problem in found.items() if problem is not None}


def _invalid(name: str) -> Problem:
    texts = {"label": bilingual(f"roster_field.{name}"), "expected": bilingual(f"roster_expected.{name}")}
    return Problem(ErrorCode.ROW_INVALID, (name,), texts=texts)


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _non_empty_fields(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in given.items() if text.strip()}


def _a_reference(text: str) -> bool:
    return len(text) <= LONGEST_REFERENCE and _REFERENCE.fullmatch(text) is not None and not holds_aadhaar(text)


def _a_name(text: str) -> bool:
    fits = 2 <= len(text) <= LONGEST_NAME and _JOINERS.sub("", text).isprintable()
    return fits and any(letter.isalpha() for letter in text) and not holds_aadhaar(text)


def _birthday(text: str, today: date) -> date | None:
    plain = plain_day(text)
    born_on = date.fromisoformat(plain) if plain else None
    if born_on is None or born_on > today or today.year - born_on.year > OLDEST_YEARS:
        return None
    return born_on

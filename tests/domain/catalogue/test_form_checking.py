"""What a person filled in: each cause has a code and a path, drafts are checked gently, rules are obeyed."""

from datetime import date
from typing import Any

import pytest

from domain.catalogue.form_checking import check_answers, plain_day
from domain.catalogue.forms import Form
from domain.kernel import ErrorCode, Language
from domain.kernel.messages import message
from tests.support.forms import LABEL, number, own_forms, small, text

TODAY = date(2026, 11, 24)
AADHAAR = "9999 4105 7058"
DAY = {"type": "string", "format": "date", "x-label": LABEL, "x-latest": "today", "x-earliest": "1900-01-01"}
YES_NO = {"type": "boolean", "x-label": LABEL}
CHOICE = {"type": "string", "enum": ["OWN", "RENT"], "x-options": {"OWN": LABEL, "RENT": LABEL}, "x-label": LABEL}
ROWS = {
    "type": "array",
    "x-label": LABEL,
    "maxItems": 3,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "x-order": ["name", "age"],
        "properties": {"name": text(), "age": number()},
        "required": ["name"],
    },
}
EVERYTHING = small(
    {
        "village": text(minLength=2),
        "income": number(),
        "born": DAY,
        "house": CHOICE,
        "owner": text(**{"x-visible-if": {"field": "house", "in": ["RENT"]}, "x-required-if": True}),
        "loan": YES_NO,
        "pin": text(pattern="^[0-9]{6}$", **{"x-hint": LABEL}),
        "mail": text(format="email"),
        "account": text(**{"x-account-number": True}),
        "notes": text(**{"x-multiline": True}),
        "family": ROWS,
    }
)


def told(form: Form, complete: bool = False, /, **answers: str) -> dict[str, ErrorCode]:
    named = {name.replace("__", "."): value for name, value in answers.items()}
    problems = check_answers(form, named, today=TODAY, complete=complete).problems
    return {".".join(problem.path[2:]): problem.code for problem in problems}


def kept(form: Form = EVERYTHING, **answers: str) -> dict[str, str]:
    named = {name.replace("__", "."): value for name, value in answers.items()}
    checked = check_answers(form, named, today=TODAY, complete=False)
    assert checked.problems == ()
    return dict(checked.answers)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("income", "twelve", ErrorCode.FORM_VALUE_INVALID),
        ("income", "12.5", ErrorCode.FORM_VALUE_INVALID),
        ("income", "-1", ErrorCode.FORM_VALUE_OUT_OF_RANGE),
        ("income", "1001", ErrorCode.FORM_VALUE_OUT_OF_RANGE),
        ("income", "9" * 400, ErrorCode.FORM_VALUE_INVALID),
        ("village", "x" * 21, ErrorCode.FORM_VALUE_TOO_LONG),
        ("village", "x" * 5000, ErrorCode.FORM_VALUE_TOO_LONG),
        ("village", "x", ErrorCode.FORM_VALUE_INVALID),
        ("village", "two\nlines", ErrorCode.FORM_VALUE_INVALID),
        ("village", "bell\x07", ErrorCode.FORM_VALUE_INVALID),
        ("village", "Bhagwan\u202epur", ErrorCode.TEXT_HIDDEN_CHARACTER),
        ("village", "\u200b", ErrorCode.TEXT_HIDDEN_CHARACTER),
        ("income", "12\u2060", ErrorCode.TEXT_HIDDEN_CHARACTER),
        ("family.0.name", "Asha\ufeff", ErrorCode.TEXT_HIDDEN_CHARACTER),
        ("born", "31-02-1984", ErrorCode.FORM_VALUE_INVALID),
        ("born", "2026-11-25", ErrorCode.FORM_VALUE_OUT_OF_RANGE),
        ("born", "1899-12-31", ErrorCode.FORM_VALUE_OUT_OF_RANGE),
        ("house", "TENT", ErrorCode.FORM_VALUE_NOT_LISTED),
        ("loan", "yes", ErrorCode.FORM_VALUE_INVALID),
        ("pin", "24812", ErrorCode.FORM_VALUE_INVALID),
        ("mail", "asha", ErrorCode.FORM_VALUE_INVALID),
        ("notes", AADHAAR, ErrorCode.FORM_AADHAAR_NOT_HERE),
        ("family.0.age", "old", ErrorCode.FORM_VALUE_INVALID),
        ("family.3.name", "Kavya", ErrorCode.FORM_QUESTION_UNKNOWN),
        ("family.00.name", "Kavya", ErrorCode.FORM_QUESTION_UNKNOWN),
        ("family.0.height", "170", ErrorCode.FORM_QUESTION_UNKNOWN),
        ("family", "[]", ErrorCode.FORM_QUESTION_UNKNOWN),
        ("village.0.name", "x", ErrorCode.FORM_QUESTION_UNKNOWN),
        ("favourite", "blue", ErrorCode.FORM_QUESTION_UNKNOWN),
    ],
)
def test_a_wrong_answer_is_told_at_its_place_in_a_draft_too(name: str, value: str, code: ErrorCode):
    problems = check_answers(EVERYTHING, {name: value}, today=TODAY, complete=False).problems
    assert [(".".join(problem.path), problem.code) for problem in problems] == [(f"input.form.{name}", code)]


def test_the_name_of_an_unknown_question_is_told_only_where_it_is_a_name():
    answers = {"village": "Kausani", "<script>": "x", "a" * 101: "x"}
    problems = check_answers(EVERYTHING, answers, today=TODAY, complete=False).problems
    assert [problem.path for problem in problems] == [("input", "form", "1"), ("input", "form", "2")]


def test_more_answers_than_any_form_has_are_refused_unread():
    many = {f"q{number}": "x" for number in range(101)}
    (problem,) = check_answers(EVERYTHING, many, today=TODAY, complete=True).problems
    assert (problem.code, problem.path) == (ErrorCode.BAD_INPUT, ("input", "form"))


def test_answers_are_kept_in_one_way_of_writing():
    assert kept(income=" १,००० ") == {"income": "1000"}
    assert kept(born="१४/३/१९८४") == {"born": "1984-03-14"}
    assert kept(pin="२४८१२२") == {"pin": "248122"}
    assert kept(village="  नैनीताल  ", notes="one\r\ntwo") == {"village": "नैनीताल", "notes": "one\ntwo"}
    assert kept(village="   ", income="") == {}
    assert kept(account=AADHAAR) == {"account": AADHAAR}


def test_rows_of_a_group_close_up_and_a_fault_is_told_at_the_row_that_was_sent():
    assert kept(family__2__name="Kavya", family__0__name="Rohit", family__2__age="9") == {
        "family.0.name": "Rohit",
        "family.1.name": "Kavya",
        "family.1.age": "9",
    }
    assert told(EVERYTHING, True, family__0__name="Rohit", family__2__age="9") == {
        "family.2.name": ErrorCode.FORM_ANSWER_MISSING
    }
    assert told(EVERYTHING, family__2__age="2000") == {"family.2.age": ErrorCode.FORM_VALUE_OUT_OF_RANGE}


def test_a_question_that_is_not_asked_must_be_left_empty_at_the_end_only():
    assert told(EVERYTHING, True, house="OWN", owner="Kamla") == {"owner": ErrorCode.FORM_QUESTION_NOT_ASKED}
    assert told(EVERYTHING, False, house="OWN", owner="Kamla") == {}
    assert told(EVERYTHING, True, house="RENT") == {"owner": ErrorCode.FORM_ANSWER_MISSING}
    assert told(EVERYTHING, True, house="RENT", owner="Kamla") == {}
    assert told(EVERYTHING, True, owner="Kamla") == {"owner": ErrorCode.FORM_QUESTION_NOT_ASKED}


def test_a_declaration_takes_only_yes():
    form = small({"agree": {**YES_NO, "const": True}}, required=["agree"], examples=[{"agree": True}])
    assert told(form, True, agree="false") == {"agree": ErrorCode.FORM_ANSWER_MISSING}
    assert told(form, True) == {"agree": ErrorCode.FORM_ANSWER_MISSING}
    assert told(form, True, agree="true") == {}


def rule(must: dict[str, Any], when: dict[str, Any] | None = None) -> Form:
    check = {"field": "income", "must": must, "x-message": LABEL, **({"when": when} if when else {})}
    questions = {"income": number(), "other": number(), "born": DAY, "loan": YES_NO, "family": ROWS}
    return small(questions, **{"x-checks": [check]})


AGE_60 = {"left": {"age": "born"}, "is": ">=", "right": {"value": 60}}
BORN_1984 = {"left": {"year": "born"}, "is": "=", "right": {"value": 1984}}
BEFORE_TODAY = {"left": {"field": "born"}, "is": "<", "right": {"today": "day"}}
ONE_OF_TWO = {"any": [{"field": "loan", "in": [True]}, {"field": "other", "answered": True}]}
BOTH = {"all": [{"field": "income", "in": [10]}, {"not": {"field": "loan", "in": [True]}}]}
A, AB = {"family__0__name": "A"}, {"family__0__name": "A", "family__1__name": "B"}


@pytest.mark.parametrize(
    ("must", "right", "wrong"),
    [
        ({"left": {"field": "income"}, "is": ">=", "right": {"field": "other"}}, {"other": "5"}, {"other": "11"}),
        (AGE_60, {"born": "1966-11-24"}, {"born": "1966-11-25"}),
        (BORN_1984, {"born": "1984-03-14"}, {"born": "1985-03-14"}),
        ({"left": {"years_since": "other"}, "is": ">", "right": {"value": 2000}}, {"other": "10"}, {"other": "900"}),
        ({"left": {"rows": "family"}, "is": "<", "right": {"value": 2}}, A, AB),
        ({"left": {"sum": "family.age"}, "is": "!=", "right": {"field": "income"}}, A,
         {**AB, "family__0__age": "4", "family__1__age": "6"}),
        (BEFORE_TODAY, {"born": "2026-11-23"}, {"born": "2026-11-24"}),
        ({"left": {"today": "year"}, "is": "=", "right": {"field": "other"}}, {}, {"other": "1"}),
        (ONE_OF_TWO, {"other": "1", "loan": "false"}, {"loan": "false"}),
        (BOTH, {"loan": "false"}, {"loan": "true"}),
    ],
)  # fmt: skip
def test_a_check_between_answers(must: dict[str, Any], right: dict[str, str], wrong: dict[str, str]):
    form = rule(must)
    assert told(form, income="10", **right) == {}
    assert told(form, income="10", **wrong) == {"income": ErrorCode.FORM_ANSWERS_DISAGREE}


def test_a_check_waits_for_its_answers_and_for_its_occasion():
    more = {"left": {"field": "income"}, "is": ">", "right": {"field": "other"}}
    assert told(rule(more), other="5") == {}
    assert told(rule(more), income="x", other="5") == {"income": ErrorCode.FORM_VALUE_INVALID}
    occasion = rule(more, {"field": "loan", "in": [True]})
    assert told(occasion, income="1", other="5") == {}
    assert told(occasion, income="1", other="5", loan="true") == {"income": ErrorCode.FORM_ANSWERS_DISAGREE}


def test_yes_is_not_the_number_one():
    form = rule({"field": "other", "in": [True]})
    assert told(form, income="1", other="1") == {"income": ErrorCode.FORM_ANSWERS_DISAGREE}


def test_faults_come_in_the_order_of_the_form_with_their_labels_in_the_asked_language():
    form = own_forms()["income-certificate"]
    answers = {**form.example, "annual_income": "-1", "applicant_name": "", "financial_year": "2025"}
    problems = check_answers(form, answers, today=TODAY, complete=True).problems
    assert [problem.path[2] for problem in problems] == ["applicant_name", "annual_income", "financial_year"]
    said = [message(one.code, Language.HI, one.params, one.texts) for one in problems]
    assert said[0] == 'कृपया "आवेदक का नाम" भरें।'
    assert said[1] == '"परिवार की वार्षिक आय" की सीमा: कम से कम 0।'
    assert message(problems[2].code, Language.EN, problems[2].params, problems[2].texts) == (
        '"Financial year" is not correct: such as 2025-26.'
    )


def test_a_day_may_be_written_in_the_usual_ways():
    assert {plain_day(text) for text in ("2026-03-14", "14-03-2026", "14/3/2026", "१४.०३.२०२६")} == {"2026-03-14"}
    assert [plain_day(text) for text in ("2026-02-30", "14-03-26", "2026-W10-1", "20260314", "")] == [None] * 5

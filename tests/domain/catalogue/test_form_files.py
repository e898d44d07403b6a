"""The forms that come with the gateway: in both languages, right by the meta-schema, proven by their own examples."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from domain.catalogue.form_checking import check_answers
from domain.catalogue.form_lint import EXAMPLE_DAY
from domain.catalogue.form_reading import COMMON, read_form
from domain.catalogue.forms import Form, Question, QuestionKind
from domain.identity.facts import FactKey
from domain.kernel import ErrorCode
from domain.kernel.messages import install_state
from domain.kernel.state import installed_state
from states.packages import read_package, state_folder
from tests.support.forms import own_forms

FORMS = own_forms()
NEITHAL = Path(__file__).parents[2] / "states" / "neithal"
DEVANAGARI, LATIN = re.compile("[\u0900-\u097f]"), re.compile("[A-Za-z]")
FILES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in (state_folder() / "forms").glob("*.json")
    if path.name != COMMON
}


def test_twenty_five_services_and_more_have_a_form_of_their_own_and_the_rest_the_general_one():
    with (state_folder() / "services.csv").open(encoding="utf-8", newline="") as lines:
        slugs = {row["slug"] or _slug(row["name_en"]) for row in csv.DictReader(lines)}
    served = [slug for form in FORMS.values() for slug in form.services]
    assert len(served) == len(set(served)) >= 25
    assert set(served) <= slugs
    assert FORMS["generic"].services == ()
    assert [form.name for form in FORMS.values() if form.generic] == ["generic"]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_form_is_marked_local_and_its_schema_is_json_schema(form: Form):
    assert (form.code_source, form.verified) == ("LOCAL", False)
    assert jsonschema_rs.meta.is_valid(dict(form.schema))
    assert form.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$ref" not in json.dumps(form.schema)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_everything_that_a_person_reads_is_there_in_both_languages(form: Form):
    words = [form.label, *(section.label for section in form.sections), *(check.message for check in form.checks)]
    for question in _all(form):
        words += [question.label, *(option.label for option in question.options)]
        words += [one for one in (question.help, question.hint, question.unit) if one is not None]
    for text in words:
        assert DEVANAGARI.search(text.hi or ""), text
        assert LATIN.search(text.en), text
        assert not DEVANAGARI.search(text.en), text


@pytest.mark.parametrize("name", FILES)
def test_its_examples_pass_and_fail_as_its_author_said(name: str):
    form, fails = FORMS[name], FILES[name]["fails"]
    assert check_answers(form, form.example, today=EXAMPLE_DAY, complete=True).problems == ()
    assert len(fails) >= 3
    for failure in fails:
        changed = {**form.example, **failure["answers"]}
        answers = {question: text for question, text in changed.items() if text is not None}
        problems = check_answers(form, answers, today=EXAMPLE_DAY, complete=True).problems
        assert (failure["path"], ErrorCode(failure["code"])) in [(".".join(p.path[2:]), p.code) for p in problems]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_nobody_is_asked_for_an_aadhaar_number(form: Form):
    assert not [question.name for question in _all(form) if "aadh" in question.name or "Aadhaar" in question.label.en]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_an_empty_draft_is_right_and_an_empty_form_names_what_is_missing(form: Form):
    assert check_answers(form, {}, today=EXAMPLE_DAY, complete=False).problems == ()
    problems = check_answers(form, {}, today=EXAMPLE_DAY, complete=True).problems
    assert {problem.code for problem in problems} == {ErrorCode.FORM_ANSWER_MISSING}
    assert {".".join(problem.path[2:]) for problem in problems} == set(form.schema["required"])


def test_prefill_asks_only_for_facts_that_documents_state():
    facts = {fact for form in FORMS.values() for question in _all(form) for fact in question.prefill}
    assert facts <= set(FactKey)
    assert {"annual_income", "caste", "date_of_birth", "resident_since"} <= facts


def test_a_benefit_asks_for_the_account_that_it_is_paid_to():
    for name in ("old-age-pension", "widow-pension", "disability-pension", "scholarship-regarding-students-in-state"):
        assert {"bank_account_number", "bank_ifsc"} <= set(FORMS[name].schema["required"])


def _all(form: Form) -> list[Question]:
    return [one for question in form.all_questions() for one in (question, *question.questions)]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def test_every_kind_of_question_is_used():
    assert {question.kind for form in FORMS.values() for question in _all(form)} == set(QuestionKind)


@pytest.fixture
def neithal() -> Iterator[None]:
    """The made-up state of Tamil is served."""
    before = installed_state()
    install_state(read_package(str(NEITHAL)).state)
    yield
    install_state(before)


@pytest.mark.usefixtures("neithal")
@pytest.mark.parametrize("file", sorted((NEITHAL / "forms").glob("*.json")), ids=lambda file: file.stem)
def test_a_form_is_in_the_script_of_the_state_that_is_served(file: Path):
    assert read_form(file.read_bytes()).label.hi == "வருமானச் சான்றிதழ் (கற்பனை)"

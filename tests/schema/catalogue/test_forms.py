"""The form in the graph: drawn by an app, filled in with faults at their questions, kept by the application."""

import jsonschema_rs
import pytest

from actions.catalogue.form_import import import_forms
from actions.catalogue.prefill_tokens import Noted, note
from domain.kernel import ErrorCode, Language
from tests.actions.catalogue.test_filled_forms import SOURCE
from tests.actions.catalogue.test_form_import import changed
from tests.support.forms import own_forms
from tests.support.graph import ASHA, CITIZEN, LOCKER_URI, OFFICER, STRANGE_OFFICER
from tests.support.operations import operation
from tests.support.state import form_files

INCOME = own_forms()["income-certificate"]
SUBMIT, SAVE = operation("citizen_app/submit_application"), operation("citizen_app/save_draft")
SERVICE_FORM, PREFILLED = operation("citizen_app/service_form"), operation("citizen_app/prefilled_form")
FILED = """
query($id: ID!, $in: Language) { application(by: {id: $id}) {
  filedForm { name version }
  form { name value label(language: $in) source { origin doctype document issuer issuedOn signature } }
} }
"""
SAID = "query($code: String!) { service(by: {code: $code}) { form { name general version codeSource verified } } }"


@pytest.fixture
async def formed(world):
    """The world with the forms that come with the gateway."""
    assert not (await import_forms(world.environment.store, form_files())).refused
    return world


def given(**changes):
    form = {**INCOME.example, **changes}
    return [{"name": name, "value": value} for name, value in form.items() if value is not None]


async def submitted(world, form, language=Language.EN, **changes):
    wanted = {
        "serviceCode": "ES09",
        "district": "49",
        "tehsil": "304",
        "form": form,
        "documents": [{"key": "id-proof", "uri": LOCKER_URI}],
        "idempotencyKey": "key",
        **changes,
    }
    answer = await world.ask(SUBMIT, CITIZEN, language, input=wanted)
    assert answer["errors"] == []
    return answer["data"]["submitApplication"]


async def test_an_app_can_draw_the_form_in_the_asked_language(formed):
    for language, title, first in (
        (Language.HI, "आय प्रमाण पत्र", "आवेदक का नाम"),
        (Language.EN, "Income Certificate", "Applicant's name"),
    ):
        answer = await formed.ask(SERVICE_FORM, CITIZEN, language, code="ES09")
        assert answer["errors"] == []
        form = answer["data"]["service"]["form"]
        assert (form["label"], form["version"]) == (title, INCOME.version)
        assert [section["key"] for section in form["sections"]] == ["applicant", "residence", "income", "declaration"]
        asked = [question for section in form["sections"] for question in section["questions"]]
        assert [one["name"] for one in asked] == [one.name for one in INCOME.all_questions()]
        assert (asked[0]["label"], asked[0]["kind"], asked[0]["required"]) == (first, "TEXT", True)


async def test_the_schema_is_json_schema_with_titles_in_the_asked_language(formed):
    ask = 'query($l: Language) { service(by: {code: "ES09"}) { form { schema(language: $l) } } }'
    for language, title in (("HI", "आय प्रमाण पत्र"), ("EN", "Income Certificate")):
        schema = (await formed.ask(ask, CITIZEN, l=language))["data"]["service"]["form"]["schema"]
        assert schema["title"] == title
        assert (
            schema["properties"]["annual_income"]["x-label"] == INCOME.schema["properties"]["annual_income"]["x-label"]
        )
        assert jsonschema_rs.meta.is_valid(schema)
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(schema["examples"][0])


async def test_a_form_says_which_questions_tell_applications_apart(formed):
    ask = 'query { service(by: {code: "ES09"}) { form { distinctBy } } }'
    before = await formed.ask(ask, CITIZEN)
    name = "income-certificate.json"
    by_year = changed(name, **{"x-distinct-by": ["financial_year"]})
    assert not (await import_forms(formed.environment.store, {**form_files(), name: by_year})).refused
    after = await formed.ask(ask, CITIZEN)
    assert before["data"]["service"]["form"] == {"distinctBy": []}
    assert after["data"]["service"]["form"] == {"distinctBy": ["financial_year"]}


async def test_a_service_without_a_form_has_the_general_one_and_a_store_without_forms_has_none(world):
    asked = await world.ask(SAID, CITIZEN, code="ES09")
    assert asked["data"]["service"]["form"] is None
    fewer = {name: content for name, content in form_files().items() if name != "income-certificate.json"}
    await import_forms(world.environment.store, fewer)
    form = (await world.ask(SAID, CITIZEN, code="ES09"))["data"]["service"]["form"]
    assert (form["name"], form["general"], form["codeSource"], form["verified"]) == ("generic", True, "LOCAL", False)


async def test_faults_of_a_hand_in_have_paths_codes_and_words_in_the_asked_language(formed):
    wrong = given(annual_income="-1", financial_year="2025", applicant_name=None)
    for language, words in (
        (Language.HI, 'कृपया "आवेदक का नाम" भरें।'),
        (Language.EN, 'Please fill in "Applicant\'s name".'),
    ):
        refused = await submitted(formed, wrong, language)
        assert refused["application"] is None
        assert [(error["path"], error["code"]) for error in refused["userErrors"]] == [
            (["input", "form", "applicant_name"], "FORM_ANSWER_MISSING"),
            (["input", "form", "annual_income"], "FORM_VALUE_OUT_OF_RANGE"),
            (["input", "form", "financial_year"], "FORM_VALUE_INVALID"),
        ]
        assert refused["userErrors"][0]["message"] == words


async def test_a_question_that_is_answered_twice_is_told_at_its_place_and_no_answer_wins(formed):
    twice = [*given(), {"name": "purpose", "value": "Another purpose"}]
    refused = await submitted(formed, twice)
    assert refused["application"] is None
    (told,) = refused["userErrors"]
    assert (told["path"], told["code"]) == (["input", "form", str(len(twice) - 1)], "FORM_QUESTION_TWICE")
    assert f"{len(twice)} " in told["message"]
    draft = {"serviceCode": "ES09", "district": "49", "form": twice, "idempotencyKey": "a"}
    assert (await formed.ask(SAVE, CITIZEN, input=draft))["data"]["saveDraft"]["application"] is None


async def test_a_draft_is_checked_gently(formed):
    draft = {"serviceCode": "ES09", "district": "49", "form": [{"name": "village", "value": "Kausani"}]}
    done = (await formed.ask(SAVE, CITIZEN, input={**draft, "idempotencyKey": "a"}))["data"]["saveDraft"]
    assert (done["userErrors"], done["application"]["form"]) == ([], [{"name": "village", "value": "Kausani"}])
    wrong = {**draft, "form": [{"name": "annual_income", "value": "much"}], "idempotencyKey": "b"}
    refused = (await formed.ask(SAVE, CITIZEN, input=wrong))["data"]["saveDraft"]
    assert [error["code"] for error in refused["userErrors"]] == [ErrorCode.FORM_VALUE_INVALID.value]


async def test_an_officer_sees_which_answer_came_from_which_document(formed):
    token = note(formed.environment, ASHA, "annual_income", Noted("60000", SOURCE))
    form = [{**one, "source": token} if one["name"] == "annual_income" else one for one in given()]
    done = await submitted(formed, form, formVersion=INCOME.version)
    assert done["userErrors"] == []
    answer = await formed.ask(FILED, OFFICER, id=done["application"]["id"], **{"in": "HI"})
    application = answer["data"]["application"]
    assert application["filedForm"] == {"name": "income-certificate", "version": INCOME.version}
    fields = {field["name"]: field for field in application["form"]}
    assert fields["annual_income"]["label"] == "परिवार की वार्षिक आय"
    assert fields["annual_income"]["source"] == {
        "origin": "DIGILOCKER",
        "doctype": "BTCER",
        "document": "Birth Certificate",
        "issuer": "Registrar",
        "issuedOn": "2014-11-21",
        "signature": "VERIFIED",
    }
    assert [name for name, field in fields.items() if field["source"]] == ["annual_income"]
    strange = await formed.ask(FILED, STRANGE_OFFICER, id=done["application"]["id"])
    assert strange["data"]["application"] is None


async def test_labels_and_sources_of_all_answers_are_one_read(formed):
    done = await submitted(formed, given())
    with formed.statements() as plain:
        await formed.ask(
            "query($id: ID!) { application(by: {id: $id}) { form { name value } } }",
            OFFICER,
            id=done["application"]["id"],
        )
    with formed.statements() as full:
        await formed.ask(FILED, OFFICER, id=done["application"]["id"])
    assert len(full) - len(plain) <= 1


async def test_another_version_of_the_form_than_the_present_one_is_told(formed):
    refused = await submitted(formed, given(), formVersion="0" * 64)
    assert [(error["code"], error["action"]) for error in refused["userErrors"]] == [("FORM_CHANGED", "REFRESH")]


async def test_a_citizen_asks_for_the_answers_that_her_documents_give(formed):
    answer = await formed.ask(PREFILLED, CITIZEN, code="ES09")
    view = answer["data"]["viewer"]["prefilledForm"]
    assert view["form"] == {"name": "income-certificate", "version": INCOME.version}
    # A picture of an Aadhaar card states nothing that could be read; her account states who she is.
    assert {each["source"]["origin"] for each in view["answers"]} == {"SSO"}
    assert {each["name"] for each in view["answers"]} <= {"applicant_name", "date_of_birth"}
    assert "DIGILOCKER" in {each["source"] for each in view["provenance"]}
    unknown = await formed.ask(PREFILLED, CITIZEN, code="NOPE")
    assert unknown["data"]["viewer"]["prefilledForm"] is None
    assert [error["extensions"]["code"] for error in unknown["errors"]] == ["SERVICE_UNKNOWN"]

"""Drafts and submissions are checked against the service's form, whose version and sources the application keeps."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, answer_query
from actions.applications.submit import SaveDraft, save_draft
from actions.catalogue.form_import import import_forms
from actions.catalogue.prefill_tokens import Noted, note
from domain.applications.applications import Application, Channel, DeliveryMode, RejectionGround
from domain.kernel import ErrorCode, Problems
from store.applications import applications
from store.catalogue import forms
from store.privacy import personal
from tests.actions.catalogue.test_form_import import changed
from tests.support.actions import FREE, ORDER, World
from tests.support.forms import own_forms
from tests.support.state import form_files

FILES = form_files()
BIRTH, WORK = own_forms()["birth-certificate"].example, own_forms()["new-employment-registration"].example
SOURCE = {
    "origin": "DIGILOCKER",
    "doctype": "BTCER",
    "name": "Birth Certificate",
    "issuer": "Registrar",
    "uri": "in.gov.crs-BTCER-1",
    "number": "B-1",
    "issued_on": "2014-11-21",
    "fetched_at": "2026-11-24T10:00:00+05:30",
    "signature": "VERIFIED",
}


@pytest.fixture
async def formed(world: World) -> World:
    """The world with the forms that come with the gateway."""
    assert not (await import_forms(world.env.store, FILES)).refused
    return world


def draft_of(form: dict[str, str], key: str = "draft", **changes: Any) -> SaveDraft:
    return replace(
        SaveDraft(
            service_code=ORDER,
            district="49",
            tehsil="304",
            channel=Channel.WEB,
            delivery=DeliveryMode.PORTAL,
            form=form,
            idempotency_key=key,
        ),
        **changes,
    )


async def refused(world: World, form: dict[str, str], service: str = ORDER, **changes: Any) -> dict[str, ErrorCode]:
    with pytest.raises(Problems) as caught:
        await world.submit(world.asha, service, form=form, **changes)
    return {".".join(problem.path): problem.code for problem in caught.value.problems}


async def filed(world: World, application: Application) -> forms.FiledForm:
    async with world.env.store.read_transaction() as tx:
        return (await forms.filed_forms(tx, [application.id]))[application.id]


def token(world: World, name: str, value: str) -> str:
    return note(world.env, world.asha.person_id or "", name, Noted(value, SOURCE))


async def test_a_complete_form_is_taken_in_and_keeps_its_version(formed: World):
    application = await formed.submit(formed.asha, FREE, form=BIRTH)
    assert application.form == BIRTH
    assert (await filed(formed, application)).form.version == own_forms()["birth-certificate"].version


async def test_every_fault_of_a_form_is_told_at_its_place_and_nothing_is_kept(formed: World):
    wrong = {**BIRTH, "date_of_birth": "2027-01-01", "child_gender": "X", "nickname": "Chhotu", "mobile": "12"}
    del wrong["mother_name"]
    assert await refused(formed, wrong, FREE, district="99") == {
        "input.form.date_of_birth": ErrorCode.FORM_VALUE_OUT_OF_RANGE,
        "input.form.child_gender": ErrorCode.FORM_VALUE_NOT_LISTED,
        "input.form.nickname": ErrorCode.FORM_QUESTION_UNKNOWN,
        "input.form.mobile": ErrorCode.FORM_VALUE_INVALID,
        "input.form.mother_name": ErrorCode.FORM_ANSWER_MISSING,
        "input.district": ErrorCode.PLACE_UNKNOWN,
    }
    async with formed.env.store.read_transaction() as tx:
        assert await applications.count_of_citizen(tx, formed.asha.person_id or "") == 0


async def test_the_general_form_serves_a_service_without_one(formed: World):
    assert await refused(formed, {"applicant_name": "Asha Negi"}, "ES21") == {
        f"input.form.{name}": ErrorCode.FORM_ANSWER_MISSING for name in ("mobile", "address", "purpose", "declaration")
    }


async def test_of_a_draft_only_wrong_answers_are_errors(formed: World):
    draft, _ = await save_draft(formed.env, formed.asha, draft_of({"applicant_name": "Asha Negi"}))
    assert draft.form == {"applicant_name": "Asha Negi"}
    with pytest.raises(Problems) as caught:
        await save_draft(formed.env, formed.asha, draft_of({"mobile": "12"}, "two"))
    assert [problem.code for problem in caught.value.problems] == [ErrorCode.FORM_VALUE_INVALID]


async def test_a_form_that_was_drawn_before_it_changed_is_told(formed: World):
    version = own_forms()["new-employment-registration"].version
    assert (await formed.submit(formed.asha, ORDER, form=WORK, form_version=version)).form == WORK
    assert await refused(formed, WORK, form_version="0" * 64, idempotency_key="old") == {
        "input.formVersion": ErrorCode.FORM_CHANGED
    }


async def test_an_aadhaar_number_is_refused_in_words_and_a_like_account_number_is_kept_whole(formed: World):
    general = own_forms()["generic"].example
    assert await refused(formed, {**general, "details": "It is 9999 4105 7058."}, "ES21") == {
        "input.form.details": ErrorCode.FORM_AADHAAR_NOT_HERE
    }
    account = {"bank_account_number": "999941057058", "bank_ifsc": "DEMO0000001"}
    application = await formed.submit(formed.asha, "ES21", form={**general, **account})
    assert application.form["bank_account_number"] == "999941057058"


async def test_an_answer_keeps_its_document_until_somebody_changes_it(formed: World):
    sources = {"father_name": token(formed, "father_name", WORK["father_name"]), "gender": token(formed, "gender", "M")}
    application = await formed.submit(formed.asha, ORDER, form=WORK, sources=sources)
    found = await filed(formed, application)
    assert set(found.sources) == {"father_name"}
    assert found.source_of("father_name", WORK["father_name"]) == SOURCE
    assert found.source_of("father_name", "Somebody Else") is None


async def test_a_draft_remembers_sources_for_the_submission(formed: World):
    given = {"father_name": WORK["father_name"], "applicant_name": WORK["applicant_name"]}
    sources = {name: token(formed, name, value) for name, value in given.items()}
    draft, _ = await save_draft(formed.env, formed.asha, draft_of(given, sources=sources))
    changed_name = {**WORK, "applicant_name": "Asha Rawat"}
    application = await formed.submit(formed.asha, ORDER, form=changed_name, draft_id=draft.id)
    assert set((await filed(formed, application)).sources) == {"father_name"}


async def test_a_token_of_another_citizen_or_question_or_made_up_is_refused_and_an_old_one_says_nothing(formed: World):
    sunil = note(formed.env, formed.sunil.person_id or "", "father_name", Noted(WORK["father_name"], SOURCE))
    other = token(formed, "mother_name", WORK["father_name"])
    for wrong in (sunil, other, "made up", "x" * 5000, ""):
        assert await refused(formed, WORK, sources={"father_name": wrong}) == {
            "input.form.father_name.source": ErrorCode.BAD_INPUT
        }
    old = token(formed, "father_name", WORK["father_name"])
    formed.clock.advance(timedelta(days=1, seconds=1))
    application = await formed.submit(formed.asha, ORDER, form=WORK, sources={"father_name": old})
    assert (await filed(formed, application)).sources == {}


async def test_an_application_is_amended_by_the_form_under_which_it_was_filed(formed: World):
    sources = {"father_name": token(formed, "father_name", WORK["father_name"])}
    application = await formed.in_scrutiny(formed.asha, ORDER, formed.employment, form=WORK, sources=sources)
    name = "new-employment-registration.json"
    fewer = {**FILES, name: changed(name, required=["applicant_name"])}
    assert (await import_forms(formed.env.store, fewer)).changed == ("new-employment-registration",)
    query = Decide(
        application.id,
        Verdict.RAISE_QUERY,
        "query",
        ground=RejectionGround.FORM_INCOMPLETE,
        reason="Please complete it.",
    )
    await decide_application(formed.env, formed.employment, query)
    with pytest.raises(Problems) as caught:
        await answer_query(formed.env, formed.asha, AnswerQuery(application.id, "Done.", {"mobile": ""}, "answer"))
    assert [problem.code for problem in caught.value.problems] == [ErrorCode.FORM_ANSWER_MISSING]
    changes = {"father_name": "B. S. Negi", "email": "asha@citizen.example"}
    answered, _ = await answer_query(formed.env, formed.asha, AnswerQuery(application.id, "Done.", changes, "again"))
    assert {name: answered.form[name] for name in changes} == changes
    found = await filed(formed, application)
    assert (found.sources, found.form.version) == ({}, own_forms()["new-employment-registration"].version)


async def test_erasing_a_person_takes_the_sources_away(formed: World):
    sources = {"father_name": token(formed, "father_name", WORK["father_name"])}
    application = await formed.submit(formed.asha, ORDER, form=WORK, sources=sources)
    async with formed.env.store.write_transaction() as tx:
        await personal.erase(tx, formed.asha.person_id or "")
    assert (await filed(formed, application)).sources == {}


async def test_without_forms_in_the_store_only_sizes_are_checked(world: World):
    application = await world.submit(world.asha, FREE, form={"nickname": "Chhotu"})
    async with world.env.store.read_transaction() as tx:
        assert await forms.filed_forms(tx, [application.id]) == {}
    assert application.form == {"nickname": "Chhotu"}

"""Answers that documents give: only what they state and the form takes, each with its document."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.prefill import prefill, source_as_json, source_of_json
from actions.applications.respond import AnswerQuery, answer_query
from actions.catalogue.form_import import import_forms
from actions.catalogue.submit_checks import NewDocument
from actions.certificates.issue import issue_certificate
from actions.officers.offline import MadeOf, content_of
from domain.applications.applications import Application, RejectionGround
from domain.certificates.signatures import SignatureState
from domain.identity.facts import FactSource
from domain.kernel import IST, ErrorCode, PersonKind, Problems, Provider, Source
from domain.officers.desk import Pack
from gateway.documents.renderer import CertificateRenderer
from store.applications import applications
from store.catalogue import catalogue, forms
from store.identity import identities, people
from tests.support.actions import INCOME, ORDER, World
from tests.support.forms import octets, own_forms
from tests.support.state import form_files
from tests.support.worlds import hand_in

EWS = "RD10"
FORM = own_forms()["economically-weaker-section-ews-certificate"]
EARNED = {**own_forms()["income-certificate"].example, "annual_income": "72000", "income_from_land": "60000"}


@pytest.fixture
async def certified(world: World, tmp_path: Path) -> World:
    """The world with forms, where Asha holds an income certificate of ours, signed by the true renderer."""
    assert not (await import_forms(world.env.store, form_files())).refused
    papers = await papers_of(world, INCOME)
    application = await world.approved(world.asha, INCOME, world.tehsildar, form=EARNED, documents=papers)
    renderer = CertificateRenderer(world.env.keyrings, tmp_path / "certificates", world.clock)
    assert await issue_certificate(world.env, application.id, renderer) is not None
    return world


async def papers_of(world: World, service_code: str) -> tuple[NewDocument, ...]:
    """One upload of Asha's for every paper that the service needs."""
    upload = (await hand_in(world.env, world.asha)).reference
    async with world.env.store.read_transaction() as tx:
        service = await catalogue.service(tx, service_code)
    assert service is not None
    return tuple(NewDocument(paper.key, upload, "UPLOAD") for paper in service.documents if paper.required)


async def test_answers_come_from_the_citizens_certificate_with_issuer_day_and_signature(certified: World):
    found = await prefill(certified.env, certified.asha, EWS, None)
    answers = {answer.name: answer for answer in found.answers}
    income = answers["annual_income"]
    assert (income.value, answers["applicant_name"].value) == ("72000", "Asha Negi")
    assert (income.source.origin, income.source.doctype) == (Source.STORE, "INCER")
    assert income.source.signature is SignatureState.VERIFIED
    assert (income.source.issued_on, bool(income.source.issuer)) == (certified.clock.now().date(), True)
    assert found.form.version == FORM.version


async def test_nothing_is_invented(certified: World):
    found = await prefill(certified.env, certified.asha, EWS, None)
    asked = {question.name: question.prefill for question in FORM.all_questions()}
    assert all(asked[answer.name] for answer in found.answers)
    assert not {"farm_land_nali", "mobile", "declaration", "caste_category"} & {one.name for one in found.answers}
    assert (await prefill(certified.env, certified.sunil, EWS, None)).answers == ()


async def test_what_the_form_would_not_take_is_not_offered(certified: World):
    name, reference = f"{FORM.name}.json", b'"$ref": "common.json#/$defs/annual_income"'
    files = form_files()
    read = json.loads(files[name].replace(reference, reference + b', "maximum": 71999'))
    read["schema"]["examples"][0]["annual_income"], read["fails"] = 71_999, []
    assert (await import_forms(certified.env.store, {**files, name: octets(read)})).changed == (FORM.name,)
    found = await prefill(certified.env, certified.asha, EWS, None)
    assert "annual_income" not in {answer.name for answer in found.answers}


async def test_what_is_handed_in_unchanged_keeps_its_document_and_what_is_changed_does_not(certified: World):
    found = await prefill(certified.env, certified.asha, EWS, None)
    given = {answer.name: answer.value for answer in found.answers}
    form = {**FORM.example, **given, "village": "Raipur"}
    application = await certified.submit(
        certified.asha,
        EWS,
        form=form,
        sources={answer.name: answer.token for answer in found.answers},
        documents=await papers_of(certified, EWS),
    )
    async with certified.env.store.read_transaction() as tx:
        filed = (await forms.filed_forms(tx, [application.id]))[application.id]
    income = next(answer for answer in found.answers if answer.name == "annual_income")
    kept = filed.source_of("annual_income", "72000")
    assert kept is not None
    assert source_of_json(kept) == income.source
    assert "village" not in filed.sources
    assert set(filed.sources) == given.keys() - {"village"}


async def test_the_account_that_made_her_record_answers_where_no_signed_document_does(world: World):
    await import_forms(world.env.store, form_files())
    made_at = await with_account(world, later=timedelta())
    answers = {one.name: one for one in (await prefill(world.env, world.asha, EWS, None)).answers}
    name = answers["applicant_name"]
    assert (name.value, name.source.origin, name.source.doctype) == ("Asha Negi", Source.SSO, "ACCOUNT")
    assert (name.source.issuer, name.source.signature) == ("MeriPehchaan", SignatureState.NOT_EXAMINED)
    assert name.source.fetched_at == made_at


async def test_a_signed_document_comes_before_the_account(certified: World):
    await with_account(certified, later=timedelta())
    answers = {one.name: one for one in (await prefill(certified.env, certified.asha, EWS, None)).answers}
    assert answers["applicant_name"].source.origin is Source.STORE


async def test_an_account_that_came_to_a_record_of_others_states_nothing(world: World):
    await import_forms(world.env.store, form_files())
    await with_account(world, later=timedelta(days=3))
    assert (await prefill(world.env, world.asha, EWS, None)).answers == ()


async def with_account(world: World, *, later: timedelta) -> datetime:
    """An account of MeriPehchaan that came to Asha's record so much later than the record was made."""
    async with world.env.store.write_transaction() as tx:
        made = (await people.citizens(tx, [world.asha.person_id or ""]))[world.asha.person_id or ""]
        hers = PersonKind.CITIZEN, made.id, made.created_at + later
        await identities.add_identity(tx, Provider.MERI_PEHCHAAN, "DL-1", *hers, "SUBSTANTIAL")
    return made.created_at


async def filed_with_her_income(world: World) -> Application:
    """An application whose income came from her certificate."""
    found = await prefill(world.env, world.asha, EWS, None)
    given = {answer.name: answer.value for answer in found.answers}
    return await world.in_scrutiny(
        world.asha,
        EWS,
        world.tehsildar,
        form={**FORM.example, **given},
        sources={answer.name: answer.token for answer in found.answers},
        documents=await papers_of(world, EWS),
    )


async def test_an_officers_pack_shows_which_document_gave_an_answer_and_not_its_number(certified: World):
    application = await filed_with_her_income(certified)
    async with certified.env.store.read_transaction() as tx:
        filed = await forms.filed_forms(tx, [application.id])
    pack = Pack("p-1", "o-1", certified.clock.now().date(), certified.clock.now(), certified.clock.now(), {})
    [case] = content_of(pack, MadeOf([application], {}, {}, {}, filed))["cases"]
    answers = {one["name"]: one for one in case["form"]}
    source = answers["annual_income"]["source"]
    assert (source["origin"], source["document"], source["signature"]) == ("STORE", "Income Certificate", "VERIFIED")
    assert source["issuedOn"] == certified.clock.now().date().isoformat()
    assert set(source) == {"origin", "document", "issuer", "issuedOn", "signature"}
    assert "source" not in answers["declaration"]


async def test_an_answer_to_a_query_takes_what_a_document_gives_with_its_document(certified: World):
    application = await filed_with_her_income(certified)
    officer = certified.tehsildar
    query = Decide(application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Income?")
    await decide_application(certified.env, officer, query)
    changed = AnswerQuery(application.id, "I earn less now.", {"annual_income": "50000"}, "a-1")
    await answer_query(certified.env, certified.asha, changed)
    assert await source_kept(certified, application) is None

    again = Decide(application.id, Verdict.RAISE_QUERY, "q2", ground=RejectionGround.FORM_INCOMPLETE, reason="Proof?")
    await decide_application(certified.env, officer, again)
    found = {one.name: one for one in (await prefill(certified.env, certified.asha, EWS, None)).answers}
    income = found["annual_income"]
    proven = AnswerQuery(
        application.id,
        "As certified.",
        {"annual_income": income.value},
        "a-2",
        sources={"annual_income": income.token},
    )
    forged = replace(proven, idempotency_key="a-3", sources={"annual_income": "made-up"})
    with pytest.raises(Problems) as caught:
        await answer_query(certified.env, certified.asha, forged)
    assert caught.value.code is ErrorCode.BAD_INPUT
    await answer_query(certified.env, certified.asha, proven)
    assert await source_kept(certified, application) == income.source


async def source_kept(world: World, application: Application) -> FactSource | None:
    """The source of the income that is kept with the application now."""
    async with world.env.store.read_transaction() as tx:
        filed = (await forms.filed_forms(tx, [application.id]))[application.id]
        held = (await applications.by_ids(tx, [application.id]))[application.id]
    kept = filed.source_of("annual_income", held.form["annual_income"])
    return source_of_json(kept) if kept is not None else None


async def test_a_service_without_a_form_and_a_stranger_are_told_nothing(world: World):
    with pytest.raises(Problems) as caught:
        await prefill(world.env, world.asha, ORDER, None)
    assert caught.value.code is ErrorCode.SERVICE_UNKNOWN
    await import_forms(world.env.store, form_files())
    with pytest.raises(Problems) as caught:
        await prefill(world.env, world.sunil, ORDER, world.asha.person_id)
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_a_source_is_kept_whole():
    source = FactSource(
        Source.DIGILOCKER,
        "DMCER",
        "Domicile",
        "Revenue",
        None,
        None,
        None,
        datetime(2026, 1, 2, tzinfo=IST),
        SignatureState.UNSIGNED,
    )
    for one in (source, replace(source, uri="a-b-c", number="1", issued_on=date(2026, 1, 1))):
        assert source_of_json(source_as_json(one)) == one

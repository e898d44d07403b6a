"""Answers that documents give: only what they state and the form takes, each with its document."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from actions.form_import import import_forms
from actions.issue import issue_certificate
from actions.prefill import prefill, source_as_json, source_of_json
from actions.submit_checks import NewDocument
from domain.clock import IST
from domain.errors import ErrorCode, Problems
from domain.facts import FactSource
from domain.signatures import SignatureState
from domain.sources import Source
from gateway.documents.renderer import CertificateRenderer
from gateway.form_files import form_files
from store import catalogue, forms
from tests.support.actions import INCOME, ORDER, World
from tests.support.forms import octets, own_forms
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
    async with world.env.store.reading() as tx:
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
    asked = {question.name: question.prefill for question in FORM.asked()}
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
    async with certified.env.store.reading() as tx:
        filed = (await forms.filed(tx, [application.id]))[application.id]
    income = next(answer for answer in found.answers if answer.name == "annual_income")
    kept = filed.source_of("annual_income", "72000")
    assert kept is not None
    assert source_of_json(kept) == income.source
    assert "village" not in filed.sources
    assert set(filed.sources) == given.keys() - {"village"}


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

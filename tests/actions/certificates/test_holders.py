"""A certificate is about its holder from form to record: the child of a birth, not the mother who applied."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.catalogue.form_import import import_forms
from actions.certificates.certificate_endings import CorrectCertificate, correct_certificate, make_corrected
from actions.certificates.issue import issue_certificate
from actions.documents.document_links import DocumentName, LinkKind, link_to, open_document
from actions.identity.verified_facts import of_holder
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.certificates.certificates import EndGround, IssuedCertificate
from domain.certificates.officer_signatures import SigningFailure, SigningState
from domain.kernel import Bilingual, ErrorCode, Problems
from gateway.documents.renderer import CertificateRenderer
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import handlers
from integrations.certificate_facts import read_facts
from states.certificate_kinds import certificate_kinds
from store.applications import applications
from store.catalogue import forms
from store.identity import people
from store.platform.outbox import outbox_table
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.forms import own_forms, small, text
from tests.support.signing import signing_in
from tests.support.state import PACKAGE, form_files

BIRTH = own_forms()["birth-certificate"].example | {"child_name_local": "अनन्या नेगी"}


@pytest.fixture
async def formed(world: World) -> World:
    """The world with the forms and the kinds of certificates of the default state."""
    assert not (await import_forms(world.env.store, form_files())).refused
    rules = replace(world.env.rules, certificate_kinds=certificate_kinds(PACKAGE.folder))
    return replace(world, env=replace(world.env, rules=rules))


async def birth_issued(world: World, renderer: Any) -> IssuedCertificate:
    application = await world.approved(world.asha, FREE, world.registrar, form=BIRTH)
    issued = await issue_certificate(world.env, application.id, renderer)
    assert issued is not None
    return issued


async def test_paper_and_record_name_the_child_with_mother_and_father(formed: World):
    renderer = FakeRenderer()

    issued = await birth_issued(formed, renderer)

    [content] = renderer.rendered
    child = Bilingual("अनन्या नेगी", "Ananya Negi")
    assert (content.kind, content.holder, issued.holder) == ("birth", child, child)
    assert (content.guardian, content.guardian_relation) == (Bilingual(None, "Mohan Negi"), "D")
    assert content.mother == Bilingual(None, "Asha Negi")
    assert str(content.born_on) == "2026-08-14"


async def test_the_signed_xml_states_the_child_and_nothing_about_the_mother_who_applied(formed: World, tmp_path: Any):
    issued = await birth_issued(
        formed, CertificateRenderer(formed.env.keyrings, tmp_path / "certificates", formed.clock)
    )

    told = read_facts(await formed.env.objects.get(issued.xml_sha256) or b"")
    citizen_id = formed.asha.person_id or ""
    async with formed.env.store.read_transaction() as tx:
        mother = (await people.citizens(tx, [citizen_id]))[citizen_id]
    assert told is not None
    assert (told.holder, str(told.born_on)) == ("Ananya Negi", "2026-08-14")
    assert not of_holder(told, mother)


async def test_a_name_that_is_put_right_in_one_script_is_let_go_in_the_other(formed: World):
    issued = await birth_issued(formed, FakeRenderer())
    request = CorrectCertificate(
        issued.id, EndGround.CLERICAL_ERROR, "Misspelt", "c", facts={"child_name": "Anannya Negi"}
    )
    await correct_certificate(formed.env, formed.registrar, request)

    corrected = await make_corrected(formed.env, issued.id, FakeRenderer())

    assert corrected.holder == Bilingual(None, "Anannya Negi")


async def test_a_name_is_put_right_in_both_scripts_at_once(formed: World):
    issued = await birth_issued(formed, FakeRenderer())
    facts = {"child_name": "Anannya Negi", "child_name_local": "अनन्न्या नेगी"}
    request = CorrectCertificate(issued.id, EndGround.CLERICAL_ERROR, "Misspelt", "c", facts=facts)
    await correct_certificate(formed.env, formed.registrar, request)

    corrected = await make_corrected(formed.env, issued.id, FakeRenderer())

    assert corrected.holder == Bilingual("अनन्न्या नेगी", "Anannya Negi")


async def test_the_entry_in_the_register_is_added_to_an_application_of_before_it_was_asked(formed: World):
    older = small({name: text() for name in ("child_name", "mother_name")})
    await formed.env.store.carry_out(lambda tx: forms.add_version(tx, older))
    application = await formed.approved(formed.asha, FREE, formed.registrar, form=BIRTH)
    await formed.env.store.carry_out(
        lambda tx: forms.keep_filed(tx, application.id, application.citizen_id, older.version, {})
    )
    old = await issue_certificate(formed.env, application.id, FakeRenderer())
    assert old is not None
    facts = {"register_number": "B-2026-311", "date_of_registration": "2026-08-20"}
    request = CorrectCertificate(old.id, EndGround.CLERICAL_ERROR, "Not entered", "c", facts=facts)
    await correct_certificate(formed.env, formed.registrar, request)
    renderer = FakeRenderer()

    await make_corrected(formed.env, old.id, renderer)

    [content] = renderer.rendered
    added = {one.key: (one.label.en, one.value) for one in content.fields if one.key in facts}
    assert added == {
        "register_number": ("Registration number", "B-2026-311"),
        "date_of_registration": ("Date of registration", "20-08-2026"),
    }


async def test_without_a_name_for_the_holder_nothing_is_issued_and_the_case_stays(formed: World):
    application = await formed.approved(formed.asha, FREE, formed.registrar, form=BIRTH)
    async with formed.env.store.write_transaction() as tx:
        bare = {key: text for key, text in application.form.items() if key not in ("child_name", "mother_name")}
        await applications.save(tx, replace(application, form=bare), application.version)

    with pytest.raises(Problems) as refused:
        await issue_certificate(formed.env, application.id, FakeRenderer())

    async with formed.env.store.read_transaction() as tx:
        after = await applications.get(tx, application.id)
    assert (refused.value.code, after and after.status) == (ErrorCode.FORM_ANSWER_MISSING, Status.APPROVED)


async def without_a_fact(world: World) -> Application:
    """An approved application whose answer to a question that its template prints is gone."""
    application = await world.approved(world.asha, FREE, world.registrar, form=BIRTH)
    less = {key: text for key, text in application.form.items() if key != "place_of_birth"}
    async with world.env.store.write_transaction() as tx:
        await applications.save(tx, replace(application, form=less), application.version)
    return application


async def status_of(world: World, application: Application) -> Status | None:
    found = await world.env.store.read(lambda tx: applications.get(tx, application.id))
    return found.status if found else None


async def test_a_template_without_a_fact_of_its_sentence_is_refused_by_its_name_and_the_case_stays(formed: World):
    application = await without_a_fact(formed)

    with pytest.raises(Problems) as refused:
        await issue_certificate(formed.env, application.id, FakeRenderer())

    told = [(one.code, one.path) for one in refused.value.problems]
    assert told == [(ErrorCode.FORM_ANSWER_MISSING, ("form", "place_of_birth"))]
    assert await status_of(formed, application) is Status.APPROVED


async def test_the_worker_notes_the_code_of_a_certificate_that_lacks_a_fact(formed: World):
    application = await without_a_fact(formed)

    await Deliveries(formed.env, handlers(FakeRenderer()), asyncio.Event()).deliver_due()

    async with formed.env.store.read_transaction() as tx:
        noted = (await tx.connection.execute(select(outbox_table.c.error_code))).scalars().all()
    assert set(noted) - {None} == {"FORM_ANSWER_MISSING"}
    assert await status_of(formed, application) is Status.APPROVED


async def test_where_an_officer_signs_a_template_without_a_fact_waits_with_its_code(formed: World, tmp_path: Path):
    signing = await signing_in(formed, tmp_path)
    application, token = await without_a_fact(signing.world), await signing.enrolled()
    await signing.work()

    batch = await signing.prepared(token)

    assert [(one.state, one.failure) for one in batch.items] == [(SigningState.WAITING, SigningFailure.FACT_MISSING)]
    assert await status_of(formed, application) is Status.APPROVED


async def test_a_downloaded_certificate_is_named_by_its_kind_and_number(formed: World):
    issued = await birth_issued(formed, FakeRenderer())
    named = DocumentName(LinkKind.OURS, issued.id, "application/pdf")
    link = link_to(formed.env, formed.asha, formed.asha.person_id or "", named)

    opened = await open_document(formed.env, link.url.rpartition("/")[2])

    assert opened is not None
    assert opened.name == f"birth-certificate-rural-{issued.number}"

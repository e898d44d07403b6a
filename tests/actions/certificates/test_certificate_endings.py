"""Correcting and revoking: a new document with its own number, the old one leading to it."""

import pytest

from actions.catalogue.submit_checks import DocumentSource, NewDocument
from actions.certificates.certificate_endings import (
    CORRECT,
    EndCertificate,
    correct_certificate,
    end_of,
    make_corrected,
    revoke_certificate,
)
from actions.documents.attachments import check_documents
from actions.kernel import certificate_by_any
from actions.privacy.personal_data import erase_person, export_part
from domain.applications.lifecycle import Move
from domain.certificates.certificates import CertificateStatus, EndGround
from domain.feedback.notices import NoticeKind, notice_text
from domain.kernel import SYSTEM, ErrorCode, Language, Problems
from store.applications import timeline
from store.certificates import certificate_endings, certificates
from store.feedback import notices
from store.privacy.personal_rules import ERASED
from tests.support.actions import FakeRenderer, World
from tests.support.endings import WRONG, correction, issued, waiting
from tests.support.stored import audit_lines_of


async def test_a_corrected_certificate_is_a_new_one_in_the_place_of_the_old(world: World):
    old = await issued(world)
    application, _ = await correct_certificate(world.env, world.registrar, correction(old))

    async with world.env.store.read_transaction() as tx:
        assert (await certificates.by_ids(tx, [old.id]))[old.id].status is CertificateStatus.CORRECTED
        assert await certificates.of_applications(tx, [application.id]) == {}
    renderer = FakeRenderer()
    new = await make_corrected(world.env, old.id, renderer)
    assert await make_corrected(world.env, old.id, renderer) == new

    content = renderer.rendered[0]
    assert len(renderer.rendered) == 1
    assert (new.number != old.number, new.uri != old.uri) == (True, True)
    assert (content.previous_number, content.officer.en) == (old.number, "registrar")
    assert [(line.key, line.value) for line in content.fields] == [("child_name", "Ananya Negi")]
    async with world.env.store.read_transaction() as tx:
        stands = (await certificates.of_applications(tx, [application.id]))[application.id]
        ending = await certificate_endings.of_certificate(tx, old.id)
        steps = (await timeline.timelines(tx, [application.id]))[application.id]
        lines = await audit_lines_of(tx, "CERTIFICATE", old.id)
        assert await certificate_endings.latest(tx, old) == old  # as read before it was ended
        assert (await certificates.by_uri(tx, old.uri)) is not None
    assert stands == new
    assert ending is not None
    assert (ending.ground, ending.reason, ending.successor_id) == (WRONG, "The name was misspelt", new.id)
    assert (steps[-1].move, steps[-1].note, steps[-1].before) == (
        Move.CORRECT_CERTIFICATE,
        "The name was misspelt",
        steps[-1].after,
    )
    assert [line.action for line in lines] == ["certificate.corrected_by_officer"]


async def test_every_uri_and_number_leads_to_what_became_of_it(world: World):
    first = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(first))
    before_it_is_made = await certificate_by_any(world.env, first.number)
    assert before_it_is_made is not None
    told = await end_of(world.env, before_it_is_made)
    assert told is not None
    assert told.successor is None
    second = await make_corrected(world.env, first.id, FakeRenderer())
    again = correction(second, idempotency_key="c-2", facts={"father_name": "Bachan S. Negi"})
    await correct_certificate(world.env, world.registrar, again)
    third = await make_corrected(world.env, second.id, FakeRenderer())

    for name in (first.number, first.uri, second.uri):
        found = await certificate_by_any(world.env, name)
        assert found is not None
        ended = await end_of(world.env, found)
        assert ended is not None
        assert ended.successor == third.number
    await revoke_certificate(
        world.env, world.registrar, EndCertificate(third.id, EndGround.FORGED_PAPERS, "Forged", "r")
    )
    last = await certificate_by_any(world.env, third.uri)
    assert last is not None
    assert last.status is CertificateStatus.REVOKED
    told = await end_of(world.env, last)
    assert told is not None
    assert told.successor is None


async def test_a_certificate_that_was_revoked_is_no_paper_of_an_application_any_more(world: World):
    held = await issued(world)
    paper = NewDocument("id-proof", held.uri, DocumentSource.STORE)
    before = (await check_documents(world.env, world.asha, held.citizen_id, [paper]))[0]

    await revoke_certificate(
        world.env, world.registrar, EndCertificate(held.id, EndGround.FORGED_PAPERS, "Forged", "r")
    )
    after = (await check_documents(world.env, world.asha, held.citizen_id, [paper]))[0]

    assert (before.problem, before.verified) == (None, True)
    assert after.problem is not None
    assert after.problem.code is ErrorCode.DOCUMENT_UNKNOWN


async def test_the_same_key_ends_it_once_and_another_one_is_refused(world: World):
    old = await issued(world)
    first = await correct_certificate(world.env, world.registrar, correction(old))
    again = await correct_certificate(world.env, world.registrar, correction(old))
    assert (first[1], again[1], first[0].version) == (False, True, again[0].version)
    with pytest.raises(Problems) as caught:
        await revoke_certificate(world.env, world.registrar, EndCertificate(old.id, WRONG, "Wrong", "another"))
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
    assert len(await waiting(world, CORRECT)) == 1


@pytest.mark.parametrize("who", ["asha", "sunil", "operator", "elsewhere", "tehsildar"])
async def test_only_the_officer_of_the_place_ends_a_certificate(world: World, who: str):
    old = await issued(world)
    for verb, request in (
        (correct_certificate, correction(old)),
        (revoke_certificate, EndCertificate(old.id, WRONG, "Wrong", "r")),
    ):
        with pytest.raises(Problems) as caught:
            await verb(world.env, getattr(world, who), request)
        assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, ErrorCode.REASON_REQUIRED),
        ({"facts": {"anything": "x"}}, ErrorCode.BAD_INPUT),
        ({"facts": {"child_name": "x" * 501}}, ErrorCode.BAD_INPUT),
        ({"expected_version": 1}, ErrorCode.CONFLICT),
        ({"certificate_id": "absent"}, ErrorCode.NOT_FOUND),
    ],
)
async def test_a_correction_that_cannot_be_done_changes_nothing(world: World, changes, code):
    old = await issued(world)
    with pytest.raises(Problems) as caught:
        await correct_certificate(world.env, world.registrar, correction(old, **changes))
    assert caught.value.code is code
    async with world.env.store.read_transaction() as tx:
        assert (await certificates.by_ids(tx, [old.id]))[old.id].status is CertificateStatus.ACTIVE


async def test_she_is_told_in_both_languages_once(world: World):
    old = await issued(world)
    for _ in range(2):
        await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, WRONG, "Wrong", "r"))

    async with world.env.store.read_transaction() as tx:
        page = await notices.of_citizen(world.asha.person_id or "").page(tx, limit=20)
    ended = (NoticeKind.CERTIFICATE_CORRECTED, NoticeKind.CERTIFICATE_REVOKED)
    words = {
        one.kind: (notice_text(one, Language.HI), notice_text(one, Language.EN)) for one in page if one.kind in ended
    }
    assert len([one for one in page if one.kind in ended]) == 2
    assert "संशोधित" in words[NoticeKind.CERTIFICATE_CORRECTED][0]
    assert "corrected" in words[NoticeKind.CERTIFICATE_CORRECTED][1]
    assert "निरस्त" in words[NoticeKind.CERTIFICATE_REVOKED][0]
    assert "revoked" in words[NoticeKind.CERTIFICATE_REVOKED][1]
    assert "अपील" in words[NoticeKind.CERTIFICATE_REVOKED][0]
    assert "appeal" in words[NoticeKind.CERTIFICATE_REVOKED][1]


async def test_nobody_is_erased_between_two_certificates_and_an_erased_ones_reasons_are_gone(world: World):
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    with pytest.raises(Problems) as blocked:
        await erase_person(world.env, world.asha, world.asha.person_id or "")
    assert blocked.value.problems[0].params == {"corrections": "1"}
    new = await make_corrected(world.env, old.id, FakeRenderer())
    page = await export_part(world.env, world.asha, world.asha.person_id or "", "certificate_endings")
    assert [row["reason"] for row in page.rows] == [{"text": "The name was misspelt"}]

    await erase_person(world.env, world.asha, world.asha.person_id or "")

    page = await export_part(world.env, SYSTEM, world.asha.person_id or "", "certificate_endings")
    assert [(row["reason"], row["successor_id"]) for row in page.rows] == [({"text": ERASED}, new.id)]
    with pytest.raises(Problems) as caught:
        await correct_certificate(world.env, world.registrar, correction(new, idempotency_key="c-9"))
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, WRONG, "Wrong", "r"))

"""Certificates that the officer who decided signs with her token: prepared, signed by the bridge, checked, released."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from actions.appeals.legal_sweep import sweep
from actions.certificates.signing_queue import TokenSignature
from actions.certificates.token_enrolments import AnswerToken, answer_token
from domain.appeals.appeals import AppealGround, AppealOrigin
from domain.applications.deadline import breaches_at
from domain.applications.lifecycle import Status
from domain.certificates.officer_signatures import SignatureLevel, SigningFailure, SigningState
from domain.kernel import IST, ErrorCode, Problems
from gateway.documents.certificate_checks import check_certificate
from integrations.trust_services import TrustSettings
from store.applications import applications
from store.certificates import officer_signatures
from tests.gateway.documents.test_layout import words_of
from tests.support.actions import World
from tests.support.endings import FORM
from tests.support.law import appeals_of
from tests.support.signing import ADMIN, Signing, signing_in


@pytest.fixture
async def signing(world: World, tmp_path: Path) -> Signing:
    return await signing_in(world, tmp_path)


async def validated(signing: Signing, pdf: bytes) -> list[bool]:
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(one) for one in signing.trust.settings.anchors],
        other_certs=[x509.Certificate.load(one) for one in signing.trust.settings.authorities],
        moment=signing.world.clock.now(),
        allow_fetching=False,
    )
    found = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return [(await async_validate_pdf_signature(one, context)).bottom_line for one in found]


async def status_of(signing: Signing, application_id: str) -> Status:
    found = await signing.world.env.store.read(lambda tx: applications.get(tx, application_id))
    assert found is not None
    return found.status


async def test_a_certificate_is_released_with_the_signature_of_the_officer_who_decided(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    assert await status_of(signing, application.id) is Status.APPROVED
    batch = await signing.prepared(token)

    after = await signing.hand_in(batch, await signing.signed(token, batch))

    certificate = await signing.certificate(application)
    assert certificate is not None
    assert [one.state for one in after.items] == [SigningState.RELEASED]
    assert await status_of(signing, application.id) is Status.DELIVERED
    pdf = await signing.world.env.objects.get(after.items[0].released_sha256 or "")
    assert await validated(signing, pdf or b"") == [True]
    embedded = PdfFileReader(BytesIO(pdf or b"")).embedded_regular_signatures[0]
    assert hashlib.sha256(embedded.signer_cert.dump()).hexdigest() == token["sha256"]


async def test_who_signed_in_which_post_and_when_is_kept(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))

    found = await signing.world.env.store.read(lambda tx: officer_signatures.signatures_of(tx, [application.id]))

    [one] = found[application.id]
    assert (one.name.en, one.designation.en) == ("registrar", "Officer")
    assert "Dehradun" in one.office.en
    assert one.signed_at == signing.world.clock.now().replace(microsecond=0)
    assert (one.evidence_kind, bool(one.evidence)) == ("OCSP", True)


async def test_the_page_prints_who_signs_in_which_post_and_when(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))

    certificate = await signing.certificate(application)
    assert certificate is not None
    words = words_of(await signing.world.env.objects.get(certificate.pdf_sha256) or b"")
    signed_at = signing.world.clock.now().astimezone(IST)
    assert "registrar" in words
    assert "Officer" in words
    assert f"{signed_at:%d-%m-%Y%H:%M}" in words


async def test_the_files_before_and_after_agree_with_everything_below_pinned_roots_alone(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided(form=FORM)
    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))
    env, trust = signing.world.env, signing.trust.settings
    certificate = await signing.certificate(application)
    [item] = (await signing.batch(batch.id)).items
    assert certificate is not None
    raised = await env.objects.get(certificate.pdf_sha256) or b""
    before = await env.objects.get(item.released_sha256 or "") or b""

    async def codes(content: bytes, known: TrustSettings | None) -> dict[str, str]:
        return {one.name: one.code for one in await check_certificate(env, content, known)}

    agree = dict.fromkeys(("pdf", "xml", "qr", "register", "status"), "OK")
    assert raised != before
    assert await codes(before, trust) == await codes(raised, trust) == agree
    assert (await codes(raised, replace(trust, roots=frozenset())))["pdf"] == "UNKNOWN_KEY"
    assert (await codes(raised, None))["pdf"] == "NO_ROOTS"
    assert (await codes(raised.replace(b"/Title", b"/Titla", 1), trust))["pdf"] == "BAD_SIGNATURE"


async def test_the_level_is_raised_afterwards_and_the_copy_of_before_stays_valid(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))

    certificate = await signing.certificate(application)
    [item] = (await signing.batch(batch.id)).items
    assert certificate is not None
    raised = await signing.world.env.objects.get(certificate.pdf_sha256) or b""
    before = await signing.world.env.objects.get(item.released_sha256 or "") or b""
    assert item.level is SignatureLevel.B_LT
    assert raised.startswith(before)
    assert await validated(signing, before) == [True]
    assert await validated(signing, raised) == [True]
    reader = PdfFileReader(BytesIO(raised))
    assert len(reader.embedded_timestamp_signatures) == 1
    assert len(reader.root["/DSS"]["/OCSPs"]) >= 1


@pytest.mark.parametrize(
    ("fate", "failure"),
    [
        ("wrong_pin", SigningFailure.PIN_WRONG),
        ("locked", SigningFailure.PIN_LOCKED),
        ("cancelled", SigningFailure.CANCELLED),
        ("pulled", SigningFailure.TOKEN_GONE),
        ("other_certificate", SigningFailure.SIGNATURE_WRONG),
        ("bad_signature", SigningFailure.SIGNATURE_WRONG),
    ],
)
async def test_what_the_token_does_not_sign_waits_again_with_its_code(
    signing: Signing, fate: str, failure: SigningFailure
):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    signing.fate(fate)

    after = await signing.hand_in(batch, await signing.signed(token, batch))

    assert [(one.state, one.failure) for one in after.items] == [(SigningState.WAITING, failure)]
    assert await signing.certificate(application) is None
    assert await status_of(signing, application.id) is Status.APPROVED


async def test_what_waits_again_is_signed_in_the_next_batch(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    signing.fate("pulled")
    await signing.hand_in(batch, await signing.signed(token, batch))
    signing.fate("well")
    again = await signing.prepared(token)

    await signing.hand_in(again, await signing.signed(token, again))

    assert await signing.certificate(application) is not None


async def test_a_signature_over_another_hash_is_refused(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    [one] = await signing.signed(token, batch)

    with pytest.raises(Problems) as refused:
        await signing.hand_in(batch, [replace(one, sha256=hashlib.sha256(b"another").hexdigest())])

    assert refused.value.code is ErrorCode.SIGNATURE_NOT_AWAITED
    assert await signing.certificate(application) is None


async def test_an_answer_that_is_handed_in_again_is_refused(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    given = await signing.signed(token, batch)
    await signing.hand_in(batch, given)

    with pytest.raises(Problems) as refused:
        await signing.hand_in(batch, given)

    assert refused.value.code is ErrorCode.SIGNATURE_NOT_AWAITED
    assert await signing.certificate(application) is not None


async def test_an_answer_for_what_was_prepared_before_is_refused_after_it_was_prepared_anew(signing: Signing):
    token, _ = await signing.enrolled(), await signing.decided()
    first = await signing.prepared(token)
    given = await signing.signed(token, first)
    signing.world.clock.advance(timedelta(seconds=5))
    second = await signing.prepared(token)

    with pytest.raises(Problems) as refused:
        await signing.hand_in(second, given)

    assert refused.value.code is ErrorCode.SIGNATURE_NOT_AWAITED


async def test_a_signature_after_half_an_hour_comes_too_late(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    given = await signing.signed(token, batch)
    signing.world.clock.advance(timedelta(minutes=30))

    after = await signing.hand_in(batch, given)

    assert [one.failure for one in after.items] == [SigningFailure.SIGNATURE_EXPIRED]
    assert await signing.certificate(application) is None


async def test_a_token_that_was_revoked_meanwhile_releases_nothing(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    given = await signing.signed(token, batch)
    signing.revoke(token)
    signing.world.clock.advance(timedelta(minutes=16))

    with pytest.raises(Problems) as refused:
        await signing.hand_in(batch, given)

    assert refused.value.code is ErrorCode.TOKEN_UNFIT
    assert refused.value.problems[0].sentence == "token_unfit.REVOKED"
    assert await signing.certificate(application) is None


async def test_a_token_that_has_expired_prepares_nothing(signing: Signing):
    token, _ = await signing.enrolled(), await signing.decided()
    signing.world.clock.advance(timedelta(days=3651))

    with pytest.raises(Problems) as refused:
        await signing.prepared(token)

    assert refused.value.problems[0].sentence == "token_unfit.EXPIRED"


@pytest.mark.parametrize("fault", ["unknown", "stale"])
async def test_without_an_answer_of_the_responder_the_list_of_the_authority_decides(signing: Signing, fault: str):
    token, application = await signing.enrolled(), await signing.decided()
    signing.sandbox.actions["trouble"]({"trouble": fault})
    batch = await signing.prepared(token)

    await signing.hand_in(batch, await signing.signed(token, batch))

    found = await signing.world.env.store.read(lambda tx: officer_signatures.signatures_of(tx, [application.id]))
    assert [one.evidence_kind for one in found[application.id]] == ["CRL"]


async def test_while_nobody_tells_whether_it_was_revoked_nothing_is_prepared(signing: Signing):
    token, _ = await signing.enrolled(), await signing.decided()
    signing.sandbox.faults.set([{"kind": "status", "params": {"status": 503}}])

    with pytest.raises(Problems) as refused:
        await signing.prepared(token)

    assert refused.value.code is ErrorCode.REVOCATION_UNKNOWN
    assert [one.state for one in await signing.waiting()] == [SigningState.WAITING]


async def test_another_officers_token_signs_nothing(signing: Signing):
    await signing.enrolled()
    application = await signing.decided()
    theirs = await signing.enrolled(signing.world.tehsildar)

    with pytest.raises(Problems) as refused:
        await signing.prepared(theirs, application.id)

    assert refused.value.code is ErrorCode.TOKEN_NOT_ENROLLED


async def test_an_officer_who_was_transferred_signs_no_more_and_her_successor_does(signing: Signing):
    world = signing.world
    token, application = await signing.enrolled(), await signing.decided()
    taken = await signing.give_posts(world.elsewhere, world.registrar.postings)
    await signing.give_posts(world.registrar, ())
    left = replace(world.registrar, postings=world.elsewhere.postings)
    with pytest.raises(Problems) as refused:
        await signing.prepared(token, application.id, officer=left)
    assert refused.value.code is ErrorCode.OFFICE_NOT_HELD
    theirs = await signing.enrolled(taken)

    batch = await signing.prepared(theirs, officer=taken)
    await signing.hand_in(batch, await signing.signed(theirs, batch), officer=taken)

    certificate = await signing.certificate(application)
    assert certificate is not None
    assert certificate.issued_by == taken.person_id


async def test_a_token_that_was_withdrawn_signs_no_more(signing: Signing):
    token, application = signing.insert(), await signing.decided()
    enrolment = await signing.enrol(signing.world.registrar, token)
    await answer_token(signing.world.env, ADMIN, AnswerToken(enrolment.id, False, "withdraw"))

    with pytest.raises(Problems) as refused:
        await signing.prepared(token, application.id)

    assert refused.value.code is ErrorCode.TOKEN_NOT_ENROLLED


async def test_of_a_batch_only_what_failed_waits_again(signing: Signing):
    world = signing.world
    token = await signing.enrolled()
    first = await signing.decided()
    application = await world.approved(world.sunil, "UKX-CNWTMC", world.registrar, idempotency_key="second")
    await signing.work()
    batch = await signing.prepared(token)
    signing.fate("pulled", at=1)

    after = await signing.hand_in(batch, await signing.signed(token, batch))

    assert [one.state for one in after.items] == [SigningState.RELEASED, SigningState.WAITING]
    assert await signing.certificate(first) is not None
    assert await signing.certificate(application) is None


async def test_the_page_says_who_signs_and_nothing_is_signed_by_the_seal_instead(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    await signing.work()

    batch = await signing.prepared(token)

    assert await signing.certificate(application) is None
    assert [one.state for one in batch.items] == [SigningState.PREPARED]


async def test_the_time_limit_runs_on_until_the_officer_has_signed(signing: Signing):
    application = await signing.decided()
    assert application.due_at is not None
    signing.world.clock.set(breaches_at(application.due_at))

    await sweep(signing.world.env)

    [appeal] = await appeals_of(signing.world.env, application.id)
    assert (appeal.ground, appeal.origin) == (AppealGround.TIME_LIMIT_BREACHED, AppealOrigin.AUTO)


async def test_a_foreign_signing_id_is_not_in_the_batch(signing: Signing):
    token, _ = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)

    with pytest.raises(Problems) as refused:
        await signing.hand_in(batch, [TokenSignature("another", "0" * 64, "AAAA")])

    assert refused.value.code is ErrorCode.SIGNATURE_NOT_AWAITED

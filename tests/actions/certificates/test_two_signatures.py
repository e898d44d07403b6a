"""Two officers sign, corrections are signed as the first certificate was, and a token is enrolled by two people."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.certificate_endings import CorrectCertificate, correct_certificate
from actions.certificates.issue import issue_certificate
from actions.certificates.token_enrolments import AnswerToken, EnrolToken, answer_token, enrol_token
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from domain.applications.applications import Application
from domain.catalogue.definitions import SignedBy
from domain.certificates.certificates import EndGround
from domain.certificates.officer_signatures import SigningFailure, SigningState
from domain.kernel import ErrorCode, Problems, Subject
from store.certificates import certificates, officer_signatures
from tests.gateway.documents.test_layout import words_of
from tests.support.actions import FREE, World
from tests.support.signing import ADMIN, Signing, signing_in


async def decided_by_two(world: World, folder: Path) -> tuple[Signing, Subject, Subject, Application]:
    """An application that one officer decided and another confirmed, and both."""
    signing = await signing_in(world, folder, SignedBy.TWO_OFFICERS)
    env, first = signing.world.env, signing.world.registrar
    second = await signing.give_posts(world.elsewhere, first.postings)
    application = await world.in_scrutiny(world.asha, FREE, first)
    await decide_application(env, first, Decide(application.id, Verdict.APPROVE, "propose"))
    application, _ = await confirm_decision(env, second, ConfirmDecision(application.id, "confirm"))
    assert await issue_certificate(env, application.id, signing.renderer) is None
    return signing, first, second, application


async def test_the_successor_of_a_second_officer_who_left_signs_in_her_stead(world: World, tmp_path: Path):
    signing, first, second, application = await decided_by_two(world, tmp_path)
    own = await signing.enrolled(first)
    batch = await signing.prepared(own, officer=first)
    await signing.hand_in(batch, await signing.signed(own, batch), officer=first)
    await signing.give_posts(second, ())
    successor = await signing.give_posts(world.employment, first.postings)
    theirs = await signing.enrolled(successor)

    taken = await signing.prepared(theirs, officer=successor)
    assert [(one.state, one.failure) for one in taken.items] == [(SigningState.WAITING, SigningFailure.SIGNER_CHANGED)]
    signing.world.clock.advance(timedelta(seconds=1))
    for token, officer in ((own, first), (theirs, successor)):
        batch = await signing.prepared(token, officer=officer)
        await signing.hand_in(batch, await signing.signed(token, batch), officer=officer)

    certificate = await signing.certificate(application)
    assert certificate is not None
    records = await signing.world.env.store.read(lambda tx: officer_signatures.signatures_of(tx, [application.id]))
    assert [one.officer_id for one in records[application.id]] == [first.person_id, successor.person_id]
    words = words_of(await signing.world.env.objects.get(certificate.pdf_sha256) or b"")
    assert ("registrar" in words, "employment" in words, "elsewhere" in words) == (True, True, False)


async def test_while_the_second_officer_is_in_office_nobody_signs_in_her_stead(world: World, tmp_path: Path):
    signing, first, _, application = await decided_by_two(world, tmp_path)
    own = await signing.enrolled(first)
    batch = await signing.prepared(own, officer=first)
    await signing.hand_in(batch, await signing.signed(own, batch), officer=first)
    colleague = await signing.give_posts(world.employment, first.postings)
    theirs = await signing.enrolled(colleague)

    with pytest.raises(Problems) as refused:
        await signing.prepared(theirs, application.id, officer=colleague)

    assert refused.value.code is ErrorCode.SIGNER_DIFFERS
    assert await signing.waiting(colleague) == []


async def test_two_officers_sign_the_one_who_decided_first(world: World, tmp_path: Path):
    signing, first, second, application = await decided_by_two(world, tmp_path)
    env = signing.world.env
    own, theirs = await signing.enrolled(first), await signing.enrolled(second)

    batch = await signing.prepared(own, officer=first)
    await signing.hand_in(batch, await signing.signed(own, batch), officer=first)
    assert await signing.certificate(application) is None
    [waiting] = await signing.waiting(second)
    assert (waiting.state, waiting.place) == (SigningState.WAITING, 2)
    batch = await signing.prepared(theirs, officer=second)
    after = await signing.hand_in(batch, await signing.signed(theirs, batch), officer=second)

    pdf = await env.objects.get(after.items[0].released_sha256 or "") or b""
    reader = PdfFileReader(BytesIO(pdf))
    names = [one.field_name for one in reader.embedded_regular_signatures]
    records = await env.store.read(lambda tx: officer_signatures.signatures_of(tx, [application.id]))
    assert names == ["Officer1", "Officer2"]
    assert reader.embedded_regular_signatures[0].docmdp_level is MDPPerm.FILL_FORMS
    assert [one.officer_id for one in records[application.id]] == [first.person_id, second.person_id]


async def test_a_corrected_certificate_waits_for_the_officers_signature_too(world: World, tmp_path: Path):
    signing = await signing_in(world, tmp_path)
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))
    old = await signing.certificate(application)
    assert old is not None
    request = CorrectCertificate(old.id, EndGround.CLERICAL_ERROR, "A letter was wrong.", "correct", None, {})
    await correct_certificate(signing.world.env, world.registrar, request)
    await signing.work()
    assert await signing.certificate(application) is None
    signing.world.clock.advance(timedelta(seconds=1))

    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))

    new = await signing.certificate(application)
    assert new is not None
    assert new.number != old.number
    assert (await signing.world.env.store.read(lambda tx: certificates.by_ids(tx, [old.id])))[
        old.id
    ].status == "CORRECTED"


async def test_whoever_enters_a_token_does_not_confirm_it(world: World, tmp_path: Path):
    signing = await signing_in(world, tmp_path)
    env, token = signing.world.env, signing.insert()
    entered, _ = await enrol_token(env, world.registrar, EnrolToken(token["certificate"], "enrol"))
    by_admin, _ = await enrol_token(
        env, ADMIN, EnrolToken(signing.insert()["certificate"], "enrol-2", officer_id=world.registrar.person_id)
    )

    for subject, enrolment in ((world.registrar, entered), (ADMIN, by_admin)):
        with pytest.raises(Problems) as refused:
            await answer_token(env, subject, AnswerToken(enrolment.id, True, f"yes-{enrolment.id}"))
        assert refused.value.code is ErrorCode.SECOND_OFFICER_NEEDED


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [("expired", "EXPIRED"), ("class_2", "POLICY"), ("encryption_only", "PURPOSE"), ("other_authority", "CHAIN")],
)
async def test_a_certificate_that_no_officer_may_sign_with_is_not_enrolled(
    world: World, tmp_path: Path, flaw: str, reason: str
):
    signing = await signing_in(world, tmp_path)
    token = signing.insert(flaw=flaw)

    with pytest.raises(Problems) as refused:
        await enrol_token(signing.world.env, world.registrar, EnrolToken(token["certificate"], "enrol"))

    assert refused.value.code is ErrorCode.TOKEN_UNFIT
    assert refused.value.problems[0].sentence == f"token_unfit.{reason}"

"""Two officers sign, corrections are signed as the first certificate was, and a token is enrolled by two people."""

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.certificate_endings import CorrectCertificate, correct_certificate
from actions.certificates.issue import issue_certificate
from actions.certificates.token_enrolments import AnswerToken, EnrolToken, answer_token, enrol_token
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from domain.catalogue.definitions import SignedBy
from domain.certificates.certificates import EndGround
from domain.certificates.officer_signatures import SigningState
from domain.kernel import ErrorCode, Problems
from store.certificates import certificates, officer_signatures
from store.identity import people
from tests.support.actions import FREE, World
from tests.support.signing import ADMIN, signing_in


async def test_two_officers_sign_the_one_who_decided_first(world: World, tmp_path: Path):
    signing = await signing_in(world, tmp_path, SignedBy.TWO_OFFICERS)
    env, first = signing.world.env, signing.world.registrar
    async with env.store.write_transaction() as tx:
        found = await people.officers(tx, [first.person_id or "", world.elsewhere.person_id or ""])
        colleague = replace(found[world.elsewhere.person_id or ""], postings=found[first.person_id or ""].postings)
        await people.update_officer(tx, colleague)
    second = replace(world.elsewhere, postings=first.postings)
    application = await world.in_scrutiny(world.asha, FREE, first)
    await decide_application(env, first, Decide(application.id, Verdict.APPROVE, "propose"))
    application, _ = await confirm_decision(env, second, ConfirmDecision(application.id, "confirm"))
    assert await issue_certificate(env, application.id, signing.renderer) is None
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


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not there")
async def test_pdfsig_finds_the_signature_valid(world: World, tmp_path: Path):
    signing = await signing_in(world, tmp_path)
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    await signing.hand_in(batch, await signing.signed(token, batch))
    certificate = await signing.certificate(application)
    assert certificate is not None
    file = tmp_path / "certificate.pdf"
    file.write_bytes(await signing.world.env.objects.get(certificate.pdf_sha256) or b"")

    said = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False).stdout

    # The second is the time stamp, which pdfsig names and does not verify.
    officers = said.partition("Signature #2")[0]
    assert "Signature Validation: Signature is Valid." in officers
    assert "Signature Type: ETSI.CAdES.detached" in officers

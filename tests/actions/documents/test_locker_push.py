"""Lockers follow: put there with consent, updated when corrected, deleted when revoked, later if they had to wait."""

from dataclasses import replace

import pytest

from actions.applications.decide import ISSUE
from actions.certificates.certificate_endings import (
    CORRECT,
    EndCertificate,
    correct_certificate,
    make_corrected,
    revoke_certificate,
)
from actions.certificates.issue import issue_certificate
from actions.certificates.issuer import CertificateIssuer
from actions.consents.consents import ChangeConsent, grant_consent, withdraw_consent
from actions.documents.locker_push import ASKED, PUSH, note_pulled, send_as_asked
from actions.identity.sign_in_people import keep_grant
from domain.consents.consents import ConsentPurpose
from domain.kernel import Source
from integrations.calling.errors import Refused, Unavailable
from integrations.digilocker import (
    PENDING,
    URI_UNKNOWN,
    CopyFormat,
    PullDocRequest,
    PullRequest,
    PushAction,
)
from integrations.sso import ProviderTokens
from store.database import NotThere, TryAgain
from store.documents import locker_copies
from store.identity import accesses, identities
from store.platform import outbox
from tests.support.actions import FREE, ORDER, FakeRenderer, World
from tests.support.endings import FORM, WRONG, Pushes, consent, correction, issued, run_pushes, waiting
from tests.support.stored import audit_lines_of


@pytest.fixture
def pushes(world: World) -> Pushes:
    world.locker.pushing = made = Pushes()
    return made


async def test_a_certificate_goes_to_the_locker_only_where_consent_is_on_record(world: World, pushes: Pushes):
    await world.link_locker(world.asha)
    await issued(world)
    assert await waiting(world) == []


async def test_an_issued_certificate_is_put_into_the_locker(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    await run_pushes(world)
    await run_pushes(world)

    (pushed,) = pushes.came
    assert (pushed.action, pushed.uri, pushed.locker_id) == (PushAction.ADD, certificate.uri, "locker-1")
    assert pushed.pdf == f"%PDF {certificate.number}".encode()
    async with world.env.store.read_transaction() as tx:
        assert (await locker_copies.held_copies(tx, [certificate.id]))[certificate.id].via is locker_copies.Via.PUSH
        actions = [line.action for line in await audit_lines_of(tx, "CERTIFICATE", certificate.id)]
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 10)
    assert actions == ["locker.push_add"]
    given = ("DIGILOCKER", "ISSUE_TO_LOCKER", certificate.id)
    assert [(each.role, each.purpose, each.object_id) for each in receipts].count(given) == 1


async def test_consent_withdrawn_before_the_push_stops_it(world: World, pushes: Pushes):
    await consent(world)
    await issued(world)
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "no"))
    await run_pushes(world)
    assert pushes.came == []


async def test_a_correction_updates_and_a_revocation_deletes_what_the_locker_holds(world: World, pushes: Pushes):
    await consent(world)
    old = await issued(world)
    await run_pushes(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    # Consent that has ended does not leave a wrong paper in the locker.
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "no"))
    await run_pushes(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, WRONG, "Wrong", "r"))
    await run_pushes(world)

    assert pushes.told == [("A", old.uri), ("U", old.uri), ("D", old.uri)]
    assert pushes.came[1].pdf == f"%PDF {new.number}".encode()
    assert pushes.came[2].pdf is None
    async with world.env.store.read_transaction() as tx:
        assert await locker_copies.held_copies(tx, [old.id]) == {}


async def test_an_entry_that_the_citizen_deleted_is_put_there_by_its_new_uri(world: World, pushes: Pushes):
    await consent(world)
    old = await issued(world)
    await run_pushes(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    pushes.failure = Refused(Source.DIGILOCKER, URI_UNKNOWN)
    await run_pushes(world)
    pushes.failure = None
    await run_pushes(world)
    assert pushes.told == [("A", old.uri), ("A", new.uri)]


async def test_a_lost_answer_hides_no_copy(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    pushes.failure = Unavailable(Source.DIGILOCKER, "timeout")
    with pytest.raises(Unavailable):
        await run_pushes(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    pushes.failure = None
    await run_pushes(world)
    assert pushes.told == [("D", certificate.uri)]


@pytest.mark.parametrize("code", ["invalid_digilocker_id", "uri_in_another_account"])
async def test_a_locker_that_cannot_hold_it_settles_the_matter(world: World, pushes: Pushes, code: str):
    await consent(world)
    certificate = await issued(world)
    pushes.failure = Refused(Source.DIGILOCKER, code)
    await run_pushes(world)

    async with world.env.store.read_transaction() as tx:
        assert await locker_copies.held_copies(tx, [certificate.id]) == {}
        lines = await audit_lines_of(tx, "CERTIFICATE", certificate.id)
    assert [(line.action, line.detail["refusal"]) for line in lines] == [("locker.push_add.refused", code)]
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    assert await waiting(world) == []


async def test_what_our_own_account_does_wrong_is_tried_again(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    pushes.failure = Refused(Source.DIGILOCKER, "insufficient_scope")
    with pytest.raises(Refused):
        await run_pushes(world)
    pushes.failure = None
    await run_pushes(world)
    assert pushes.told == [("A", certificate.uri)]


async def test_a_copy_that_was_taken_out_and_pulled_again_is_followed(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    pushes.failure = Refused(Source.DIGILOCKER, "invalid_digilocker_id")
    await run_pushes(world)
    pushes.failure = None
    async with world.env.store.write_transaction() as tx:
        await note_pulled(tx, certificate, "locker-2")
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    await run_pushes(world)
    assert [(pushed.action, pushed.locker_id) for pushed in pushes.came] == [(PushAction.DELETE, "locker-2")]


async def test_a_pull_that_meets_the_end_of_the_certificate_is_asked_again(world: World):
    certificate = await issued(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    async with world.env.store.write_transaction() as tx:
        with pytest.raises(TryAgain):
            await note_pulled(tx, certificate, "locker-1")  # as read before


async def test_a_locker_that_is_away_does_not_hold_back_the_right_certificate(world: World, pushes: Pushes):
    await consent(world)
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    for message in await waiting(world, ISSUE):
        async with world.env.store.write_transaction() as tx:
            await outbox.mark_delivered(tx, message.id, world.clock.now())
    async with world.env.store.write_transaction() as tx:
        claimed = await outbox.claim(tx, "one worker", 10, 30.0)  # the addition is under way and never answered
    assert [message.topic for message in claimed] == [PUSH, CORRECT]
    new = await make_corrected(world.env, old.id, FakeRenderer())
    await run_pushes(world)
    assert pushes.told == [("A", new.uri)]  # the old one is not put there any more


async def test_consent_to_push_stands_without_consent_to_read(world: World, pushes: Pushes):
    """Putting in and reading are two purposes: a locker whose tokens ended is still hers."""
    await consent(world)
    async with world.env.store.write_transaction() as tx:
        await identities.mark_needs_consent(tx, world.asha.person_id or "")
    certificate = await issued(world)
    await run_pushes(world)
    assert pushes.told == [("A", certificate.uri)]


async def test_consent_without_a_linked_locker_pushes_nothing(world: World):
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "yes"))
    await issued(world)
    assert await waiting(world) == []


def pulled(world: World, search: str, txn: str) -> PullRequest:
    """A pull from the locker that Asha linked."""
    return PullRequest("org", txn, CopyFormat.BOTH, "BTCER", "locker-1", "Asha Negi", None, {"UDF1": search})


async def run_asked(world: World) -> None:
    for message in await waiting(world, ASKED):
        await send_as_asked(world.env, message.payload["application_id"], message.payload["locker_id"])
        async with world.env.store.write_transaction() as tx:
            await outbox.mark_delivered(tx, message.id, world.clock.now())


async def test_who_was_told_to_wait_gets_it_pushed_once_it_is_made(world: World, pushes: Pushes):
    """Status 9 means that the certificate is delivered later with Push URI.

    Source: docs/contracts/digilocker.md section 7.1.
    """
    await world.link_locker(world.asha)
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    issuer = CertificateIssuer(world.env)

    assert await issuer.find(pulled(world, application.number, "1")) is PENDING
    assert await issuer.find(pulled(world, application.number, "2")) is PENDING
    with pytest.raises(NotThere):
        await run_asked(world)
    certificate = await issue_certificate(world.env, application.id, FakeRenderer())
    assert certificate is not None
    await run_asked(world)

    assert pushes.told == [("A", certificate.uri)]
    assert pushes.came[0].locker_id == "locker-1"
    async with world.env.store.read_transaction() as tx:
        assert set(await locker_copies.held_copies(tx, [certificate.id])) == {certificate.id}
        lines = await audit_lines_of(tx, "APPLICATION", application.id)
    assert [line.action for line in lines].count("digilocker.pull_uri.pending") == 2


@pytest.mark.parametrize(
    "changes",
    [{"locker_id": "locker-2"}, {"name": "Usha Negi"}, {"name": None}, {"doctype": "INCER"}, {"search": {"UDF1": "1"}}],
)
async def test_nobody_else_is_told_that_a_certificate_is_being_made(world: World, changes):
    await world.link_locker(world.asha)
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    asked = replace(pulled(world, application.number, "1"), **changes)
    assert await CertificateIssuer(world.env).find(asked) is None
    assert await waiting(world, ASKED) == []


async def test_a_decision_that_ends_in_no_certificate_is_not_waited_for(world: World):
    await world.link_locker(world.asha)
    order = await world.approved(world.asha, ORDER, world.employment)
    assert await CertificateIssuer(world.env).find(pulled(world, order.number, "1")) is None
    assert await waiting(world, ASKED) == []


async def test_who_was_told_to_wait_for_a_correction_gets_the_new_one(world: World, pushes: Pushes):
    await world.link_locker(world.asha)
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    assert await CertificateIssuer(world.env).find(pulled(world, old.number, "1")) is PENDING
    with pytest.raises(NotThere):
        await run_asked(world)
    new = await make_corrected(world.env, old.id, FakeRenderer())
    await run_asked(world)
    assert pushes.told == [("A", new.uri)]


async def test_what_was_revoked_meanwhile_is_not_put_there(world: World, pushes: Pushes):
    await world.link_locker(world.asha)
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    assert await CertificateIssuer(world.env).find(pulled(world, application.number, "1")) is PENDING
    certificate = await issue_certificate(world.env, application.id, FakeRenderer())
    assert certificate is not None
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    await run_asked(world)
    assert pushes.came == []


async def test_a_locker_that_fetches_by_an_old_uri_is_followed(world: World, pushes: Pushes):
    """What was put there before lockers were noted shows itself when it is opened."""
    await world.link_locker(world.asha)
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    opened = PullDocRequest("org", "1", CopyFormat.PDF, old.uri, "locker-1", None, None)
    copy = await CertificateIssuer(world.env).fetch(opened)
    assert copy is not None
    assert copy.uri == new.uri
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, WRONG, "Wrong", "r"))
    await run_pushes(world)
    assert pushes.told == [("D", old.uri)]


async def test_what_was_issued_before_goes_there_when_she_consents(world: World, pushes: Pushes):
    await world.link_locker(world.asha)
    certificate = await issued(world)
    assert await waiting(world) == []

    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "yes"))
    await run_pushes(world)
    assert pushes.told == [("A", certificate.uri)]


async def test_what_lies_there_already_is_not_put_there_again_with_the_next_consent(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    await run_pushes(world)
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "no"))
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "again"))
    await run_pushes(world)
    assert pushes.told == [("A", certificate.uri)]


async def test_a_push_that_a_withdrawal_stopped_goes_out_with_the_next_consent(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "no"))
    await run_pushes(world)
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "again"))
    await run_pushes(world)
    assert pushes.told == [("A", certificate.uri)]


async def test_what_does_not_stand_any_more_is_not_put_there_later(world: World, pushes: Pushes):
    await world.link_locker(world.asha)
    certificate = await issued(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "yes"))
    await run_pushes(world)
    assert pushes.told == []


async def test_what_was_issued_before_goes_there_when_she_links_a_locker_later(world: World, pushes: Pushes):
    certificate = await issued(world)
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "yes"))
    await run_pushes(world)
    assert pushes.told == []

    tokens = ProviderTokens("access", "refresh", 3600, "files.issueddocs", None, "locker-1")
    async with world.env.store.write_transaction() as tx:
        assert await keep_grant(world.env, tx, world.asha.person_id or "", tokens)
    await run_pushes(world)
    assert pushes.told == [("A", certificate.uri)]

"""What is counted, and taken back: one row for each event, on its day, by the rules; machines are left out."""

from datetime import date, timedelta
from typing import Any

import pytest

from actions.benefits.sanction import settle
from actions.certificates.certificate_endings import EndCertificate, correct_certificate, revoke_certificate
from actions.etaal.enquiries import Asker, note_enquiry
from actions.feedback.tracking import track_application
from actions.kernel import UnitOfWork
from domain.benefits.benefits import PaymentStatus
from domain.etaal.counting import STATUS_LINE, CorrectionReason
from domain.feedback.tracking import SecondFactor
from domain.kernel import PersonKind, Role, Subject, ist_date
from store.benefits import benefits
from store.checks.counting import transaction_ledger
from store.database import StoreUnavailable
from store.etaal import ledger, ledger_seal
from tests.support.actions import PENSION, World, papers
from tests.support.endings import WRONG, correction, issued
from tests.support.worlds import PENSION_PAPERS, deliver_all, link_and_offer

MOBILE = SecondFactor(mobile_last4="0001")


async def counts(world: World, day: date | None = None) -> dict[tuple[str, str], int]:
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        rows = await ledger.counts_on(tx, day or ist_date(world.clock.now()))
    return {(row.service_code, row.category): row.count for row in rows}


async def test_a_revoked_certificate_is_taken_back_on_the_day_of_its_delivery(world: World):
    certificate = await issued(world)
    day = ist_date(world.clock.now())
    assert sum((await counts(world)).values()) == 1
    world.clock.advance(timedelta(days=30))
    end = EndCertificate(certificate.id, WRONG, "It was not hers.", "revoke")
    await revoke_certificate(world.env, world.registrar, end)
    await revoke_certificate(world.env, world.registrar, end)
    assert (await counts(world, day), await counts(world)) == ({}, {})
    async with world.env.store.read_transaction() as tx:
        (made,) = await ledger.corrections(tx, day, 2, 10)
        assert await ledger.revision(tx, day) == 2
    assert (made.reason, made.count) == (CorrectionReason.CERTIFICATE_REVOKED, -1)


async def test_a_corrected_certificate_stays_counted_once(world: World):
    certificate = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(certificate))
    assert sum((await counts(world)).values()) == 1


async def test_a_credit_counts_once_for_its_instalment_and_a_returned_one_is_taken_back(world: World):
    await link_and_offer(world, world.asha, PENSION_PAPERS)
    application = await world.approved(world.asha, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    await deliver_all(world)

    async def note(status: PaymentStatus) -> None:
        async with world.env.store.write_transaction() as tx:
            held = (await benefits.sanction_of_applications(tx, [application.id]))[application.id]
            (made,) = (await benefits.instalments(tx, [held.id]))[held.id]
            await settle(UnitOfWork(world.env, tx, world.welfare), made, status)

    for _ in range(2):
        await note(PaymentStatus.CREDITED)
    async with world.env.store.read_transaction() as tx:
        scheme = (await benefits.sanction_of_applications(tx, [application.id]))[application.id].scheme_code
    day = ist_date(world.clock.now())
    assert await counts(world) == {(PENSION, "A"): 1, (scheme, "E"): 1}
    world.clock.advance(timedelta(days=3))
    await note(PaymentStatus.RETURNED)
    assert await counts(world, day) == {(PENSION, "A"): 1}


async def test_an_enquiry_counts_once_in_five_minutes_for_each_line(world: World):
    application = await world.submit(world.asha)

    async def track(client: str, agent: str | None = "Mozilla/5.0") -> None:
        await track_application(world.env, application.number, MOBILE, client=client, agent=agent)

    for client in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        await track(client)
    await track_application(
        world.env, application.number, SecondFactor(mobile_last4="9999"), client="10.0.0.3", agent="Mozilla/5.0"
    )
    assert await counts(world) == {(STATUS_LINE, "D"): 2}
    world.clock.advance(timedelta(minutes=5))
    await track("10.0.0.1")
    for agent in ("apuni-self-test/1", "Googlebot/2.1", "uptime-monitor"):
        await track("10.0.0.9", agent)
    assert await counts(world) == {(STATUS_LINE, "D"): 3}


@pytest.mark.parametrize(
    ("who", "counted"),
    [
        (lambda world: world.asha, 1),
        (lambda world: world.registrar, 0),
        (lambda world: Subject(frozenset({Role.CITIZEN, Role.DEVELOPER}), PersonKind.CITIZEN, "x"), 0),
        (lambda world: Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "o"), 1),
    ],
    ids=["citizen", "officer", "developer", "operator"],
)
async def test_who_is_signed_in_is_counted_unless_it_is_work_or_a_machine(world: World, who: Any, counted: int):
    application = await world.submit(world.asha)
    for _ in range(3):
        await note_enquiry(world.env, Asker(who(world), "10.0.0.1", "Mozilla/5.0"), application)
    assert await counts(world) == ({(STATUS_LINE, "D"): 1} if counted else {})


async def test_an_operators_enquiry_is_assisted(world: World):
    application = await world.submit(world.asha)
    operator = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "o")
    await note_enquiry(world.env, Asker(operator, agent="Mozilla/5.0"), application)
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        (row,) = await ledger.counts_on(tx, ist_date(world.clock.now()))
    assert (row.channel, row.district) == ("CSC", application.district)


async def test_no_answer_is_lost_because_an_enquiry_cannot_be_counted(world: World, monkeypatch: pytest.MonkeyPatch):
    application = await world.submit(world.asha)

    def down(*_given: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(ledger, "record", down)
    await note_enquiry(world.env, Asker(world.asha), application)
    monkeypatch.undo()
    await note_enquiry(world.env, Asker(world.asha), application)
    assert await counts(world) == {(STATUS_LINE, "D"): 1}


async def test_from_the_ledger_nobody_learns_who_asked_about_what(world: World):
    application = await world.submit(world.asha)
    await note_enquiry(world.env, Asker(world.asha, "10.0.0.1"), application)
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        rows = (await tx.connection.exec_driver_sql("SELECT * FROM e_transactions")).all()
    text = str(rows)
    assert not any(named in text for named in (application.id, world.asha.person_id or "", "10.0.0.1"))


async def test_a_revocation_that_is_still_counted_is_found(world: World):
    certificate = await issued(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Not hers.", "revoke"))
    await ledger_seal.seal(world.env.store)

    async def findings() -> set[str]:
        async with world.env.store.read_transaction() as tx:
            return {finding.code async for finding in transaction_ledger(tx)}

    assert await findings() == set()
    async with world.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql("DELETE FROM e_transactions WHERE corrects IS NOT NULL")
    assert "REVOKED_BUT_COUNTED" in await findings()

"""Certificates that sign: what PFMS says of them, and a change of keys while files are on their way."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from actions.kernel import Environment
from actions.payments.partner import pfms
from actions.payments.payment_answers import fetch_answers
from actions.payments.payment_batches import batch_now
from actions.payments.sealing import FileDiffers
from actions.payments.sending import send_batch
from actions.payments.signers import known_signers
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import BatchState, EnrolmentState, LineState
from gateway.commands.dbt import problems_of, signer_line
from integrations.calling.errors import Unavailable
from integrations.dbt_finance.pfms.papers import PfmsPapers
from sandbox.dbt_finance.pfms.system import new_seal
from store.certificates import signing_certificates
from store.payments.payment_tables import batches_table, sealed_files_table
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import cases_table
from tests.support.noting import Noting
from tests.support.payments import Paying, pfms_changed

pytestmark = pytest.mark.integration


@dataclass
class Rotation:
    """The world with a second key, which PFMS does not know yet."""

    paying: Paying
    key: dict[str, str]

    def env(self, *, present: bool, both: bool = True) -> Environment:
        """Signing with the new key (`present`) or the old one; the other on the ring too, or gone."""
        given = self.paying.pfms.given
        new = {"signing_key": self.key["key"], "signing_certificate": self.key["certificate"]}
        old = {name: given[name] for name in new}
        first, second = (new, old) if present else (old, new)
        papers = PfmsPapers.from_onboarding({**given, **first, "other_signers": [second] if both else []})
        return pfms_changed(self.paying.env, papers=papers)

    def enrol(self, code: str | None = None) -> None:
        """PFMS takes the new certificate, or declines it, and tells us by a file."""
        self.paying.pfms.sandbox.actions["enrol_signer"]({"certificate": self.key["certificate"], "code": code})

    def decline_present(self) -> None:
        """PFMS takes back the enrolment of the certificate that signs now."""
        certificate = self.paying.pfms.given["signing_certificate"]
        self.paying.pfms.sandbox.actions["enrol_signer"]({"certificate": certificate, "code": "DBE0003"})


@pytest.fixture
def rotation(paying: Paying) -> Rotation:
    """A key beside the present one."""
    return Rotation(paying, new_seal("source", paying.clock.now()))


async def heard(paying: Paying, fingerprint: str) -> EnrolmentState:
    async with paying.env.store.read_transaction() as tx:
        return (await signing_certificates.enrolment(tx, fingerprint)).state


def fingerprint(env: Environment) -> str:
    return pfms(env).papers.signer.fingerprint


async def lose(env: Environment, batch: Any) -> None:
    """Its file is sealed and tried, and then it is lost here and never arrived there."""
    with pytest.raises(Unavailable):
        await send_batch(pfms_changed(env, exchange=Noting(pfms(env).exchange, "file")), batch.id)
    async with env.store.write_transaction() as tx:
        await tx.connection.execute(delete(sealed_files_table))


async def test_a_lost_file_is_made_again_with_the_key_that_signed_it_though_another_signs_now(
    rotation: Rotation,
) -> None:
    paying = rotation.paying
    (one,) = await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await lose(paying.env, batch)
    await send_batch(rotation.env(present=True), batch.id)
    (after,) = await paying.batches()
    assert (after.state, after.digest) == (BatchState.SENT, (await paying.batches())[0].digest)
    assert after.signed_by == fingerprint(paying.env)
    paying.pfms.pick_up()
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1
    assert await paying.cases() == []


async def test_a_batch_of_an_older_release_is_made_again_by_trying_every_key_on_the_ring(rotation: Rotation) -> None:
    paying = rotation.paying
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await lose(paying.env, batch)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(batches_table).values(signed_by=None))
    await send_batch(rotation.env(present=True), batch.id)
    assert (await paying.batches())[0].state == BatchState.SENT


async def test_only_where_the_key_is_gone_somebody_must_look(rotation: Rotation) -> None:
    paying = rotation.paying
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await lose(paying.env, batch)
    with pytest.raises(FileDiffers):
        await send_batch(rotation.env(present=True, both=False), batch.id)
    async with paying.env.store.read_transaction() as tx:
        (case,) = (await tx.connection.execute(select(cases_table))).all()
    assert (case.kind, case.found) == ("TOTAL_DIFFERS", "the key that signed it is gone")
    await send_batch(rotation.env(present=True), batch.id)
    assert (await paying.batches())[0].state == BatchState.SENT, "the key was found again"


async def test_keys_change_without_a_pause_and_each_file_says_who_signed_it(rotation: Rotation) -> None:
    paying = rotation.paying
    await paying.validated(1)
    await paying.round(now=True)
    rotation.enrol()
    env = rotation.env(present=False)
    while await fetch_answers(env):
        pass
    assert await heard(paying, fingerprint(rotation.env(present=True))) is EnrolmentState.ACCEPTED
    await paying.sanctioned(1, first=2)
    turned = replace(paying, world=replace(paying.world, env=rotation.env(present=True)))
    await turned.round(now=True)
    paying.pfms.pass_time(seconds=1)
    await turned.round(now=True)
    assert len(paying.pfms.orders()) == 2
    old, new = await paying.batches()
    assert (old.signed_by, new.signed_by) == (fingerprint(paying.env), fingerprint(turned.env))
    async with paying.env.store.read_transaction() as tx:
        assert await signing_certificates.files_under_way(tx) == {}, "the old key may go"
    assert await paying.cases() == []


async def test_a_declined_certificate_signs_nothing_and_what_is_due_waits_for_it(rotation: Rotation) -> None:
    paying = rotation.paying
    (one,) = await paying.validated(1)
    await batch_now(paying.env)
    rotation.decline_present()
    await paying.answers()
    mark = fingerprint(paying.env)
    assert await heard(paying, mark) is EnrolmentState.REJECTED
    assert await paying.cases() == [("SIGNER_DECLINED", f"signer:{mark[:16]}")]
    await paying.send_due()
    (given_up,) = await paying.batches()
    assert (given_up.state, given_up.digest) == (BatchState.ABANDONED, None), "it was never signed"
    assert [line.state for line in await paying.lines()] == [LineState.RELEASED]
    assert await batch_now(paying.env) == 0
    paying.pfms.pass_time(seconds=1)
    paying.pfms.sandbox.actions["enrol_signer"]({"certificate": paying.pfms.given["signing_certificate"]})
    await paying.answers()
    async with paying.env.store.read_transaction() as tx:
        assert await finance_cases.open_counts(tx) == {}, "its case closed itself"
    await paying.round(now=True)
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1
    assert await paying.findings() == []


async def test_a_file_that_was_signed_and_never_tried_goes_anew_under_a_signer_that_pfms_takes(
    rotation: Rotation,
) -> None:
    paying = rotation.paying
    (one,) = await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await lose(paying.env, batch)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(batches_table).where(batches_table.c.id == batch.id).values(started_at=None))
    rotation.decline_present()
    await paying.answers()
    await paying.send_due()
    rotation.enrol()
    turned = replace(paying, world=replace(paying.world, env=rotation.env(present=True)))
    await turned.answers()
    await turned.round(now=True)
    first, second = await paying.batches()
    assert (first.state, second.state) == (BatchState.ABANDONED, BatchState.CLOSED)
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1
    assert await paying.findings() == []


async def test_what_was_tried_may_be_there_and_is_sent_on_whatever_is_said_of_its_signer(rotation: Rotation) -> None:
    paying = rotation.paying
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await lose(paying.env, batch)
    rotation.decline_present()
    await paying.answers()
    await send_batch(paying.env, batch.id)
    assert (await paying.batches())[0].state == BatchState.SENT
    assert len(await paying.lines()) == 1


async def test_an_operator_sees_when_an_old_key_may_go_and_when_one_went_too_early(rotation: Rotation) -> None:
    paying = rotation.paying
    await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await lose(paying.env, batch)
    turned = rotation.env(present=True)
    new, old = await known_signers(turned)
    assert (new.signs_now, new.files, old.signs_now, old.key_held, old.files) == (True, 0, False, True, 1)
    assert signer_line(old).startswith(f"{fingerprint(paying.env)} on-the-ring UNHEARD since - codes - valid-until 20")
    assert problems_of([new, old]) == []
    early = await known_signers(rotation.env(present=True, both=False))
    assert problems_of(early) == ["the keys of 1 files under way are not on the ring: put them back"]
    rotation.decline_present()
    await paying.answers()
    assert problems_of(await known_signers(turned)) == []
    (problem,) = problems_of(await known_signers(paying.env))
    assert problem.startswith("PFMS declined the certificate that signs now")


async def test_an_enrolment_of_a_certificate_that_is_not_ours_is_a_case(paying: Paying) -> None:
    stranger = new_seal("stranger", paying.clock.now())
    paying.pfms.sandbox.actions["enrol_signer"]({"certificate": stranger["certificate"]})
    assert await paying.answers() == 1
    ((kind, about),) = await paying.cases()
    assert (kind, about.startswith("signer:")) == ("NOT_WITH_US", True)
    (file,) = [row for row in await paying.ledger() if row.kind == "dsc-enrolment"]
    assert (file.state, file.unknown) == ("APPLIED", 1)


async def test_what_was_said_first_and_comes_late_changes_nothing(rotation: Rotation) -> None:
    paying = rotation.paying
    mark = fingerprint(rotation.env(present=True))
    rotation.enrol("DBE0003")
    paying.pfms.pass_time(minutes=5)
    rotation.enrol()
    names = paying.files().names("/in/dsc-enrolment")
    early = paying.files().get(f"/in/dsc-enrolment/{names[0]}") or b""
    env = rotation.env(present=False)
    while await fetch_answers(env):
        pass
    assert await heard(paying, mark) is EnrolmentState.ACCEPTED
    paying.files().put(f"/in/dsc-enrolment/late_{names[0]}", early)
    while await fetch_answers(env):
        pass
    assert await heard(paying, mark) is EnrolmentState.ACCEPTED


async def test_an_unsigned_word_on_a_certificate_is_refused_whole(rotation: Rotation) -> None:
    paying = rotation.paying
    paying.pfms.faults({"kind": "signature", "route": "/in/dsc-enrolment", "params": {"how": "foreign"}})
    rotation.decline_present()
    await paying.answers()
    assert await heard(paying, fingerprint(paying.env)) is EnrolmentState.UNHEARD
    assert [kind for kind, _ in await paying.cases()] == ["FILE_REFUSED"]

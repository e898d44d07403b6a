"""The certificates that we sign files for PFMS with, and their status at PFMS.

Source: docs/contracts/dbt_finance.md section 2.5. One without any known status may sign, as PFMS would say so
later. One that was declined signs nothing more: what is due waits, and a case says so, until PFMS takes it after all or
another key signs (docs/payments.md).
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_case, resolve_automatically
from domain.identity.policy import Purpose
from domain.payments.files import BatchState, EnrolmentState, FileState, PaymentFileBatch, SignerEnrolment
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind, FinanceDifference
from integrations.dbt_finance.pfms import Pfms
from integrations.dbt_finance.pfms.models import EnrolmentAnswer
from store.certificates import signing_certificates
from store.database import Transaction
from store.payments import payment_files

ENROLLED = "PFMS takes the certificate by now."
_log = structlog.get_logger(__name__)


async def apply_enrolment(acting: UnitOfWork, partner: Pfms, file_id: str, answer: EnrolmentAnswer) -> None:
    """Keep what a file says of a certificate, in the caller's transaction.

    An answer about a certificate that is not ours opens a case too: somebody enrolled a signer under our name.
    """
    entry = await payment_files.file(acting.tx, file_id)
    if entry is None or entry.state is not FileState.RECEIVED:
        return
    state = EnrolmentState.ACCEPTED if answer.accepted else EnrolmentState.REJECTED
    told = SignerEnrolment(answer.fingerprint, state, codes=answer.codes, source=entry.name)
    ours = answer.fingerprint in {each.fingerprint for each in partner.papers.ring}
    news = await signing_certificates.record_answer(acting.tx, told, min(answer.created_at, acting.now))
    if not ours:
        await open_case(acting, _case(DifferenceKind.NOT_WITH_US, answer, state))
    elif news and state is EnrolmentState.REJECTED:
        await open_case(acting, _case(DifferenceKind.SIGNER_DECLINED, answer, state))
    elif news:
        good, about = CaseOutcome.CORRECTED_AT_PARTNER, _signer_reference(answer)
        await resolve_automatically(acting, DifferenceKind.SIGNER_DECLINED, about, good, ENROLLED)
    await payment_files.advance(acting.tx, file_id, rows=1, applied=1, unknown=int(not ours))
    await payment_files.settle(acting.tx, file_id, FileState.APPLIED)
    detail: dict[str, int | str] = {"digest": entry.digest, "signer": answer.fingerprint, "state": state.value}
    await acting.record("payment_signer.heard", "PAYMENT_FILE", entry.name, Purpose.PAY_BENEFIT, **detail)
    _log.info("payment_signer_heard", state=state.value, ours=ours, codes=len(answer.codes))


@dataclass(frozen=True, slots=True)
class KnownSigner:
    """A certificate with what is known of it; `files` were signed with it and are not final."""

    enrolment: SignerEnrolment
    signs_now: bool
    key_held: bool
    files: int
    valid_until: datetime | None


MOST_SIGNERS = 50


async def known_signers(env: Environment) -> list[KnownSigner]:
    """Every certificate that we hold, that signed a file under way or that PFMS spoke of; the present one first.

    At most 50. None where this installation has no way to PFMS and never had one.
    """
    partner = env.partners.pfms
    ring = {each.fingerprint: each for each in partner.papers.ring} if partner else {}
    async with env.store.read_transaction() as tx:
        heard = {each.fingerprint: each for each in await signing_certificates.enrolments(tx)}
        files = await signing_certificates.files_under_way(tx)
    signed = [fingerprint for fingerprint in files if fingerprint is not None]
    return [
        KnownSigner(
            heard.get(each) or SignerEnrolment(each, EnrolmentState.UNHEARD),
            signs_now=partner is not None and each == partner.papers.signer.fingerprint,
            key_held=each in ring,
            files=files.get(each, 0),
            valid_until=ring[each].valid_until if each in ring else None,
        )
        for each in list(dict.fromkeys((*ring, *signed, *heard)))[:MOST_SIGNERS]
    ]


async def may_sign(tx: Transaction, fingerprint: str) -> bool:
    """Whether a certificate may sign: PFMS has not declined it, as far as we know."""
    return (await signing_certificates.enrolment(tx, fingerprint)).state is not EnrolmentState.REJECTED


async def is_stopped(tx: Transaction, partner: Pfms, batch: PaymentFileBatch) -> bool:
    """Whether a batch must not go because its signer was declined; one that may have gone already never is."""
    if not never_tried(batch):
        return False
    return not await may_sign(tx, batch.signed_by or partner.papers.signer.fingerprint)


def never_tried(batch: PaymentFileBatch) -> bool:
    """Whether PFMS certainly has nothing of a batch."""
    return batch.state in {BatchState.BUILT, BatchState.SEALED} and batch.started_at is None


def _case(kind: DifferenceKind, answer: EnrolmentAnswer, state: EnrolmentState) -> FinanceDifference:
    found = f"{state.value} {','.join(answer.codes)}".strip()[:200]
    return FinanceDifference(kind, _signer_reference(answer), expected="ACCEPTED", found=found)


def _signer_reference(answer: EnrolmentAnswer) -> str:
    return f"signer:{answer.fingerprint[:16]}"

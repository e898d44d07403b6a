"""Builds and signs the outgoing payment file, and stores it encrypted until its last line is final.

Aadhaar numbers come from the vault here, at the moment of signing, each read noted there, and go nowhere but into the
sealed file (ADR 0015). The same references give the same bytes, so a file that was lost is made again
and its hash proves it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from actions.benefits.payment_status import apply_statuses
from actions.kernel import Environment, UnitOfWork
from actions.payments.beneficiary_endings import not_deleted
from actions.payments.closing import close_batch, note_batch
from actions.payments.partner import FILE_KINDS
from actions.payments.registrations import CITIZEN_CORRECTS, report_rejected
from actions.reconciliation.finance_cases import open_case, open_cases
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Source
from domain.payments.files import (
    DELETE,
    TWICE,
    BatchKind,
    BatchLine,
    BatchState,
    Beneficiary,
    Direction,
    FileState,
    LedgerFile,
    LineState,
    PayeeDetails,
    PaymentFileBatch,
    PaymentMethod,
)
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from integrations.calling.errors import NotAsked
from integrations.dbt_finance.pfms import Pfms
from integrations.dbt_finance.pfms import models as wire
from integrations.dbt_finance.pfms.files import beneficiary_file, payment_file
from integrations.dbt_finance.pfms.line_rules import faults_of_beneficiary, faults_of_payment
from integrations.dbt_finance.pfms.scheme_terms import SchemeTerms
from integrations.dbt_finance.pfms.signing import FileSigner
from store.database import CannotDecrypt, Transaction, crash_points, require_there
from store.payments import beneficiaries, payment_batches, payment_files
from store.payments.beneficiaries import RegistrationLine
from store.payments.payment_batches import LineNews

_CODES = {"account_number": "DBE0008", "ifsc": "DBE0015", "bank_name": "DBE0009", "aadhaar": "DBE0008"}
"""What PFMS would say of a field; the others are "schema validation failed"."""
_SCHEMA = "DBE0001"
_KEY_GONE = "the key that signed it is gone"


class FileDiffers(Exception):
    """A file that was made again differs from the stored one: it is not sent, somebody must look."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """The place of a line that must not be sent, and the code that PFMS would give."""

    position: int
    code: str


async def content_of(env: Environment, partner: Pfms, batch: PaymentFileBatch) -> bytes | None:
    """The bytes of a batch, stored or made now; None where no line of it may be sent.

    What was kept and is gone is made again with the key that signed it, as long as that is on the ring. Raises
    FileDiffers where it cannot be made again.
    """
    if batch.digest is None:
        return await _sealed_first(env, partner, batch)
    async with env.store.read_transaction() as tx:
        try:
            kept = await payment_batches.sealed_file(tx, batch.id)
        except CannotDecrypt:
            kept = None
    if kept is not None and payment_files.digest_of(kept) == batch.digest:
        return kept
    made, found = await _made_again(env, partner, batch)
    if made is None:
        about, expected = f"file:{batch.file_name}", batch.digest[:16]
        difference = FinanceDifference(DifferenceKind.TOTAL_DIFFERS, about, expected=expected, found=found)
        await env.store.carry_out(lambda tx: open_case(UnitOfWork(env, tx, SYSTEM), difference))
        raise FileDiffers
    await env.store.carry_out(lambda tx: payment_batches.keep_sealed(tx, batch.id, made))
    return made


async def _made_again(env: Environment, partner: Pfms, batch: PaymentFileBatch) -> tuple[bytes | None, str]:
    """The bytes as they were signed; None with a word for what was found instead."""
    found = _KEY_GONE
    for signer in partner.papers.signers_of(batch.signed_by):
        made, _ = await _build_file(env, partner, batch, signer)
        digest = payment_files.digest_of(made) if made else ""
        if made and digest == batch.digest:
            return made, digest
        found = digest[:16] or "no line"
    return None, found


async def _sealed_first(env: Environment, partner: Pfms, batch: PaymentFileBatch) -> bytes | None:
    left = await env.store.carry_out(lambda tx: _without_held(UnitOfWork(env, tx, SYSTEM), batch))
    if left is None:
        return None
    batch = left
    signer = partner.papers.signer
    made, faulty = await _build_file(env, partner, batch, signer)
    while faulty:
        left = await env.store.carry_out(partial(_drop_faulty, env, batch, faulty))
        if left is None:
            return None
        batch = left
        made, faulty = await _build_file(env, partner, batch, signer)
    if made is None:
        return None
    content = made
    kept = await env.store.carry_out(lambda tx: _keep(UnitOfWork(env, tx, SYSTEM), batch, content, signer.fingerprint))
    crash_points.reach(crash_points.PAYMENT_SEALED)
    return kept


async def _without_held(acting: UnitOfWork, batch: PaymentFileBatch) -> PaymentFileBatch | None:
    """The batch without the payments whose sanction was stopped since it was made; None where no other is left."""
    present = await payment_batches.batch(acting.tx, batch.id)
    if present is None or present.state is not BatchState.BUILT or batch.kind is BatchKind.BENEFICIARY:
        return present
    if await payment_batches.withdraw_held(acting.tx, batch.id) == 0:
        return present
    return await _resize_batch(acting, present, *await payment_batches.sum_of(acting.tx, batch.id))


async def _resize_batch(acting: UnitOfWork, batch: PaymentFileBatch, many: int, total: int) -> PaymentFileBatch | None:
    await payment_batches.set_size(acting.tx, batch.id, many, total)
    if many:
        return replace(batch, lines=many, total_paise=total)
    await close_batch(acting, batch, BatchState.ABANDONED)
    return None


async def _drop_faulty(
    env: Environment, batch: PaymentFileBatch, faulty: list[Faulty], tx: Transaction
) -> PaymentFileBatch | None:
    """Take lines that must not be sent out of a batch that was never signed; None where no other is left."""
    acting = UnitOfWork(env, tx, SYSTEM)
    present = require_there(await payment_batches.batch(tx, batch.id), "the batch")
    if present.state is not BatchState.BUILT:
        return present
    codes = {each.position: each.code for each in faulty}
    if batch.kind is BatchKind.BENEFICIARY:
        many, total = await _registrations_aside(acting, batch, codes), 0
    else:
        lines = [line for line in await payment_batches.lines(acting.tx, batch.id) if line.position in codes]
        await set_aside(acting, [(line, codes[line.position]) for line in lines])
        await payment_batches.take_out(acting.tx, batch.id, codes)
        many, total = await payment_batches.sum_of(acting.tx, batch.id)
    return await _resize_batch(acting, present, many, total)


async def _keep(acting: UnitOfWork, batch: PaymentFileBatch, content: bytes, signed_by: str) -> bytes | None:
    """Keep the first bytes; where another worker was quicker, its are the ones."""
    present = await payment_batches.batch(acting.tx, batch.id)
    if present is None or present.state is not BatchState.BUILT:
        return await payment_batches.sealed_file(acting.tx, batch.id)
    await payment_batches.seal(acting.tx, batch.id, content, signed_by)
    digest = payment_files.digest_of(content)
    entry = LedgerFile(
        id=acting.env.ids.key(),
        direction=Direction.OUT,
        kind=FILE_KINDS[batch.kind].value,
        name=batch.file_name,
        digest=digest,
        size=len(content),
        state=FileState.SEALED,
        seen_at=acting.now,
        batch_id=batch.id,
        rows=batch.lines,
    )
    await payment_files.note_file(acting.tx, entry)
    await note_batch(acting, batch, "payment_batch.sealed", {"digest": digest, "octets": len(content)})
    return content


async def _build_file(
    env: Environment, partner: Pfms, batch: PaymentFileBatch, signer: FileSigner
) -> tuple[bytes | None, list[Faulty]]:
    """The bytes, or the lines for which PFMS would reject the whole."""
    agency = wire.Agency(batch.group.agency, batch.agency_name)
    terms = partner.identity.terms.get(batch.group.scheme_code)
    if terms is None:  # taken away since the batch was made: it waits, and is given up after its day
        raise NotAsked(Source.PFMS, "scheme_without_terms")
    if batch.kind is BatchKind.BENEFICIARY:
        registrations = await _registrations(env, batch, terms)
        faulty = [Faulty(at, _code(faults)) for at, one in registrations if (faults := faults_of_beneficiary(one))]
        if faulty or not registrations:
            return None, faulty
        told = wire.BeneficiaryBatch(
            batch.message_id,
            batch.batch_id,
            batch.created_at,
            batch.pfms_scheme,
            agency,
            tuple(one for _, one in registrations),
        )
        return await asyncio.to_thread(beneficiary_file, told, partner.identity, signer), []
    method = wire.PaymentMethod(batch.group.method.value)
    payments = await _payments(env, batch)
    faulty = [Faulty(at, _code(faults)) for at, one in payments if (faults := faults_of_payment(one, method))]
    if faulty or not payments:
        return None, faulty
    order = wire.PaymentBatch(
        batch.message_id,
        batch.batch_id,
        batch.created_at,
        batch.pfms_scheme,
        agency,
        method,
        batch.executes_on,
        tuple(one for _, one in payments),
        terms,
    )
    return await asyncio.to_thread(payment_file, order, partner.identity, signer), []


async def _registrations(
    env: Environment, batch: PaymentFileBatch, terms: SchemeTerms
) -> list[tuple[int, wire.BeneficiaryLine]]:
    async with env.store.read_transaction() as tx:
        lines = await beneficiaries.lines(tx, batch.id)
        details = await beneficiaries.details(tx, [line.account_id for line in lines])
    # Who leaves is named by her code alone: her Aadhaar number is not read for that.
    numbers = await _reveal_aadhaar(
        env, {line.account_id: details[line.account_id] for line in lines if line.purpose != DELETE}
    )
    return [(line.position, _registration(line, details[line.account_id], numbers, terms)) for line in lines]


def _registration(
    line: RegistrationLine, who: PayeeDetails, numbers: Mapping[str, str], terms: SchemeTerms
) -> wire.BeneficiaryLine:
    return wire.BeneficiaryLine(
        id=line.beneficiary_id,
        purpose=wire.BeneficiaryPurpose(line.purpose),
        cpsms_id=line.cpsms_id,
        name=who.name,
        name_regional=who.name_regional,
        ifsc=who.ifsc,
        bank_name=who.bank_name,
        account_number=who.account_number or None,
        aadhaar=numbers.get(who.aadhaar_reference or ""),
        district_lgd=who.district,
        benefit_type=terms.beneficiary_type,
        title=terms.title,
    )


async def _payments(env: Environment, batch: PaymentFileBatch) -> list[tuple[int, wire.PaymentLine]]:
    async with env.store.read_transaction() as tx:
        lines = await payment_batches.lines(tx, batch.id)
        details = await beneficiaries.details(tx, [line.account_id for line in lines])
        payees = await beneficiaries.by_ids(tx, [line.beneficiary_id for line in lines])
        periods = await payment_batches.periods(tx, [line.instalment_id for line in lines])
    by_aadhaar = batch.group.method is PaymentMethod.AADHAAR
    numbers = await _reveal_aadhaar(env, details) if by_aadhaar else {}
    return [
        (
            line.position,
            _payment(line, payees[line.beneficiary_id], details[line.account_id], periods[line.instalment_id], numbers),
        )
        for line in lines
    ]


def _payment(
    line: BatchLine, payee: Beneficiary, who: PayeeDetails, period: tuple[date, date], numbers: Mapping[str, str]
) -> wire.PaymentLine:
    return wire.PaymentLine(
        end_to_end_id=line.end_to_end_id,
        beneficiary_id=line.beneficiary_id,
        cpsms_id=payee.cpsms_id or "",
        name=who.name,
        amount_paise=line.amount_paise,
        ifsc=who.ifsc,
        account_number=who.account_number or None,
        aadhaar=numbers.get(who.aadhaar_reference or ""),
        period_from=period[0],
        period_to=period[1],
        district_lgd=who.district,
        bank_name=who.bank_name,
    )


async def _reveal_aadhaar(env: Environment, details: Mapping[str, PayeeDetails]) -> dict[str, str]:
    references = {who.aadhaar_reference for who in details.values() if who.aadhaar_reference}
    return await env.vault.reveal_many(references, purpose=Purpose.PAY_BENEFIT.value, by=SYSTEM.label)


async def _registrations_aside(acting: UnitOfWork, batch: PaymentFileBatch, codes: Mapping[int, str]) -> int:
    lines = await beneficiaries.lines(acting.tx, batch.id)
    bad = [(line, codes[line.position]) for line in lines if line.position in codes]
    await beneficiaries.take_out(acting.tx, bad)
    await report_rejected(acting, {line.beneficiary_id: (code,) for line, code in bad if line.purpose != DELETE})
    await open_cases(
        acting, [not_deleted(line.beneficiary_id, (code,)) for line, code in bad if line.purpose == DELETE]
    )
    return len(lines) - len(bad)


async def set_aside(acting: UnitOfWork, bad: list[tuple[BatchLine, str]]) -> None:
    """Set lines aside that PFMS does not have, each with a case; where the account is wrong the citizen is notified."""
    await payment_batches.note(acting.tx, [LineNews(line, LineState.SET_ASIDE, (code,)) for line, code in bad])
    status = PaymentStatus.BENEFICIARY_REJECTED
    news = [
        (line.instalment_id, PaymentNews(status, acting.now, return_code=code, rail=Rail.PFMS))
        for line, code in bad
        if code in CITIZEN_CORRECTS
    ]
    await apply_statuses(acting, news)
    await open_cases(
        acting,
        [
            FinanceDifference(
                DifferenceKind.SECOND_PAYMENT if code in TWICE else DifferenceKind.FILE_REFUSED,
                f"{INSTALMENT}{line.instalment_id}",
                expected="ACCP",
                found=code,
            )
            for line, code in bad
        ],
    )


def _code(faults: tuple[str, ...]) -> str:
    return next((_CODES[fault] for fault in faults if fault in _CODES), _SCHEMA)

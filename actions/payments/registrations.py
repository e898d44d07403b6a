"""Registers beneficiaries at PFMS and has their accounts validated before their first payment.

Two answers come (docs/contracts/dbt_finance.md section 2.3): first PFMS has no objection, days later the bank confirms
or declines the account. A corrected account is an update under the code that PFMS gave.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import structlog

from actions.benefits.payee_account import account_of
from actions.benefits.payment_status import apply_statuses
from actions.kernel import Environment, UnitOfWork
from actions.payments.beneficiary_endings import deleted_or_not, record_deletions
from actions.payments.closing import close_batch
from actions.payments.partner import pfms
from actions.reconciliation.finance_cases import open_cases
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail, Sanction
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Citizen
from domain.payments.files import (
    DELETE,
    LEAVING_STATES,
    OF_THE_FILE,
    BatchState,
    Beneficiary,
    Group,
    PayeeDetails,
    PaymentFileBatch,
    PaymentMethod,
    RegistrationState,
    beneficiary_id,
)
from domain.reconciliation.banks import bank_name
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from integrations.dbt_finance.pfms.models import BeneficiaryRow, LineStatus
from store.database import Transaction
from store.identity import people
from store.payments import beneficiaries, beneficiary_endings, payment_batches
from store.payments.beneficiaries import RegistrationAnswer, RegistrationLine

PAGE = 200

CITIZEN_CORRECTS = frozenset({"DBE0008", "DBE0010", "DBE0015", "DBE0016", "DBE0017"})
"""Codes for which the citizen has to name another account (docs/contracts/dbt_finance.md section 2.6); the others are
for an officer to mend."""

_STATES: Mapping[LineStatus, RegistrationState] = {
    LineStatus.PENDING: RegistrationState.CHECKED,
    LineStatus.ACCEPTED: RegistrationState.VALIDATED,
    LineStatus.REJECTED: RegistrationState.REJECTED,
}

_log = structlog.get_logger(__name__)


async def enrol(env: Environment) -> int:
    """Make the beneficiary of each sanction that has a payment for PFMS and none yet; returns how many were made.

    A page is one transaction. Without an account to pay to the payment waits as BENEFICIARY_PENDING, as it does
    until the account is validated.
    """
    if env.partners.pfms is None:
        return 0
    made = 0

    async def work(tx: Transaction) -> tuple[int, int]:
        found = await beneficiaries.unregistered_sanctions(tx, PAGE)
        return len(found), await _enrol(UnitOfWork(env, tx, SYSTEM), found)

    while (page := await env.store.carry_out(work))[0]:
        made += page[1]
    while await env.store.carry_out(lambda tx: _tell_behind(UnitOfWork(env, tx, SYSTEM))) == PAGE:
        pass
    if made:
        _log.info("beneficiaries_made", count=made)
    return made


async def account_changed(acting: UnitOfWork, sanction: Sanction) -> bool:
    """Put a beneficiary forward again with the account that her sanction has now, in the caller's transaction.

    To be called after the account was corrected. A payment that PFMS rejected for the old account, and never took,
    goes again under the same end-to-end id. False where the account is what PFMS has, or the sanction has no
    payment for PFMS.
    """
    if acting.env.partners.pfms is None:
        return False
    known = await beneficiaries.of_sanction(acting.tx, sanction.id)
    if known is None:
        waits = await beneficiaries.payable(acting.tx, [sanction.id])
        return bool(waits) and await _enrol(acting, [sanction]) > 0
    citizen = (await people.citizens(acting.tx, [sanction.citizen_id]))[sanction.citizen_id]
    details = await _details(acting, sanction, citizen)
    leaves = known.state in LEAVING_STATES or await beneficiary_endings.is_being_deleted(acting.tx, known.id)
    held = (await beneficiaries.details(acting.tx, [known.account_id])).get(known.account_id)
    if details is None or (details == held and known.state is not RegistrationState.REJECTED):
        return False
    changed = _new(acting, sanction, known.group.agency, details, version=known.version + 1)
    if leaves:  # the account is kept for the day on which something is paid to her again
        changed = replace(changed, state=known.state, state_at=known.state_at)
    await beneficiaries.change_account(acting.tx, changed, details)
    await payment_batches.release_set_aside(acting.tx, known.id)
    await _mark_payments_pending(acting, [sanction.id])
    await _audit_beneficiary(acting, changed.id, "beneficiary.account_changed", {"version": changed.version})
    return True


async def apply_rows(
    acting: UnitOfWork, batch: PaymentFileBatch, rows: Sequence[BeneficiaryRow], *, others_wrong: bool
) -> int:
    """Apply a part of an answer in the caller's transaction; returns how many rows are not ours, each with a case.

    `others_wrong` says that the file names lines that are wrong themselves: those that are not go in another batch.
    """
    known = await beneficiaries.lines_of(acting.tx, batch.id, [row.id for row in rows])
    unknown = [row for row in rows if row.id not in known]
    heard = [
        RegistrationAnswer(
            known[row.id], _state(known[row.id], row, others_wrong=others_wrong), row.cpsms_id, row.codes
        )
        for row in rows
        if _is_news(known, row)
    ]
    changed = await beneficiaries.note(acting.tx, heard)
    declined = [each for each in heard if each.state is RegistrationState.REJECTED]
    await report_rejected(
        acting, {each.line.beneficiary_id: each.codes for each in declined if each.line.beneficiary_id in changed}
    )
    await record_deletions(acting, heard)
    await open_cases(acting, [_not_ours(row, batch) for row in unknown])
    await close_if_answered(acting, batch)
    return len(unknown)


async def close_if_answered(acting: UnitOfWork, batch: PaymentFileBatch) -> None:
    """Close a beneficiary batch whose last line was answered, and destroy its file."""
    if batch.state in {BatchState.CLOSED, BatchState.REJECTED} or await beneficiaries.has_awaited_lines(
        acting.tx, batch.id
    ):
        return
    await close_batch(acting, batch, BatchState.CLOSED)


def is_wrong_itself(row: BeneficiaryRow) -> bool:
    """Whether a line was declined for something of its own, and not with the whole file."""
    return row.status is LineStatus.REJECTED and not OF_THE_FILE.issuperset(row.codes or ("",))


def _state(line: RegistrationLine, row: BeneficiaryRow, *, others_wrong: bool) -> RegistrationState:
    if row.status is LineStatus.REJECTED and others_wrong and not is_wrong_itself(row):
        return RegistrationState.RELEASED
    return deleted_or_not(row) if line.purpose == DELETE else _STATES[row.status]


def _is_news(known: Mapping[str, RegistrationLine], row: BeneficiaryRow) -> bool:
    """Whether a row says more than we knew: the first wave says nothing once the second has arrived."""
    line = known.get(row.id)
    if line is None or row.status not in _STATES:
        return False
    if line.state is RegistrationState.SENT:
        return True
    return line.state is RegistrationState.CHECKED and row.status is not LineStatus.PENDING


async def report_rejected(acting: UnitOfWork, declined: Mapping[str, tuple[str, ...]]) -> None:
    """Beneficiaries were declined, each for its codes: their payments stand so; what an officer must mend is a case."""
    if not declined:
        return
    told = []
    for beneficiary in (await beneficiaries.by_ids(acting.tx, declined)).values():
        code = next(iter(declined[beneficiary.id]), None)
        told += [(each, code) for each, _ in await beneficiaries.payable(acting.tx, [beneficiary.sanction_id])]
    status = PaymentStatus.BENEFICIARY_REJECTED
    news = [(each, PaymentNews(status, acting.now, return_code=code, rail=Rail.PFMS)) for each, code in told]
    await apply_statuses(acting, news)
    await open_cases(acting, [_for_officer(who, codes) for who, codes in declined.items() if _needs_officer(codes)])


def _needs_officer(codes: Collection[str]) -> bool:
    return not codes or not CITIZEN_CORRECTS.issuperset(codes)


def _for_officer(who: str, codes: Sequence[str]) -> FinanceDifference:
    found = ",".join(codes)[:200] or "no code"
    return FinanceDifference(DifferenceKind.FILE_REFUSED, f"beneficiary:{who}", expected="ACCP", found=found)


def _not_ours(row: BeneficiaryRow, batch: PaymentFileBatch) -> FinanceDifference:
    about = f"beneficiary:{batch.batch_id}:{row.id}"[:200]
    return FinanceDifference(DifferenceKind.NOT_WITH_US, about, expected="in the batch", found=row.status.value)


async def _tell_behind(acting: UnitOfWork) -> int:
    """Further payments under a sanction whose beneficiary waits, or was declined, stand as she does."""
    found = await beneficiaries.behind(acting.tx, PAGE)
    await apply_statuses(acting, [(instalment_id, _registration_news(acting, who)) for instalment_id, who in found])
    return len(found)


def _registration_news(acting: UnitOfWork, who: Beneficiary) -> PaymentNews:
    if who.state is RegistrationState.REJECTED:
        code = next(iter(who.codes), None)
        return PaymentNews(PaymentStatus.BENEFICIARY_REJECTED, acting.now, return_code=code, rail=Rail.PFMS)
    return PaymentNews(PaymentStatus.BENEFICIARY_PENDING, acting.now, rail=Rail.PFMS)


async def _enrol(acting: UnitOfWork, sanctions: Sequence[Sanction]) -> int:
    people_of = await people.citizens(acting.tx, {each.citizen_id for each in sanctions})
    made = 0
    for sanction in sanctions:
        details = await _details(acting, sanction, people_of[sanction.citizen_id])
        if details is not None:
            agency = pfms(acting.env).identity.agency_of(sanction.district)
            new = _new(acting, sanction, agency.code, details, version=1)
            made += await beneficiaries.add(acting.tx, new, details)
    await _mark_payments_pending(acting, [each.id for each in sanctions])
    return made


def _new(acting: UnitOfWork, sanction: Sanction, agency: str, details: PayeeDetails, *, version: int) -> Beneficiary:
    method = PaymentMethod.AADHAAR if details.aadhaar_reference else PaymentMethod.ACCOUNT
    who = beneficiary_id(sanction.number)
    return Beneficiary(
        id=who,
        citizen_id=sanction.citizen_id,
        sanction_id=sanction.id,
        group=Group(sanction.scheme_code, agency, method),
        version=version,
        account_id=f"{who}.{version}",
        state=RegistrationState.WAITING,
        state_at=acting.now,
    )


async def _details(acting: UnitOfWork, sanction: Sanction, citizen: Citizen) -> PayeeDetails | None:
    """What a file says of the beneficiary; None where there is neither an account nor an Aadhaar number."""
    account = await account_of(acting.tx, sanction)
    if account is None and citizen.aadhaar_reference is None:
        return None
    return PayeeDetails(
        name=citizen.name.en,
        name_regional=citizen.name.hi or "",
        account_number=account.number if account else "",
        ifsc=account.ifsc if account else "",
        bank_name=bank_name(account.ifsc) if account else "",
        district=sanction.district,
        aadhaar_reference=citizen.aadhaar_reference,
    )


async def _mark_payments_pending(acting: UnitOfWork, sanction_ids: Collection[str]) -> None:
    """The payments under these sanctions wait for their beneficiaries."""
    news = PaymentNews(PaymentStatus.BENEFICIARY_PENDING, acting.now, rail=Rail.PFMS)
    waiting = await beneficiaries.payable(acting.tx, sanction_ids)
    waiting = [each for each in waiting if each[1] is not PaymentStatus.BENEFICIARY_PENDING]
    await apply_statuses(acting, [(instalment_id, news) for instalment_id, _ in waiting])


async def _audit_beneficiary(acting: UnitOfWork, who: str, action: str, detail: dict[str, int | str]) -> None:
    await acting.record(action, "BENEFICIARY", who, Purpose.PAY_BENEFIT, **detail)

"""Grants a benefit: the sanction, its instalments, and the instruction to the state treasury."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from actions.benefits import payment_corrections, treasury_answers
from actions.benefits.budget import INSTRUCT, reserve_budget, wait_for_budget
from actions.benefits.payee_account import account_at_place, account_of, present_place
from actions.benefits.payment_status import apply_status
from actions.benefits.recoveries import deduct_recoveries
from actions.benefits.sanction_budgets import check_at_sanction
from actions.benefits.second_approvals import ask, needs_second
from actions.kernel import Environment, Step, UnitOfWork, apply_transition, draw_number
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.benefits.benefits import (
    ACCOUNT_FIELD,
    Hold,
    Instalment,
    InstalmentKind,
    PaymentNews,
    PaymentStatus,
    Rail,
    Sanction,
    SanctionState,
)
from domain.benefits.bills import bill_number, end_to_end_id
from domain.benefits.plans import REPEATED, Plan, period_end
from domain.benefits.sanction_course import ApprovalKind, PaymentAccount
from domain.catalogue.catalogue import Scheme, Service
from domain.kernel import SYSTEM, Citizen, ErrorCode, NumberKind, Problem, Problems, Remedy, ist_date
from domain.payments.budgets import granted_until
from integrations.calling.errors import Refused
from integrations.dbt_finance import (
    INSTRUCTION_REJECTED,
    OTHER_CONTENT,
    WRONG_IFSC,
    Correction,
    Declined,
    Payee,
    PaymentInstruction,
)
from store.benefits import benefits, payment_enquiries
from store.catalogue import catalogue
from store.database import Transaction, TryAgain, require_there
from store.identity import people
from store.platform import outbox

__all__ = ["INSTRUCT", "REPEATED"]

NO_FUND = "INSUFFICIENT_FUND"
"""How the treasury refuses an order for which its head of account holds too little."""


async def grant(
    acting: UnitOfWork, application: Application, service: Service, *, number: str | None = None
) -> Application:
    """Sanction the benefit of an approved application, in the caller's transaction.

    Where the scheme's amount is known the first instalment is made and its payment asked for; where it is
    not, the sanction waits without one. Above the set amount it waits for another person's approval. The money is
    set aside by the balances reported before (`acting.balances`), or the sanction waits for it. A scholarship
    covers the one year that it is granted for. A `number` that is given is one of the demo, whose
    payments are scripted at the treasury. Raises SERVICE_CLOSED where the service has no scheme.
    """
    scheme = await _scheme(acting, service)
    waits = needs_second(acting, scheme.amount_paise or 0)
    sanction = Sanction(
        id=acting.env.ids.key(),
        number=number or await draw_number(acting.tx, acting.env.ids, NumberKind.PAYMENT),
        application_id=application.id,
        citizen_id=application.citizen_id,
        scheme_code=scheme.code,
        department=application.department,
        district=application.district,
        amount_paise=scheme.amount_paise,
        period=scheme.period,
        bank_account_last4=application.form.get(ACCOUNT_FIELD, "")[-4:] or None,
        sanctioned_at=acting.now,
        ended_on=granted_until(scheme, acting.today),
        state=SanctionState.AWAITING_APPROVAL if waits else SanctionState.ACTIVE,
        terms=scheme.terms,
        granted_by=acting.decides_for or acting.subject.person_id,
    )
    await benefits.add_sanction(acting.tx, sanction)
    sanctioned = await apply_transition(acting, application, Step(Move.SANCTION_BENEFIT))
    if waits:
        await ask(acting, sanction, ApprovalKind.SANCTION, sanction.id, scheme.amount_paise or 0)
        await check_at_sanction(acting, sanction, None)
    elif sanction.amount_paise is not None:
        made = await add_instalment(acting, sanction, rail=Rail.IFMS if number else None)
        await check_at_sanction(acting, sanction, made)
    return sanctioned


async def add_instalment(
    acting: UnitOfWork, sanction: Sanction, *, begins: date | None = None, rail: Rail | None = None
) -> Instalment:
    """Make the next instalment of a sanction, from a day or from today, and ask for its payment.

    Raises ValueError where the amount is not known, or a one-time benefit has its instalment already, and
    store.database.errors.AlreadyThere where another one made it first.
    """
    begins = begins or acting.today
    made = (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
    if sanction.amount_paise is None or (made and sanction.period not in REPEATED):
        raise ValueError("no further instalment can be made under this sanction")
    period_to, gross = _share(replace(sanction, anchor_on=anchor_of(sanction, made) or begins), begins)
    late = bool(made) and period_to < acting.today
    instalment = Instalment(
        id=acting.env.ids.key(),
        sanction_id=sanction.id,
        citizen_id=sanction.citizen_id,
        sequence=len(made) + 1,
        period_from=begins,
        period_to=period_to,
        amount_paise=gross,
        bill_number=bill_number(sanction.number, len(made) + 1),
        end_to_end_id=end_to_end_id(sanction.number, len(made) + 1),
        status=PaymentStatus.SANCTIONED,
        status_at=acting.now,
        rail=rail or await rail_of(acting, sanction),
        kind=InstalmentKind.ARREARS if late else InstalmentKind.REGULAR,
    )
    instalment = await issue_instalment(acting, sanction, instalment)
    following = instalment.period_to + timedelta(days=1) if sanction.period in REPEATED else None
    anchor = {"anchor_on": begins} if sanction.anchor_on is None and not made else {}
    await benefits.change_sanction(acting.tx, sanction.id, next_due_on=following, **anchor)
    return instalment


async def issue_instalment(acting: UnitOfWork, sanction: Sanction, instalment: Instalment) -> Instalment:
    """Keep a new instalment, less what is recovered from it, and have it paid; returns it as stored.

    For PFMS a batch fetches it once its budget is set aside; for the treasury a message asks for its payment.
    """
    by_file = instalment.rail is Rail.PFMS
    kept = await deduct_recoveries(acting, replace(instalment, hold=Hold.BUDGET if by_file else None))
    await benefits.add_instalments(acting.tx, [kept.instalment])
    await kept.note(acting)
    if not by_file:
        payload = {"instalment_id": instalment.id}
        await outbox.add(acting.tx, INSTRUCT, instalment.id, payload, application_id=sanction.application_id)
    return kept.instalment


async def rail_of(acting: UnitOfWork, sanction: Sanction) -> Rail:
    """The way that a new instalment goes: by the setting, else its scheme; the treasury where PFMS is not connected."""
    if acting.env.partners.pfms is None:
        return Rail.IFMS
    scheme = (await catalogue.schemes(acting.tx, [sanction.scheme_code])).get(sanction.scheme_code)
    return acting.env.rules.rails.get(sanction.scheme_code) or (scheme.rail if scheme else Rail.IFMS)


def anchor_of(sanction: Sanction, made: list[Instalment]) -> date | None:
    """The day from which all periods are counted; None before the first instalment."""
    return sanction.anchor_on or min((one.period_from for one in made), default=None)


def plan_of(sanction: Sanction, anchor: date | None = None) -> Plan | None:
    """The plan of a sanction, from its day where it has no instalment yet; None where the amount is not known."""
    if sanction.amount_paise is None:
        return None
    begins = anchor or sanction.anchor_on or ist_date(sanction.sanctioned_at)
    return Plan.of(begins, sanction.period, sanction.amount_paise, sanction.terms, sanction.ended_on)


async def send_instruction(env: Environment, instalment_id: str) -> None:
    """Have an instalment paid by the treasury; keyed by its bill number, so it may be run again.

    A bill that DBT finance may have is enquired before it is sent (docs/contracts/dbt_finance.md section 10), and
    before that its amount is set aside at its head of account: where too little is left it waits there.
    Without an account to pay to, the instalment waits as BENEFICIARY_PENDING. Either way the order is
    available on the portal, so the application is delivered. One that was stopped is not sent; where it left before
    the stop and its answer was lost, that is noted. Raises Unavailable (the outbox asks again) and Refused.
    """
    order = await _order(env, instalment_id)
    if order is None:
        return
    instalment, sanction, instruction, correction = order
    try:
        if instalment.hold is Hold.STOPPED:
            await _hear_of_stopped(env, instalment, correction)
        elif instruction is None:
            await _settle(env, instalment, PaymentStatus.BENEFICIARY_PENDING)
        elif correction is not None:
            await _correct(env, instalment, sanction, correction)
        else:
            await _instruct(env, instalment, sanction, instruction)
    except Refused as refusal:
        if refusal.code == OTHER_CONTENT:
            acting = partial(UnitOfWork, env, subject=SYSTEM)
            await env.store.carry_out(lambda tx: treasury_answers.note_other_bill(acting(tx=tx), instalment))
        if refusal.code != INSTRUCTION_REJECTED:
            raise
        await env.store.carry_out(lambda tx: treasury_answers.note_rejection(UnitOfWork(env, tx, SYSTEM), instalment))


async def _hear_of_stopped(env: Environment, instalment: Instalment, correction: Correction | None) -> None:
    """Learn whether a payment that was stopped may be at the treasury. It is asked for only, and not sent again.

    That the treasury tells nothing of it proves nothing where it was sent once.
    """
    bill = correction.bill if correction else payment_corrections.bill_of(instalment)
    approved = await env.partners.dbt.confirm(bill) is not None
    note = payment_corrections.note_of(correction) if correction else None

    async def work(tx: Transaction) -> None:
        if approved or await payment_enquiries.may_have_arrived(tx, instalment.id):
            acting = UnitOfWork(env, tx, SYSTEM)
            await treasury_answers.note_sent_before_stop(acting, instalment, note, approved=approved)

    await env.store.carry_out(work)


async def _instruct(
    env: Environment, instalment: Instalment, sanction: Sanction, instruction: PaymentInstruction
) -> None:
    dbt = env.partners.dbt
    if await dbt.confirm(payment_corrections.bill_of(instalment), instruction) is None:
        if not await reserve_budget(env, instalment, sanction):
            return
        await _note_sending(env, instalment, sanction, instruction.payees[0].account_number)
        try:
            await dbt.instruct(instruction)
        except Declined as declined:
            if not await _is_settled(env, instalment, sanction, declined):
                raise
            return
    await _settle(env, instalment, PaymentStatus.INSTRUCTED)


async def _is_settled(env: Environment, instalment: Instalment, sanction: Sanction, declined: Declined) -> bool:
    """Note that the treasury took nothing of an order; whether nothing more is to be done about it now.

    Raises TryAgain where the account whose branch is wrong was corrected since it was sent: the order goes with that.
    """

    async def work(tx: Transaction) -> bool:
        acting = UnitOfWork(env, tx, SYSTEM)
        sent = (await benefits.accounts_sent(tx, [instalment.id])).get(instalment.id)
        await benefits.forget_account_sent(tx, instalment.id)
        mended = declined.code == WRONG_IFSC and sent != await present_place(tx, sanction)
        if declined.code == NO_FUND or mended:
            await payment_enquiries.forget_sending(tx, instalment.id)
        if declined.code == NO_FUND:
            await wait_for_budget(acting, instalment, sanction)
        elif not mended:
            await treasury_answers.note_declined(acting, instalment, declined)
        return mended

    if await env.store.carry_out(work):
        raise TryAgain("the account of the order was corrected")
    return declined.code in {NO_FUND, WRONG_IFSC}


async def _note_sending(env: Environment, instalment: Instalment, sanction: Sanction, number: str) -> None:
    """Keep with an order that it is sent, and with which account: its answer may be lost, and the account be corrected.

    Raises TryAgain where the account was corrected since the order was made up.
    """

    async def work(tx: Transaction) -> None:
        place = (await benefits.accounts_sent(tx, [instalment.id])).get(instalment.id)
        place = await present_place(tx, sanction) if place is None else place
        account = await account_at_place(tx, sanction, place)
        same = account is not None and account.number == number
        if not same or not await benefits.note_account_sent(tx, instalment.id, place):
            raise TryAgain("the account of the order was corrected")
        await payment_enquiries.note_sending(tx, instalment.id)

    await env.store.carry_out(work)


async def _correct(env: Environment, instalment: Instalment, sanction: Sanction, correction: Correction) -> None:
    """Have a failed payment paid to the corrected account. Its money came back, so no budget is set aside for it.

    A refusal is believed only where the treasury does not know the bill then either: an answer may have been lost.
    """
    dbt, bill = env.partners.dbt, correction.bill
    if await dbt.confirm(bill) is None:
        await _note_sending(env, instalment, sanction, correction.corrected.number)
        code = await _refusal_of(env, correction)
        if code is not None and await dbt.confirm(bill) is None:
            await env.store.carry_out(
                lambda tx: payment_corrections.note_refusal(UnitOfWork(env, tx, SYSTEM), instalment, code)
            )
            return
    await _settle(env, instalment, PaymentStatus.INSTRUCTED, payment_corrections.note_of(correction))


async def _refusal_of(env: Environment, correction: Correction) -> str | None:
    """Order a correction; why the treasury refused it for good, None where it took it."""
    try:
        await env.partners.dbt.correct(correction)
    except Refused as refusal:
        if refusal.code not in payment_corrections.REFUSALS:
            raise
        return refusal.code
    return None


async def settle(acting: UnitOfWork, instalment: Instalment, status: PaymentStatus) -> None:
    """Record a payment's present status, and deliver the application whose order is thereby sent."""
    await apply_status(acting, instalment.id, PaymentNews(status, acting.now, rail=instalment.rail))


async def _settle(env: Environment, instalment: Instalment, status: PaymentStatus, note: str | None = None) -> None:
    async def work(tx: Transaction) -> None:
        present = await benefits.instalment(tx, instalment.id)
        if present is not None and present.status in _TO_SEND:
            told = note or instalment.bill_number
            news = PaymentNews(status, env.clock.now(), source_ref=told, rail=instalment.rail)
            await apply_status(UnitOfWork(env, tx, SYSTEM), instalment.id, news)

    await env.store.carry_out(work)


_TO_SEND = frozenset({PaymentStatus.SANCTIONED, PaymentStatus.BENEFICIARY_PENDING})


async def _order(
    env: Environment, instalment_id: str
) -> tuple[Instalment, Sanction, PaymentInstruction | None, Correction | None] | None:
    """What is to be sent, or None where it was sent or goes another way; no instruction where no account is known.

    With a correction, where it pays a failed payment to a corrected account.
    """
    async with env.store.read_transaction() as tx:
        instalment = require_there(await benefits.instalment(tx, instalment_id), "the instalment")
        if instalment.status not in _TO_SEND or instalment.rail is not Rail.IFMS:
            return None
        sanction = (await benefits.sanctions(tx, [instalment.sanction_id]))[instalment.sanction_id]
        citizen = (await people.citizens(tx, [sanction.citizen_id]))[sanction.citizen_id]
        place = (await benefits.accounts_sent(tx, [instalment.id])).get(instalment.id)
        account = await (account_of(tx, sanction) if place is None else account_at_place(tx, sanction, place))
        schemes = await catalogue.schemes(tx, [sanction.scheme_code])
        correction = (
            await payment_corrections.correction_of(env, tx, instalment, sanction, account) if account else None
        )
    scheme = schemes.get(sanction.scheme_code)
    head = scheme.head_of_account if scheme else None
    return instalment, sanction, _instruction(instalment, sanction, citizen, account, head), correction


def _instruction(
    instalment: Instalment, sanction: Sanction, citizen: Citizen, account: PaymentAccount | None, head: str | None
) -> PaymentInstruction | None:
    if account is None:
        return None
    payee = Payee(
        end_to_end_id=instalment.end_to_end_id,
        name=citizen.name.en,
        account_number=account.number,
        ifsc=account.ifsc,
        amount_paise=instalment.amount_paise,
        mobile=citizen.mobile or "",
    )
    return PaymentInstruction(
        bill_number=instalment.bill_number,
        bill_date=instalment.period_from,
        scheme_code=sanction.scheme_code,
        purpose=f"{sanction.scheme_code} {instalment.sequence}",
        payees=(payee,),
        head_of_account=head,
    )


def _share(sanction: Sanction, begins: date) -> tuple[date, int]:
    """The last day of the period that begins on a day, and its paise; outside of the plan a whole period."""
    plan = plan_of(sanction)
    planned = plan.beginning_on(begins) if plan is not None else None
    if planned is not None:
        return planned.ends, planned.amount_paise
    return period_end(begins, sanction.period), sanction.amount_paise or 0


async def _scheme(acting: UnitOfWork, service: Service) -> Scheme:
    codes = [service.scheme_id] if service.scheme_id else []
    found = (await catalogue.schemes(acting.tx, codes)).get(service.scheme_id or "")
    if found is None:
        raise Problems(
            Problem(
                ErrorCode.SERVICE_CLOSED, ("input", "applicationId"), Remedy.CALL_HELPLINE, {"service": service.code}
            )
        )
    return found

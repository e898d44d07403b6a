"""Benefits: the sanction with its instalments, and the instruction to DBT finance."""

from datetime import date, timedelta

import structlog

from actions.acting import Acting
from actions.counting import Counted, count_event, take_back
from actions.environment import Environment
from actions.moves import Step, move
from domain.applications import Application, Channel
from domain.benefits import Instalment, PaymentStatus, Sanction
from domain.bills import bill_number, end_to_end_id
from domain.catalogue import Scheme, Service
from domain.counting import CorrectionReason, CountingEvent
from domain.errors import ErrorCode, Problem, Problems, Remedy
from domain.lifecycle import Move, Status
from domain.numbers import NumberKind, make_number
from domain.people import SYSTEM, Citizen
from domain.policy import Purpose
from domain.sources import Source
from integrations.dbt_finance import BillReference, Payee, PaymentInstruction
from store import applications, audit, benefits, catalogue, outbox, people
from store.engine import Transaction
from store.errors import NotThere

INSTRUCT = "dbt.instruct"
"""The outbox topic of an instalment that is to be paid."""

ACCOUNT_FIELD, IFSC_FIELD = "bank_account_number", "bank_ifsc"
"""Where the form holds the account that a benefit is paid to."""

REPEATED = frozenset({"monthly", "yearly"})
"""Periods after which another instalment follows."""

_log = structlog.get_logger(__name__)


async def grant(
    acting: Acting, application: Application, service: Service, *, number: str | None = None
) -> Application:
    """Sanction the benefit of an approved application, in the caller's transaction.

    Where the scheme's amount is known the first instalment is made and its payment asked for; where it is
    not, the sanction waits without one. Raises SERVICE_CLOSED where the service has no scheme.
    """
    scheme = await _scheme(acting, service)
    sanction = Sanction(
        id=acting.env.ids.key(),
        number=number or make_number(NumberKind.PAYMENT, acting.today.year, acting.env.ids.digits(10)),
        application_id=application.id,
        citizen_id=application.citizen_id,
        scheme_code=scheme.code,
        department=application.department,
        district=application.district,
        amount_paise=scheme.amount_paise,
        period=scheme.period,
        bank_account_last4=application.form.get(ACCOUNT_FIELD, "")[-4:] or None,
        sanctioned_at=acting.now,
    )
    await benefits.add_sanction(acting.tx, sanction)
    sanctioned = await move(acting, application, Step(Move.SANCTION_BENEFIT))
    if sanction.amount_paise is not None:
        await add_instalment(acting, sanction)
    return sanctioned


async def add_instalment(acting: Acting, sanction: Sanction, *, begins: date | None = None) -> Instalment:
    """Make the next instalment of a sanction, from a day or from today, and ask for its payment.

    Raises ValueError where the amount is not known, or a one-time benefit has its instalment already, and
    store.errors.AlreadyThere where another one made it first.
    """
    begins = begins or acting.today
    made = (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
    sequence = len(made) + 1
    if sanction.amount_paise is None or (made and sanction.period not in REPEATED):
        raise ValueError("no further instalment can be made under this sanction")
    instalment = Instalment(
        id=acting.env.ids.key(),
        sanction_id=sanction.id,
        citizen_id=sanction.citizen_id,
        sequence=sequence,
        period_from=begins,
        period_to=period_end(begins, sanction.period),
        amount_paise=sanction.amount_paise,
        bill_number=bill_number(sanction.number, sequence),
        end_to_end_id=end_to_end_id(sanction.number, sequence),
        status=PaymentStatus.SANCTIONED,
        status_at=acting.now,
    )
    await benefits.add_instalments(acting.tx, [instalment])
    if sanction.period in REPEATED:
        await benefits.set_next_due(acting.tx, sanction.id, instalment.period_to + timedelta(days=1))
    payload = {"instalment_id": instalment.id}
    await outbox.add(acting.tx, INSTRUCT, instalment.id, payload, application_id=sanction.application_id)
    return instalment


def bill_of(instalment: Instalment) -> BillReference:
    """How DBT finance is asked about an instalment; the bill bears the date on which its period begins."""
    return BillReference(instalment.bill_number, instalment.period_from, instalment.end_to_end_id)


async def send_instruction(env: Environment, instalment_id: str) -> None:
    """Have an instalment paid; keyed by its bill number, so it may be run again.

    A bill that DBT finance may have is enquired before it is sent (contracts/dbt_finance.md section 10).
    Without an account to pay to, the instalment waits as BENEFICIARY_PENDING. Either way the order is
    available on the portal, so the application is delivered. Raises Unavailable (the outbox asks again)
    and Refused.
    """
    order = await _order(env, instalment_id)
    if order is None:
        return
    instalment, sanction, instruction = order
    if instruction is None:
        await _settle(env, instalment, sanction, PaymentStatus.BENEFICIARY_PENDING)
        return
    dbt = env.partners.dbt
    if await dbt.confirm(bill_of(instalment)) is None:
        await dbt.instruct(instruction)
    await _settle(env, instalment, sanction, PaymentStatus.INSTRUCTED)


async def settle(acting: Acting, instalment: Instalment, sanction: Sanction, status: PaymentStatus) -> None:
    """Note where a payment stands, and deliver the application whose order is thereby out."""
    await benefits.record_payment_status(acting.tx, instalment.id, status, acting.now)
    line = audit.AuditLine(
        acting.subject.label,
        f"instalment.{status.value.lower()}",
        "BENEFIT",
        instalment.id,
        Purpose.PAY_BENEFIT.value,
        {"source": Source.DBT_FINANCE.value},
    )
    await audit.append(acting.tx, line)
    await _counted(acting, instalment, sanction, status)
    if sanction.application_id is None:
        return
    application = await applications.get(acting.tx, sanction.application_id)
    if application is not None and application.status is Status.BENEFIT_SANCTIONED:
        await move(acting, application, Step(Move.DELIVER, changes={"delivered_at": acting.now}))


async def _counted(acting: Acting, instalment: Instalment, sanction: Sanction, status: PaymentStatus) -> None:
    """A credit that the bank confirmed counts once for its instalment, under its scheme; a returned one is taken back.

    Only the day on which we learn of it is known for sure, so that is its day.
    """
    event = CountingEvent.BENEFIT_CREDITED
    if status is PaymentStatus.CREDITED:
        credit = Counted(event, instalment.id, sanction.scheme_code, sanction.district, Channel.WEB.value)
        await count_event(acting, credit)
    elif status is PaymentStatus.RETURNED:
        await take_back(acting, event, instalment.id, CorrectionReason.PAYMENT_RETURNED)


async def _settle(env: Environment, instalment: Instalment, sanction: Sanction, status: PaymentStatus) -> None:
    async def work(tx: Transaction) -> None:
        present = await benefits.instalment(tx, instalment.id)
        if present is not None and present.status is PaymentStatus.SANCTIONED:
            await settle(Acting(env, tx, SYSTEM), instalment, sanction, status)

    await env.store.carry_out(work)


async def _order(env: Environment, instalment_id: str) -> tuple[Instalment, Sanction, PaymentInstruction | None] | None:
    """What is to be sent, or None where it was sent; no instruction where there is no account to pay to."""
    async with env.store.reading() as tx:
        instalment = await benefits.instalment(tx, instalment_id)
        if instalment is None:
            raise NotThere("the instalment")
        if instalment.status is not PaymentStatus.SANCTIONED:
            return None
        sanction = (await benefits.sanctions(tx, [instalment.sanction_id]))[instalment.sanction_id]
        citizen = (await people.citizens(tx, [sanction.citizen_id]))[sanction.citizen_id]
        form = {}
        if sanction.application_id is not None:
            application = await applications.get(tx, sanction.application_id)
            form = dict(application.form) if application is not None else {}
    return instalment, sanction, _instruction(instalment, sanction, citizen, form)


def _instruction(
    instalment: Instalment, sanction: Sanction, citizen: Citizen, form: dict[str, str]
) -> PaymentInstruction | None:
    account, ifsc = form.get(ACCOUNT_FIELD), form.get(IFSC_FIELD)
    if not account or not ifsc:
        return None
    payee = Payee(
        end_to_end_id=instalment.end_to_end_id,
        name=citizen.name.en,
        account_number=account,
        ifsc=ifsc,
        amount_paise=instalment.amount_paise,
        mobile=citizen.mobile or "",
    )
    return PaymentInstruction(
        bill_number=instalment.bill_number,
        bill_date=instalment.period_from,
        scheme_code=sanction.scheme_code,
        purpose=f"{sanction.scheme_code} {instalment.sequence}",
        payees=(payee,),
    )


async def _scheme(acting: Acting, service: Service) -> Scheme:
    codes = [service.scheme_id] if service.scheme_id else []
    found = (await catalogue.schemes(acting.tx, codes)).get(service.scheme_id or "")
    if found is None:
        raise Problems(
            Problem(
                ErrorCode.SERVICE_CLOSED, ("input", "applicationId"), Remedy.CALL_HELPLINE, {"service": service.code}
            )
        )
    return found


def period_end(start: date, period: str | None) -> date:
    """The last day of the period that an instalment pays for; a one-time benefit has one day."""
    if period == "monthly":
        year, month = divmod(start.year * 12 + start.month, 12)
        return _same_day(start, year, month + 1) - timedelta(days=1)
    if period == "yearly":
        return _same_day(start, start.year + 1, start.month) - timedelta(days=1)
    return start


def _same_day(start: date, year: int, month: int) -> date:
    """That day of another month, or the month's last day where it has fewer."""
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=start.day - 1), first_of_next - timedelta(days=1))

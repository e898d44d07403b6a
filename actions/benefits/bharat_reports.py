"""Counts each scheme's monthly figures from the store and sends each revision to DBT Bharat once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from actions.kernel import Environment
from actions.reconciliation.finance_totals import month_bounds, month_statement, months_owed
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, ist_date, rupees
from domain.kernel.state import installed_state
from domain.reconciliation.finance_totals import NOTHING, add_sums
from integrations.dbt_finance import MonthlyReport
from store.benefits import bharat_reports
from store.benefits.bharat_reports import ACCEPTED, SUPERSEDED, KeptReport
from store.database import Transaction, audit, crash_points, require_there
from store.payments import bharat_figures
from store.platform import outbox

REPORT = "dbt.bharat_report"
"""The outbox topic of a report that is to be handed in."""

BY_BANK = "APB/NEFT/RTGS"
"""The ways of the money that count as electronic; every payment of ours goes one of them."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """A revision that waits to be handed in."""

    scheme_code: str
    month: str
    revision: int


async def plan_reports(env: Environment) -> list[Planned]:
    """Queue the reports of the months that are over, each once; what changed since then is queued by `report_month`.

    A month that no worker lived to the end of is made up for, and one whose round was cut off is carried on.
    """
    if env.partners.bharat is None:
        return []
    async with env.store.read_transaction() as tx:
        last = await bharat_reports.last_month(tx)
        schemes = await bharat_figures.schemes_paid(tx)
    begun = [date.fromisoformat(f"{last}-01")] if last else []
    planned: list[Planned] = []
    for month in [*begun, *months_owed(last, ist_date(env.clock.now()))]:
        async with env.store.read_transaction() as tx:
            done = {one.scheme_code for one in await bharat_reports.of_month(tx, _name(month))}
        reports = [await report_month(env, scheme, month) for scheme in schemes if scheme not in done]
        planned += [one for one in reports if one is not None]
    return planned


async def report_month(env: Environment, scheme_code: str, month: date) -> Planned | None:
    """Queue the report of a scheme and month as the store has it now; None where the last one says the same."""
    fields = await figures_of(env, scheme_code, month)
    name = _name(month)

    async def work(tx: Transaction) -> Planned | None:
        revision = await bharat_reports.queue(tx, scheme_code, name, fields)
        if revision is None:
            return None
        payload = {"scheme_code": scheme_code, "month": name, "revision": str(revision)}
        await outbox.add(tx, REPORT, f"{scheme_code}/{name}/{revision}", payload)
        return Planned(scheme_code, name, revision)

    planned = await env.store.carry_out(work)
    crash_points.reach(crash_points.REPORT_QUEUED)
    return planned


async def figures_of(env: Environment, scheme_code: str, month: date) -> dict[str, str | None]:
    """The figures of a scheme and month (its first day), by docs/contracts/dbt_finance.md section 6; None: unknown.

    Amount and number are of the credits that we learned of in the month and that held at its end.
    """
    begins, ends = month_bounds(month)
    credited = NOTHING
    for line in await month_statement(env, month, scheme_code=scheme_code):
        credited = add_sums(credited, line.credited)
    people = await env.store.read(lambda tx: bharat_figures.beneficiaries(tx, scheme_code, ist_date(begins), ends))
    last_day = ist_date(ends - timedelta(seconds=1))
    return {
        "StateCode": installed_state().lgd_code,
        "StateName": installed_state().name.en,
        "Amount": rupees(credited[1]),
        "FundTransferMethod": BY_BANK,
        "TransactionDate": last_day.isoformat(),
        "NoOfBeneficiaries_Transacations": str(credited[0]),
        # Which of the credits went by Aadhaar the answers of the banks do not say.
        "AadharSeededBeneficiariesTransactions": None,
        "TotalBeneficiary": str(people.total),
        "TotalBeneficiaryAadhaarSeeding": _text(people.seeded),
        "TotalBeneficiarywithBankAccount": str(people.with_account),
        "TotalBeneficiarywithAadhaarSeededwithBankAccount": _text(people.seeded_with_account),
    }


async def send_report(env: Environment, payload: Mapping[str, str]) -> None:
    """Hand in one revision; may be run again. One that a later revision overtook is not sent.

    Raises Unavailable (the outbox asks again) and Refused.
    """
    scheme, month, revision = payload["scheme_code"], payload["month"], int(payload["revision"])
    client = require_there(env.partners.bharat, "the way to DBT Bharat")
    async with env.store.read_transaction() as tx:
        report = await bharat_reports.get(tx, scheme, month, revision)
        last = await bharat_reports.latest(tx, scheme, month)
    if report is None or report.state != bharat_reports.QUEUED:
        return
    overtaken = last is not None and last.revision > revision
    if not overtaken:
        await client.report(MonthlyReport(scheme, month, report.fields), revision)
        crash_points.reach(crash_points.REPORT_TAKEN)
    state = SUPERSEDED if overtaken else ACCEPTED
    await env.store.carry_out(lambda tx: _settle(tx, report, state))
    _log.info("bharat_report", scheme=scheme, month=month, revision=revision, state=state)


async def _settle(tx: Transaction, report: KeptReport, state: str) -> None:
    await bharat_reports.settle(tx, report.scheme_code, report.month, report.revision, state)
    detail: dict[str, str | int] = {"month": report.month, "revision": report.revision, "state": state}
    await audit.record(
        tx, SYSTEM.label, "bharat_report.sent", ObjectKind.FINANCE_BOOK, report.scheme_code, Purpose.COUNT, **detail
    )


def _name(month: date) -> str:
    return f"{month:%Y-%m}"


def _text(count: int | None) -> str | None:
    return None if count is None else str(count)

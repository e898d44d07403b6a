"""Asks the treasury where a bill stands, step by step: PIS, PAG, PD and FD, or for a correction FTPS and FTFPS."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from domain.kernel import Clock, Source
from integrations.calling.answers import read_as
from integrations.calling.errors import Refused
from integrations.calling.policies import CallPolicy
from integrations.dbt_finance.jit import params, progress, records, wire
from integrations.dbt_finance.jit.calls import (
    ADVICE_STATUS,
    CORRECTION_FAILED,
    CORRECTION_PAID,
    DEBIT_SCROLL,
    FAILED_PAYMENTS,
    INSTRUCTION_STATUS,
    Calls,
)
from integrations.dbt_finance.jit.models import BillReference, DbtFinanceSettings, InstructionStage, InstructionStatus
from integrations.dbt_finance.jit.states import BillAnswers

T = TypeVar("T")
SHARED_FOR = timedelta(seconds=30)
"""How long one list of the failures of a day serves every bill of that day."""


@dataclass
class _DayList:
    asked_at: datetime
    records: Sequence[wire.Record] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Bills:
    """What the treasury's answers say of one bill. All methods raise RemoteError where it cannot be learnt.

    FD answers for all bills of a day (docs/contracts/dbt_finance.md section 5.4), so bills of one day are asked for
    by one call.
    """

    def __init__(self, calls: Calls, settings: DbtFinanceSettings, clock: Clock) -> None:
        self._calls = calls
        self._settings = settings
        self._clock = clock
        self._day_lists: dict[tuple[str, ...], _DayList] = {}

    async def fetch(self, bill: BillReference) -> BillAnswers:
        """All that the treasury tells of a bill, as far as it has come."""
        return await (self._fetch_correction(bill, bill.corrects) if bill.corrects else self._fetch_instruction(bill))

    async def fetch_next(self, bill: BillReference) -> BillAnswers | None:
        """What was known of a bill, and the one answer that tells of its next step.

        None of a correction where the treasury's reference of the first order is not known, without which no call
        tells of it.
        """
        if bill.corrects is not None:
            return await self._fetch_next_of_correction(bill, bill.corrects)
        reached, now = bill.reached, self._clock.now()
        if "instruction_id" not in reached:
            return BillAnswers(await self.status(bill), now)
        status, given = progress.status_in(reached), progress.advice_in(reached)
        if given is None:
            given = await self._advice(bill, status)
            return BillAnswers(status, now, given.at, given.payees) if given else BillAnswers(status, now)
        heard, paid = BillAnswers(status, now, given.at), progress.debit_in(bill)
        if paid is None:
            scrolls = await self._debits(bill, given)
            return replace(heard, debits=[debit for scroll in scrolls for debit in scroll.debits])
        failures = await self._failures(bill, given, reached["voucher_date"])
        failed = read(lambda found: records.failed_payees(found, [paid], ()), failures)
        return replace(heard, debits=[paid], failures=failed)

    async def advice(self, bill: BillReference, status: InstructionStatus) -> records.Advice | None:
        """What the treasury gave to the bank (PAG); None where it has not yet."""
        return await self._advice(bill, status)

    async def status(self, bill: BillReference) -> InstructionStatus:
        """Where an instruction stands (PIS). An answer without a record is PENDING, and never that it did not arrive.

        Only a text that names the bill and says that the spending unit rejected it is a rejection; any other error
        says nothing of the bill and is raised as Refused.
        """
        reply = await self._calls.ask(INSTRUCTION_STATUS, params.status_params(bill, self._settings.ssu_ia_id))
        if reply.errors:
            code = wire.reject_code(reply.errors)
            if code == "REJECTED" and any(bill.bill_number in error.text for error in reply.errors):
                return InstructionStatus(InstructionStage.REJECTED)
            raise Refused(Source.DBT_FINANCE, code)
        if not reply.records:
            return InstructionStatus(InstructionStage.PENDING)
        office = self._settings.ssu_ia_id
        return read(lambda record: records.instruction_status(record, bill, office), reply.records[0])

    async def correction_status(self, bill: BillReference, first: BillReference) -> InstructionStatus:
        """Where a correction stands (FTPS): APPROVED once it was paid, before that PENDING."""
        paid = await self._correction_paid(bill, first, await self.reference(first))
        return InstructionStatus(InstructionStage.APPROVED if paid else InstructionStage.PENDING)

    async def reference(self, bill: BillReference) -> str:
        """The treasury's own reference of an order that it gave to the bank. Raises Refused(NOT_FAILED) without one."""
        if bill.corrects is not None:
            paid = await self._correction_paid(bill, bill.corrects, await self.reference(bill.corrects))
            if paid is not None:
                return paid.bill_reference
        else:
            status = await self.status(bill)
            advice = await self._advice(bill, status) if status.stage is InstructionStage.APPROVED else None
            if advice is not None:
                return advice.bill_reference
        raise Refused(Source.DBT_FINANCE, "NOT_FAILED")

    async def _fetch_instruction(self, bill: BillReference) -> BillAnswers:
        status = await self.status(bill)
        heard = BillAnswers(status, self._clock.now())
        advice = await self._advice(bill, status) if status.stage is InstructionStage.APPROVED else None
        if advice is None:
            return replace(heard, reached=progress.progress_of(bill, status, None, ()))
        scrolls = await self._debits(bill, advice)
        debits = [debit for scroll in scrolls for debit in scroll.debits]
        failures: list[records.Failure] = []
        for day in sorted({scroll.voucher_date for scroll in scrolls}):
            failures += await self._failures(bill, advice, day)
        failed = read(lambda found: records.failed_payees(found, debits, advice.payees), failures)
        reached = progress.progress_of(bill, status, advice, scrolls)
        return replace(heard, taken_at=advice.at, payees=advice.payees, debits=debits, failures=failed, reached=reached)

    async def _fetch_correction(self, bill: BillReference, first: BillReference) -> BillAnswers:
        reference = progress.first_reference_in(bill) or await self.reference(first)
        paid = await self._correction_paid(bill, first, reference)
        heard = self._correction_answers(paid, await self._correction_failures(bill, paid) if paid else ())
        return replace(heard, reached=progress.progress_of_correction(bill, reference, paid))

    async def _fetch_next_of_correction(self, bill: BillReference, first: BillReference) -> BillAnswers | None:
        reference, paid = progress.first_reference_in(bill), progress.correction_in(bill)
        if reference is None:
            return None
        if paid is None:
            return self._correction_answers(await self._correction_paid(bill, first, reference), ())
        return self._correction_answers(paid, await self._correction_failures(bill, paid))

    def _correction_answers(
        self, paid: records.CorrectionPaid | None, failures: Sequence[records.Failure]
    ) -> BillAnswers:
        now = self._clock.now()
        if paid is None:
            return BillAnswers(InstructionStatus(InstructionStage.PENDING), now)
        debits, status = paid.scroll.debits, InstructionStatus(InstructionStage.APPROVED)
        failed = read(lambda found: records.failed_payees(found, debits, ()), failures)
        return BillAnswers(status, now, paid.at, debits=debits, failures=failed)

    async def _advice(self, bill: BillReference, status: InstructionStatus) -> records.Advice | None:
        office = self._settings.ssu_ia_id
        asked = params.advice_params(bill, status, office)
        found = await self._records(ADVICE_STATUS, asked)
        return read(lambda record: records.advice(record, bill, office), found[0]) if found else None

    async def _debits(self, bill: BillReference, advice: records.Advice) -> list[records.Scroll]:
        found = await self._records(DEBIT_SCROLL, params.debit_params(advice, self._settings.application_name))
        told = [read(lambda each: records.scroll(each, bill, advice.bill_reference), record) for record in found]
        return [scroll for scroll in told if scroll is not None]

    async def _failures(self, bill: BillReference, advice: records.Advice, day: str) -> list[records.Failure]:
        found = await self._day_list(params.failures_params(advice, day, self._settings))
        return read(lambda several: records.failures_of_bill(several, bill, advice.bill_reference), found)

    async def _day_list(self, asked: Mapping[str, str]) -> Sequence[wire.Record]:
        """The records of FD, of all bills of a day: asked for once by those who want them at about the same time."""
        now, lists = self._clock.now(), self._day_lists
        for key in [key for key, one in lists.items() if not one.lock.locked() and not _serves(one, now)]:
            del lists[key]
        one = lists.setdefault(tuple(asked.values()), _DayList(now))
        async with one.lock:
            if one.records is None or not _serves(one, self._clock.now()):
                one.asked_at = self._clock.now()
                one.records = await self._records(FAILED_PAYMENTS, asked)
            return one.records

    async def _correction_paid(
        self, bill: BillReference, first: BillReference, first_reference: str
    ) -> records.CorrectionPaid | None:
        asked = params.correction_paid_params(bill, first, first_reference, self._settings)
        found = await self._records(CORRECTION_PAID, asked)
        return read(lambda record: records.correction_paid(record, bill, first_reference), found[0]) if found else None

    async def _correction_failures(self, bill: BillReference, paid: records.CorrectionPaid) -> list[records.Failure]:
        found = await self._records(CORRECTION_FAILED, params.correction_failed_params(bill, paid))
        told = [read(lambda each: records.correction_failures(each, bill, paid.bill_reference), one) for one in found]
        return [failure for several in told for failure in several]

    async def _records(self, policy: CallPolicy, asked: Mapping[str, Any]) -> Sequence[wire.Record]:
        """The records of an answer, none where the treasury has nothing yet. Raises Refused for an error."""
        reply = await self._calls.ask(policy, asked)
        if reply.errors:
            raise Refused(Source.DBT_FINANCE, wire.reject_code(reply.errors))
        return reply.records


def _serves(one: _DayList, now: datetime) -> bool:
    return timedelta() <= now - one.asked_at < SHARED_FOR


def read(reading: Callable[[Any], T], given: object) -> T:
    """Read a message; raises Garbled for an unreadable one and IntegrityFailure for another's record."""
    return read_as(Source.DBT_FINANCE, reading, given)

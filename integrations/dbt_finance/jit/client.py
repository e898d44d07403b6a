"""The client of DBT finance: sends payment instructions, reads the status of payments."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Clock, Source, Sourced, ist_date
from domain.payments.budgets import year_of
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Codec, Remote
from integrations.dbt_finance.jit import calls, params, records, wire
from integrations.dbt_finance.jit.bills import Bills, read
from integrations.dbt_finance.jit.calls import ALLOTMENTS, CORRECT_ACCOUNT, PUSH_INSTRUCTION, Calls
from integrations.dbt_finance.jit.models import (
    Allotment,
    BankAccount,
    BillEnquiry,
    BillReference,
    Correction,
    DbtFinanceSettings,
    HeadBalance,
    InstructionOutcome,
    InstructionReceipt,
    InstructionStage,
    InstructionStatus,
    PaymentInstruction,
    PaymentState,
)
from integrations.dbt_finance.jit.return_codes import INSTRUCTION_REJECTED
from integrations.dbt_finance.jit.states import enquiry_of, state_of

CODES = {
    **{f"text with “{part}”": f"Refused: {code}" for part, code in wire.REJECTS},
    **{f"errorCode {number}": f"Refused: {code}" for number, code in wire.CODES.items()},
}
"""What its errors mean to us, as docs/policies.md prints them."""

PAYMENT_STATUSES = CallPolicy(
    "dbt_finance.payment_statuses", Source.DBT_FINANCE, breaker="status", fresh=30.0, stale=0.0, schema_version=2
)
"""All calls for one citizen together. A payment status is never served old: without the source there is none."""
POLICIES = (*calls.POLICIES, PAYMENT_STATUSES)

OTHER_CONTENT = "DUPLICATE_WITH_OTHER_CONTENT"
"""The code of Refused where the treasury has another bill under the number of an order."""


class Declined(Refused):
    """An order that the treasury did not take; `told` is its text, for an officer."""

    def __init__(self, code: str, told: str) -> None:
        super().__init__(Source.DBT_FINANCE, code)
        self.told = told


class DbtFinance:
    """The calls of the state treasury's JIT service (docs/contracts/dbt_finance.md section 5)."""

    def __init__(self, remote: Remote, settings: DbtFinanceSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock
        self._calls = Calls(remote, settings, clock)
        self._bills = Bills(self._calls, settings, clock)

    async def instruct(self, instruction: PaymentInstruction) -> InstructionReceipt:
        """Push an order to pay. Safe to repeat with the same bill number and content.

        That it was taken, and that the treasury has it already, both mean that it has it. After a lost or spoiled
        answer it is enquired, which tells only whether it was approved or rejected: else the same order goes again.
        Raises Declined with the code of the reject (`wire.REJECTS`), after which the treasury has nothing, Refused with
        INSTRUCTION_REJECTED where the spending unit rejected it, or with OTHER_CONTENT where another amount, count or
        account was approved under the number. Unavailable means that it is not known whether the bill arrived:
        only the same order again tells.
        """
        ddo_code = instruction.ddo_code or self._settings.ddo_code
        head = instruction.head_of_account or self._settings.head_of_account
        allotted = await self._allotments(head, ddo_code, ist_date(self._clock.now()))
        if not allotted:
            raise Declined("INSUFFICIENT_FUND", "nothing is allotted to the head of account")
        charged = max(allotted, key=lambda one: one.available_paise)
        asked = params.instruction_params(instruction, charged, self._settings)
        bill = BillReference(instruction.bill_number, instruction.bill_date, "")
        return await self._place_order(PUSH_INSTRUCTION, asked, bill, instruction)

    async def correct(self, correction: Correction) -> InstructionReceipt:
        """Order a failed payment to the corrected account (COR), as safe to repeat as `instruct`.

        Raises what `instruct` does; Refused(NOT_IN_ORIGINAL) where the treasury does not find the payment in the first
        order, and Refused(NOT_FAILED) where it does not hold it for failed or has no advice of it.
        """
        first = await self._bills.reference(correction.first)
        same = correction.failed == correction.first
        failed = first if same else await self._bills.reference(correction.failed)
        asked = params.correction_params(correction, first, failed, self._settings)
        return await self._place_order(CORRECT_ACCOUNT, asked, correction.bill, None)

    async def confirm(self, bill: BillReference, order: PaymentInstruction | None = None) -> InstructionReceipt | None:
        """That DBT finance has the bill; None where it tells nothing: it waits there for approval, or is not there.

        Raises Refused(INSTRUCTION_REJECTED) where the spending unit has rejected it, and Refused(OTHER_CONTENT) where
        what was approved under its number is of another amount, number of payees or account than the order.
        """
        status = await self._status(bill)
        if status.stage is InstructionStage.PENDING:
            return None
        return await self._known_bill_receipt(bill, status, order)

    async def head_balance(self, head_of_account: str | None, day: date) -> HeadBalance:
        """What is left of the budget of a head of account (None: the installation's own) in the year of a day (VA).

        Nothing is left where nothing was allotted. Never served old.
        """
        asked = head_of_account or self._settings.head_of_account
        allotted = await self._allotments(asked, self._settings.ddo_code, day)
        return HeadBalance(asked, sum(one.available_paise for one in allotted), self._clock.now())

    async def payment_statuses(
        self, citizen_id: str, bills: Sequence[BillReference]
    ) -> Sourced[Mapping[str, PaymentState]]:
        """The state of a citizen's payments by end-to-end id.

        One call for each bill, the one that tells of the step after that which it had reached
        (`BillReference.reached`), and one for all bills that were paid on a day. Left out is what goes to another
        payee than was sent, and a correction whose first order was never asked for. Cached for 30 s and never served
        stale. Raises the first RemoteError where any bill cannot be read.
        """
        asked = sorted(set(bills), key=lambda bill: (bill.bill_number, bill.end_to_end_id))
        key = (citizen_id, *(f"{bill.bill_number}/{bill.end_to_end_id}/{len(bill.reached)}" for bill in asked))
        return await self._remote.fetch_cached(PAYMENT_STATUSES, key, lambda: self._states(asked), _STATES)

    async def enquire(self, bill: BillReference) -> BillEnquiry:
        """The status of one bill, asked anew and not cached: for the hourly enquiry and the daily comparison.

        Raises RemoteError where it cannot be read.
        """
        try:
            async with asyncio.timeout(PAYMENT_STATUSES.total):
                return enquiry_of(bill, await self._bills.fetch(bill), self._settings.accounts_compared)
        except TimeoutError as error:
            raise Unavailable(Source.DBT_FINANCE, "timed_out") from error

    async def _states(self, bills: Sequence[BillReference]) -> Mapping[str, PaymentState]:
        asking = Bills(self._calls, self._settings, self._clock)

        async def ask_bill(bill: BillReference) -> PaymentState | None:
            heard = await asking.fetch_next(bill)
            return state_of(bill, heard, self._settings.accounts_compared) if heard else None

        try:
            async with asyncio.timeout(PAYMENT_STATUSES.total), asyncio.TaskGroup() as group:
                asked = {bill.end_to_end_id: group.create_task(ask_bill(bill)) for bill in bills}
        except TimeoutError as error:
            raise Unavailable(Source.DBT_FINANCE, "timed_out") from error
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return {payment: state for payment, task in asked.items() if (state := task.result())}

    async def _status(self, bill: BillReference) -> InstructionStatus:
        if bill.corrects is not None:
            return await self._bills.correction_status(bill, bill.corrects)
        return await self._bills.status(bill)

    async def _allotments(self, head: str, ddo_code: str, day: date) -> list[Allotment]:
        reply = await self._calls.ask(
            ALLOTMENTS, params.allotment_params(head, year_of(day)[0], ddo_code, self._settings)
        )
        if reply.errors:
            raise Declined(wire.reject_code(reply.errors), wire.officer_text(reply.errors))
        return read(lambda several: records.allotments(several, ddo_code, self._settings), reply.records)

    async def _place_order(
        self, policy: CallPolicy, asked: Mapping[str, Any], bill: BillReference, order: PaymentInstruction | None
    ) -> InstructionReceipt:
        found: list[InstructionStatus] = []

        async def has_arrived() -> bool:
            status = await self._status(bill)
            if status.stage is not InstructionStage.PENDING:
                found.append(status)
            return bool(found)

        reply = await self._calls.ask_once(policy, asked, has_arrived)
        if reply is None:
            return await self._known_bill_receipt(bill, found[-1], order)
        if reply.errors:
            code = wire.reject_code(reply.errors)
            if code == "DUPLICATE_INSTRUCTION":
                return await self._known_bill_receipt(bill, await self._status(bill), order)
            raise Declined(code, wire.officer_text(reply.errors))
        if not reply.records:
            raise Garbled(Source.DBT_FINANCE, "no_record")
        number = "jitCorBillNo" if bill.corrects else "jitBillNo"
        if not read(lambda record: records.is_accepted(record, {number: bill.bill_number}), reply.records[0]):
            raise Refused(Source.DBT_FINANCE, "NOT_ACCEPTED")
        return self._receipt(bill, InstructionOutcome.ACCEPTED)

    async def _known_bill_receipt(
        self, bill: BillReference, status: InstructionStatus, order: PaymentInstruction | None
    ) -> InstructionReceipt:
        """The receipt of a bill that is there, once it is seen to be this order.

        Source: docs/contracts/dbt_finance.md section 5.6.
        """
        if status.stage is InstructionStage.REJECTED:
            raise Refused(Source.DBT_FINANCE, INSTRUCTION_REJECTED)
        theirs = (status.net_paise, status.payee_count)
        if order is not None and status.net_paise is not None and theirs != (order.net_paise, len(order.payees)):
            raise Refused(Source.DBT_FINANCE, OTHER_CONTENT)
        if order is not None and status.stage is InstructionStage.APPROVED:
            advice = await self._bills.advice(bill, status)
            if advice is not None and not _pays(advice, order, self._settings.accounts_compared):
                raise Refused(Source.DBT_FINANCE, OTHER_CONTENT)
        return self._receipt(bill, InstructionOutcome.ALREADY_KNOWN)

    def _receipt(self, bill: BillReference, outcome: InstructionOutcome) -> InstructionReceipt:
        return InstructionReceipt(
            bill.bill_number, bill.bill_date, self._settings.ssu_ia_id, outcome, self._clock.now()
        )


def _pays(advice: records.Advice, order: PaymentInstruction, compared: str) -> bool:
    """Whether an advice names the payees of an order, if it names any; it may mask their accounts."""
    sent = [(BankAccount(one.account_number, one.ifsc), one.amount_paise) for one in order.payees]
    told = [(one.account, one.paise) for one in advice.payees]
    theirs, ours = (
        sorted((records.account_compared(one, compared), paise) for one, paise in each) for each in (told, sent)
    )
    return not theirs or theirs == ours


def _encode(states: Mapping[str, PaymentState]) -> dict[str, list[Any]]:
    return {
        payment: [state.status.value, state.at.isoformat(), state.utr_last4, state.return_code, state.awaits_approval]
        for payment, state in states.items()
    }


def _decode(kept: Mapping[str, list[Any]]) -> dict[str, PaymentState]:
    return {
        payment: PaymentState(PaymentStatus(status), wire.instant(at), last4, code, awaits)
        for payment, (status, at, last4, code, awaits) in kept.items()
    }


_STATES: Codec[Mapping[str, PaymentState]] = Codec(_encode, _decode)

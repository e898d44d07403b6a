"""The client of DBT finance: sends payment instructions, reads the status of payments."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Clock, Source, Sourced
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Answer, Codec, Parts, Remote
from integrations.dbt_finance.jit import wire, wire_auth
from integrations.dbt_finance.jit.models import (
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
from integrations.dbt_finance.jit.states import BillAnswers, enquiry_of, states_of

T = TypeVar("T")

CODES = {f"text with “{part}”": f"Refused: {code}" for part, code in wire.REJECTS}
"""What its texts of errors mean to us, as docs/policies.md prints them."""

_WRITES, _READS = "instruct", "status"
"""Breaker groups: instructions that fail do not close the view of payments."""

_ORDERS = Bulkhead("instruct", places=4)

PUSH_INSTRUCTION = CallPolicy(
    "dbt_finance.PI",
    Source.DBT_FINANCE,
    body_limit=256_000,
    keyed=True,
    priority=Priority.FIRST,
    breaker=_WRITES,
    lane=_ORDERS,
    accepts=JSON_TYPES,
)
"""Repeatable only because `jitBillNo` keys it: the partner takes one bill once. Enquired before it is repeated."""
CORRECT_ACCOUNT = replace(PUSH_INSTRUCTION, name="dbt_finance.COR")
"""Keyed by `jitCorBillNo`, a bill number as those of instructions."""
INSTRUCTION_STATUS = CallPolicy(
    "dbt_finance.PIS", Source.DBT_FINANCE, body_limit=256_000, breaker=_READS, accepts=JSON_TYPES
)
ADVICE_STATUS = CallPolicy("dbt_finance.PAG", Source.DBT_FINANCE, breaker=_READS, accepts=JSON_TYPES)
DEBIT_SCROLL = CallPolicy("dbt_finance.PD", Source.DBT_FINANCE, breaker=_READS, accepts=JSON_TYPES)
FAILED_PAYMENTS = CallPolicy("dbt_finance.FD", Source.DBT_FINANCE, breaker=_READS, accepts=JSON_TYPES)
HEAD_BALANCE = CallPolicy(
    "dbt_finance.BHB", Source.DBT_FINANCE, total=3.0, attempt=2.0, attempts=2, breaker=_READS, accepts=JSON_TYPES
)
"""An officer who approves waits for it, and the order is checked again: so it is asked for a short while only."""
PAYMENT_STATUSES = CallPolicy("dbt_finance.payment_statuses", Source.DBT_FINANCE, breaker=_READS, fresh=30.0, stale=0.0)
"""All calls for one citizen together. A payment status is never served old: without the source there is none."""
POLICIES = (
    PUSH_INSTRUCTION,
    CORRECT_ACCOUNT,
    INSTRUCTION_STATUS,
    ADVICE_STATUS,
    DEBIT_SCROLL,
    FAILED_PAYMENTS,
    HEAD_BALANCE,
    PAYMENT_STATUSES,
)

BILLS_AT_ONCE = 4
"""Bills of one citizen that are asked for at the same time."""


class DbtFinance:
    """The REST calls of the state treasury's JIT service (docs/contracts/dbt_finance.md section 5)."""

    def __init__(self, remote: Remote, settings: DbtFinanceSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock

    async def instruct(self, instruction: PaymentInstruction) -> InstructionReceipt:
        """Push an order to pay. Safe to repeat with the same bill number and content.

        After a lost or spoiled answer, or where the partner says that it knows the bill, it is enquired.
        Raises Refused with the code of the reject (`wire.REJECTS`), which holds for the whole bill, or
        DUPLICATE_WITH_OTHER_CONTENT where the bill is there with another amount, scheme or count.
        Unavailable means that it is not known whether the bill arrived: ask `confirm` before anything else.
        """
        params = wire.instruction_params(instruction, self._settings)
        return await self._place_order(PUSH_INSTRUCTION, "PI", params, instruction)

    async def correct(self, correction: Correction) -> InstructionReceipt:
        """Order a failed payment to the corrected account (COR), as safe to repeat as `instruct`.

        Raises what `instruct` does; Refused(NOT_IN_ORIGINAL) where the treasury does not find the payment in the first
        order, and Refused(NOT_FAILED) where it does not hold it for failed or has no advice of it.
        """
        first = await self._online_reference(correction.first)
        same = correction.failed == correction.first
        failed = first if same else await self._online_reference(correction.failed)
        params = wire.correction_params(correction, first, failed, self._settings)
        return await self._place_order(CORRECT_ACCOUNT, "COR", params, correction)

    async def confirm(self, bill: BillReference) -> InstructionReceipt | None:
        """Whether DBT finance has the bill; None where it does not know it, so that it may be sent (again).

        Raises Refused(INSTRUCTION_REJECTED) where the treasury has rejected it.
        """
        status = await self.instruction_status(bill.bill_number, bill.bill_date)
        if status is None:
            return None
        if status.stage is InstructionStage.REJECTED:
            raise Refused(Source.DBT_FINANCE, INSTRUCTION_REJECTED)
        return self._receipt(bill.bill_number, bill.bill_date, InstructionOutcome.ALREADY_KNOWN)

    async def instruction_status(self, bill_number: str, bill_date: date) -> InstructionStatus | None:
        """The status of one instruction at the treasury (PIS); None where the bill is unknown there."""
        params = wire.status_params(bill_number, bill_date, self._settings.ssu_ia_id)
        reply = await self._ask(INSTRUCTION_STATUS, "PIS", params)
        if reply.errors:
            return _stage_of(wire.reject_code(reply.errors))
        if not reply.records:
            return None
        return _read(lambda: wire.instruction_status(reply.records[0], bill_number))

    async def head_balance(self, head_of_account: str | None, scheme_code: str, day: date) -> HeadBalance:
        """What is left of the budget of a head of account (None: the installation's own) in the year of a day.

        INFERRED (BHB). Raises Refused(HEAD_UNKNOWN) where the treasury has no such head; never served old.
        """
        asked = head_of_account or self._settings.head_of_account
        reply = await self._ask(HEAD_BALANCE, "BHB", wire.balance_params(asked, scheme_code, day, self._settings))
        if reply.errors:
            code = wire.reject_code(reply.errors)
            raise Refused(Source.DBT_FINANCE, "HEAD_UNKNOWN" if code == "NOT_FOUND" else code)
        if not reply.records:
            raise Garbled(Source.DBT_FINANCE, "no_record")
        return _read(lambda: wire.head_balance(reply.records[0], asked))

    async def payment_statuses(
        self, citizen_id: str, bills: Sequence[BillReference]
    ) -> Sourced[Mapping[str, PaymentState]]:
        """The state of a citizen's payments by end-to-end id; one the treasury does not know is left out.

        Cached for 30 s and never served stale; an answer that leaves one out is not cached. Raises the first
        RemoteError where any bill cannot be read.
        """
        asked = sorted(set(bills), key=lambda bill: (bill.bill_number, bill.end_to_end_id))
        key = (citizen_id, *(f"{bill.bill_number}/{bill.end_to_end_id}" for bill in asked))
        payments = {bill.end_to_end_id for bill in asked}
        return await self._remote.fetch_cached(
            PAYMENT_STATUSES, key, lambda: self._states(asked), _STATES, whole=lambda states: payments <= states.keys()
        )

    async def enquire(self, bill: BillReference) -> BillEnquiry:
        """The status of one bill, asked anew and not cached: for the hourly enquiry and the daily comparison.

        Raises RemoteError where it cannot be read.
        """
        try:
            async with asyncio.timeout(PAYMENT_STATUSES.total):
                return enquiry_of(bill, await self._fetch_bill_answers(bill))
        except TimeoutError as error:
            raise Unavailable(Source.DBT_FINANCE, "timed_out") from error

    async def _states(self, bills: Sequence[BillReference]) -> Mapping[str, PaymentState]:
        by_bill: dict[str, list[BillReference]] = {}
        for bill in bills:
            by_bill.setdefault(bill.bill_number, []).append(bill)
        places = asyncio.Semaphore(BILLS_AT_ONCE)

        async def ask_bill(references: list[BillReference]) -> dict[str, PaymentState]:
            async with places:
                return states_of(references, await self._fetch_bill_answers(references[0]))

        try:
            async with asyncio.timeout(PAYMENT_STATUSES.total):
                with _first_failure():
                    async with asyncio.TaskGroup() as group:
                        parts = [group.create_task(ask_bill(references)) for references in by_bill.values()]
        except TimeoutError as error:
            raise Unavailable(Source.DBT_FINANCE, "timed_out") from error
        return {payment: state for part in parts for payment, state in part.result().items()}

    async def _fetch_bill_answers(self, bill: BillReference) -> BillAnswers:
        status = await self.instruction_status(bill.bill_number, bill.bill_date)
        advice = None
        if status is not None and status.stage is InstructionStage.APPROVED:
            advice = await self._advice(bill, status)
        if advice is None:
            return BillAnswers(status, None, (), (), self._clock.now())
        with _first_failure():
            async with asyncio.TaskGroup() as group:
                debits = group.create_task(self._debits(bill, advice))
                failures = group.create_task(self._failures(bill, advice))
        return BillAnswers(status, advice, debits.result(), failures.result(), self._clock.now())

    async def _debits(self, bill: BillReference, advice: wire.Advice) -> list[wire.Debit]:
        params = wire.debit_params(advice, self._settings.application_name)
        return await self._lines(DEBIT_SCROLL, "PD", params, lambda record: wire.debits(record, bill.bill_number))

    async def _failures(self, bill: BillReference, advice: wire.Advice) -> list[wire.Failure]:
        params = wire.failure_params(bill, advice)
        return await self._lines(FAILED_PAYMENTS, "FD", params, lambda record: wire.failures(record, bill.bill_number))

    async def _advice(self, bill: BillReference, status: InstructionStatus) -> wire.Advice | None:
        params = wire.advice_params(bill, status, self._settings.ssu_ia_id)
        found = await self._lines(ADVICE_STATUS, "PAG", params, lambda record: [wire.advice(record, bill.bill_number)])
        return found[0] if found else None

    async def _lines(
        self, policy: CallPolicy, service: str, params: Mapping[str, Any], read: Callable[[wire.Record], list[T]]
    ) -> list[T]:
        """The lines of all records, empty where the partner has nothing yet; any other error is raised."""
        reply = await self._ask(policy, service, params)
        if reply.errors:
            code = wire.reject_code(reply.errors)
            if code in {"NOT_YET", "NOT_FOUND"}:
                return []
            raise Refused(Source.DBT_FINANCE, code)
        return _read(lambda: [line for record in reply.records for line in read(record)])

    async def _online_reference(self, bill: BillReference) -> str:
        """The treasury's own reference of an order that it gave to the bank."""
        status = await self.instruction_status(bill.bill_number, bill.bill_date)
        approved = status is not None and status.stage is InstructionStage.APPROVED
        advice = await self._advice(bill, status) if approved and status is not None else None
        if advice is None:
            raise Refused(Source.DBT_FINANCE, "NOT_FAILED")
        return advice.bill_reference

    async def _place_order(
        self, policy: CallPolicy, service: str, params: Mapping[str, Any], order: PaymentInstruction | Correction
    ) -> InstructionReceipt:
        found: list[InstructionStatus] = []

        async def has_arrived() -> bool:
            status = await self.instruction_status(order.bill_number, order.bill_date)
            if status is not None:
                found.append(status)
            return status is not None

        reply = await self._push(policy, service, params, has_arrived)
        if reply is None:
            return self._known_bill_receipt(order, found[-1])
        code = wire.reject_code(reply.errors) if reply.errors else None
        if code == "DUPLICATE_INSTRUCTION":
            return await self._confirm_duplicate(order)
        if code is not None:
            raise Refused(Source.DBT_FINANCE, code)
        if not reply.records:
            raise Garbled(Source.DBT_FINANCE, "no_record")
        if not _read(lambda: wire.is_accepted(reply.records[0], order.bill_number)):
            raise Refused(Source.DBT_FINANCE, "NOT_ACCEPTED")
        return self._receipt(order.bill_number, order.bill_date, InstructionOutcome.ACCEPTED)

    async def _confirm_duplicate(self, order: PaymentInstruction | Correction) -> InstructionReceipt:
        status = await self.instruction_status(order.bill_number, order.bill_date)
        if status is None:
            raise Unavailable(Source.DBT_FINANCE, "duplicate_not_found")
        return self._known_bill_receipt(order, status)

    def _known_bill_receipt(
        self, order: PaymentInstruction | Correction, status: InstructionStatus
    ) -> InstructionReceipt:
        if status.stage is InstructionStage.REJECTED:
            raise Refused(Source.DBT_FINANCE, INSTRUCTION_REJECTED)
        theirs = (status.net_paise, status.scheme_code, status.payee_count)
        many = len(order.payees) if isinstance(order, PaymentInstruction) else 1
        if status.stage is InstructionStage.APPROVED and theirs != (order.net_paise, order.scheme_code, many):
            raise Refused(Source.DBT_FINANCE, "DUPLICATE_WITH_OTHER_CONTENT")
        return self._receipt(order.bill_number, order.bill_date, InstructionOutcome.ALREADY_KNOWN)

    def _receipt(self, bill_number: str, bill_date: date, outcome: InstructionOutcome) -> InstructionReceipt:
        return InstructionReceipt(bill_number, bill_date, self._settings.ssu_ia_id, outcome, self._clock.now())

    async def _push(
        self, policy: CallPolicy, service: str, params: Mapping[str, Any], arrived: Callable[[], Awaitable[bool]]
    ) -> wire.Reply | None:
        """The reply to an order, or None where an enquiry after a lost answer found that it had arrived."""
        parts = self._message(service, params)
        answer = await self._remote.send_once(policy, "POST", f"/jit/{service}", confirm=arrived, **parts)
        return None if answer is None else _read(lambda: wire.read_reply(answer.content, service))

    async def _ask(self, policy: CallPolicy, service: str, params: Mapping[str, Any]) -> wire.Reply:
        answer = await self._remote.send(policy, "POST", f"/jit/{service}", **self._message(service, params))
        return _read(lambda: wire.read_reply(answer.content, service))

    def _message(self, service: str, params: Mapping[str, Any]) -> Parts:
        settings = self._settings
        body = wire.message(service, params)
        headers = wire_auth.request_headers(settings.client_id, settings.hmac_secret, service, body, self._clock.now())

        def judge(answer: Answer) -> None:
            _refuse_status(answer)
            _read(lambda: wire.read_reply(answer.content, service))
            signature = answer.headers.get(wire_auth.SIGNATURE_HEADER, "")
            asked = headers[wire_auth.SIGNATURE_HEADER]
            if not wire_auth.answer_is_genuine(settings.hmac_secret, asked, answer.status, answer.content, signature):
                raise IntegrityFailure(Source.DBT_FINANCE, "signature")

        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        return {"headers": sent, "content": body, "judge": judge}


def _refuse_status(answer: Answer) -> None:
    """Raise what a status other than 200 means; a web page with 200 is a portal that is down."""
    if answer.status in {401, 403}:
        raise NotLetIn(Source.DBT_FINANCE, "unauthorised")
    if answer.status >= 500:
        raise Unavailable(Source.DBT_FINANCE, f"http_{answer.status}")
    if answer.status != 200:
        raise Refused(Source.DBT_FINANCE, f"http_{answer.status}")
    if answer.media_type == "text/html":
        raise Unavailable(Source.DBT_FINANCE, "html_page")


def _stage_of(code: str) -> InstructionStatus | None:
    """What an error of PIS says about the bill; Refused where it says nothing about it."""
    if code == "NOT_FOUND":
        return None
    if code in {"PENDING", "REJECTED"}:
        return InstructionStatus(InstructionStage[code])
    raise Refused(Source.DBT_FINANCE, code)


def _read(read: Callable[[], T]) -> T:
    """Read a message; raises Garbled for an unreadable one and IntegrityFailure for another's record."""
    try:
        return read()
    except wire.OtherBill as error:
        raise IntegrityFailure(Source.DBT_FINANCE, str(error)) from error
    except wire.Unreadable as error:
        raise Garbled(Source.DBT_FINANCE, str(error)) from error


@contextmanager
def _first_failure() -> Iterator[None]:
    """Raise the first failure of a task group as it is."""
    try:
        yield
    except ExceptionGroup as failed:
        raise _first_leaf(failed) from None


def _first_leaf(failed: ExceptionGroup[Exception]) -> Exception:
    first = failed.exceptions[0]
    return _first_leaf(first) if isinstance(first, ExceptionGroup) else first


def _encode(states: Mapping[str, PaymentState]) -> dict[str, list[str | None]]:
    return {
        payment: [state.status.value, state.at.isoformat(), state.utr_last4, state.return_code]
        for payment, state in states.items()
    }


def _decode(kept: Mapping[str, list[Any]]) -> dict[str, PaymentState]:
    return {
        payment: PaymentState(PaymentStatus(status), wire.instant(at), last4, code)
        for payment, (status, at, last4, code) in kept.items()
    }


_STATES: Codec[Mapping[str, PaymentState]] = Codec(_encode, _decode)

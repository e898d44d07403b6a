"""The wallet of centre operators: payment form, enquiries, refunds and the reconciliation log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict

from domain.fees.fees import FeeNews, FeeReceipt, ReportedState
from domain.kernel import Source
from integrations.browser_returns import PaymentForm
from integrations.calling.answers import read_as, refuse_status
from integrations.calling.breakers import CircuitOpen
from integrations.calling.errors import Foreign, NeverSent, Refused, Unavailable, Unreadable
from integrations.calling.guarded_calls import Crowded
from integrations.calling.kill_switch import SwitchedOff
from integrations.calling.policies import JSON_TYPES, XML_TYPES, Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Answer, Remote, never_arrived
from integrations.csc import wire_bridge as wire
from integrations.csc.bridge_models import BridgeSettings, Refund, RefundAnswer, WalletPayment

NEVER_SENT = (CircuitOpen, Crowded, NeverSent, Refused, SwitchedOff)
"""Errors of a call after which it is certain that CSC did nothing."""

_WRITES, _READS = "bridge.write", "bridge.read"
_LANE = Bulkhead("bridge", places=8)


def _policy(name: str, **more: Any) -> CallPolicy:
    """Fifteen seconds for each call of the wallet (docs/contracts/other_systems.md section 7)."""
    return CallPolicy(
        f"csc.bridge.{name}",
        Source.CSC,
        total=15.0,
        attempt=15.0,
        body_limit=64_000,
        priority=Priority.FIRST,
        breaker=_WRITES if more else _READS,
        lane=_LANE,
        accepts=XML_TYPES | JSON_TYPES,
        **more,
    )


STATUS = _policy("status")
REVERSE = _policy("reverse", repeatable=False, changes=True)
REFUND_LOG = _policy("refund_log", repeatable=False, changes=True)
REFUND_STATUS = _policy("refund_status")
RECON_LOG = _policy("recon_log", keyed=True)
POLICIES = (STATUS, REVERSE, REFUND_LOG, REFUND_STATUS, RECON_LOG)
"""Money is given back by calls that are not repeated by themselves: nobody says that CSC takes one twice as one."""


class _Call(TypedDict):
    read: Callable[[Answer], "_Reply"]
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer whose envelope, if it has one, is CSC's and about what was asked."""

    pairs: dict[str, str] | None
    code: str
    at: datetime


class CscBridge:
    """The calls of docs/contracts/other_systems.md section 3. The browser's return is a hint; `verify` is the truth."""

    def __init__(self, remote: Remote, settings: BridgeSettings) -> None:
        self._remote = remote
        self._settings = settings

    @property
    def head(self) -> str:
        """The head of account that the wallet's receipts are booked to."""
        return self._settings.head

    async def admit_visitor(self) -> None:
        """Let an operator's browser be sent to pay; raises as the treasury's."""
        await self._remote.admit_visitor(STATUS)

    def payment_form(self, payment: WalletPayment) -> PaymentForm:
        """What the operator's browser posts to pay; sealed anew each time. Raises SwitchedOff."""
        self._remote.admit(writes=True)
        own = self._settings
        address = f"{own.pay_url.rstrip('/')}/{wire.frac(payment.at)}"
        return PaymentForm(address, {"message": wire.browser_message(payment, own)})

    def open_return(self, message: str) -> str:
        """Our reference in what a browser brought back. Raises IntegrityFailure, Garbled."""
        return read_as(Source.CSC, self._reference_in, message)

    def own_reference(self, number: str) -> str:
        """Our number of the refund of an order: digits, as many as CSC takes."""
        return number[-self._settings.reference_digits :]

    @property
    def takes_repeats(self) -> bool:
        """Whether a refund may be asked for again where the first answer was lost."""
        return self._settings.refund_repeats

    async def verify(self, reference: str) -> FeeNews:
        """What became of a payment, by `transaction/status`; UNKNOWN where the operator did not come to pay.

        Raises Unavailable, Refused, also where CSC sealed nothing, Garbled, IntegrityFailure.
        """
        wanted = {"merchant_txn": reference, "csc_txn": wire.UNKNOWN_PAYMENT}
        said = await self._ask(STATUS, "transaction/status", wanted, reference)
        if said.pairs is None and said.code in self._settings.unknown_codes:
            return FeeNews(ReportedState.UNKNOWN)
        return read_as(Source.CSC, lambda pairs: wire.news(pairs, said.at), _sealed_pairs(said))

    async def reverse(self, reference: str, paid_at: datetime, refund_reference: str) -> RefundAnswer:
        """Take back a payment of the same day; `paid_at` as the status says it. Not to be repeated without an enquiry.

        Raises RemoteError; only after one of NEVER_SENT it is certain that nothing happened.
        """
        wanted = {
            "merchant_txn": reference,
            "merchant_txn_datetime": wire.time_text(paid_at),
            "merchant_reference": refund_reference,
        }
        said = await self._ask(REVERSE, "transaction/reverse", wanted, reference)
        return wire.reversal_answer(said.pairs or {})

    async def refund(self, refund: Refund) -> RefundAnswer:
        """Ask that a payment goes back. Not to be repeated where the answer was lost. Raises as `reverse`."""
        said = await self._ask(REFUND_LOG, "refund/log", wire.refund_pairs(refund, self._settings), refund.reference)
        return wire.refund_answer(said.pairs or {})

    async def refund_status(self, reference: str, receipt: str, refund_reference: str) -> ReportedState:
        """REFUNDED, else PENDING: no word that declines a refund is known."""
        wanted = {"csc_txn": receipt, "merchant_txn": reference, "refund_reference": refund_reference}
        said = await self._ask(REFUND_STATUS, "refund/status", wanted, reference)
        return wire.refund_state(_sealed_pairs(said))

    async def log_reconciled(self, reference: str, receipt: FeeReceipt, csc_id: str, amount: str) -> None:
        """Report to CSC what a payment was for. The same may be reported again."""
        wanted = {
            "merchant_txn": reference,
            "csc_txn": receipt.grn,
            "cscuser_id": csc_id,
            "product_id": self._settings.product_id,
            "txn_amount": amount,
            "merchant_date": wire.time_text(receipt.paid_at),
            "merchant_txn_status": "S",
            "merchant_reciept": reference,  # sic, docs/contracts/other_systems.md section 3.3
        }
        call = self._call(wanted, reference)
        said = await self._remote.ask_once(
            RECON_LOG, "POST", wire.path_of("recon/log", self._settings), confirm=never_arrived, **call
        )
        if said is None:
            raise Unavailable(Source.CSC, "no_answer")

    async def _ask(self, policy: CallPolicy, method: str, pairs: Mapping[str, str], reference: str) -> _Reply:
        path = wire.path_of(method, self._settings)
        return await self._remote.ask(policy, "POST", path, **self._call(pairs, reference))

    def _call(self, pairs: Mapping[str, str], reference: str) -> _Call:
        content = wire.request_body(pairs, self._settings)
        return {"read": partial(self._read_reply, reference), "headers": _HEADERS, "content": content}

    def _read_reply(self, reference: str, answer: Answer) -> _Reply:
        # That a method is not there says that another generation is served: somebody must look.
        refuse_status(Source.CSC, answer, ours=(401, 403, 404, 405))
        said = wire.read_reply(answer.content)
        # The date is signed by nobody: it may tell a time that is past, and not one of another day.
        near = said.at is not None and timedelta(0) <= answer.at - said.at <= _SLOW
        pairs = None if said.sealed is None else self._open_envelope(said.sealed)
        if pairs is not None:
            own = {"merchant_txn": reference, "merchant_id": self._settings.merchant_id}
            if any(pairs.get(name) != value for name, value in own.items()):
                raise Foreign("other_payment")
        return _Reply(pairs, said.code, said.at if said.at is not None and near else answer.at)

    def _reference_in(self, message: str) -> str:
        reference = self._open_envelope(message).get("merchant_txn", "")
        if not reference:
            raise Unreadable("merchant_txn")
        return reference

    def _open_envelope(self, message: str) -> dict[str, str]:
        return wire.open_envelope(message, reader=self._settings.private_key, signer=self._settings.csc_key)


def _sealed_pairs(said: _Reply) -> dict[str, str]:
    """The pairs of an answer to a question. Raises Refused where CSC sealed none: nothing is known then."""
    if said.pairs is None:
        raise Refused(Source.CSC, "nothing_sealed")
    return said.pairs


_HEADERS = {"Content-Type": "application/json", "Accept": "application/xml, application/json"}
_SLOW = timedelta(minutes=1)
"""How old the date of an answer may be."""

"""The wallet of centre operators: payment form, enquiries, refunds and the reconciliation log."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from domain.fees.fees import FeeNews, FeeReceipt, ReportedState
from domain.kernel import Source
from integrations.browser_returns import PaymentForm
from integrations.calling.answers import read_as, refuse_status
from integrations.calling.errors import Foreign, IntegrityFailure, Refused, Unavailable, Unreadable
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Answer, Remote, never_arrived
from integrations.csc import wire_bridge as wire
from integrations.csc.bridge_models import BridgeSettings, Refund, WalletPayment

_WRITES, _READS = "bridge.write", "bridge.read"
_LANE = Bulkhead("bridge", places=8)


def _policy(name: str, *, writes: bool = False) -> CallPolicy:
    """Fifteen seconds for each call of the wallet (docs/contracts/other_systems.md section 7)."""
    return CallPolicy(
        f"csc.bridge.{name}",
        Source.CSC,
        total=15.0,
        attempt=15.0,
        body_limit=64_000,
        keyed=writes,
        priority=Priority.FIRST,
        breaker=_WRITES if writes else _READS,
        lane=_LANE,
        accepts=JSON_TYPES,
    )


ENQUIRY = _policy("enquiry")
STATUS = _policy("status")
REVERSE = _policy("reverse", writes=True)
REFUND_LOG = _policy("refund_log", writes=True)
REFUND_STATUS = _policy("refund_status")
RECON_LOG = _policy("recon_log", writes=True)
POLICIES = (ENQUIRY, STATUS, REVERSE, REFUND_LOG, REFUND_STATUS, RECON_LOG)


class CscBridge:
    """The calls of docs/contracts/other_systems.md section 3. The browser's return is a hint; `verify` is the truth."""

    def __init__(self, remote: Remote, settings: BridgeSettings) -> None:
        self._remote = remote
        self._settings = settings

    @property
    def head(self) -> str:
        """The head of account that the wallet's receipts are booked to."""
        return self._settings.head

    def payment_form(self, payment: WalletPayment) -> PaymentForm:
        """What the operator's browser posts to pay; sealed anew each time. Raises SwitchedOff."""
        self._remote.admit(writes=True)
        own = self._settings
        address = f"{own.pay_url.rstrip('/')}/{wire.frac(payment.at)}"
        return PaymentForm(address, {"message": wire.browser_message(payment, own)})

    def open_return(self, message: str) -> str:
        """Our reference in what a browser brought back. Raises IntegrityFailure, Garbled."""
        return read_as(Source.CSC, self._reference_in, message)

    async def verify(self, reference: str) -> FeeNews:
        """What became of a payment: `transaction/enquiry` finds it, `transaction/status` confirms it.

        UNKNOWN where the operator did not come to pay. Raises Unavailable, Refused, Garbled, IntegrityFailure.
        """
        found = await self._ask(ENQUIRY, "transaction/enquiry", {"merchant_txn": reference}, reference)
        first = read_as(Source.CSC, wire.news, found)
        if first.state is not ReportedState.SUCCESS or first.receipt is None:
            return first
        wanted = {"merchant_txn": reference, "csc_txn": first.receipt.grn}
        return read_as(Source.CSC, wire.news, await self._status(wanted))

    async def reverse(self, reference: str, paid_at: datetime, refund_reference: str) -> bool:
        """Take back a payment that came a second time; False where it is too late for that. Safe to repeat."""
        wanted = {
            "merchant_txn": reference,
            "merchant_txn_datetime": wire.time_text(paid_at),
            "merchant_reference": refund_reference,
        }
        said = await self._write(REVERSE, "transaction/reverse", wanted, reference)
        return said.get("reverse_status") == wire.REFUNDED

    async def refund(self, refund: Refund) -> str:
        """Ask that a payment goes back; the number that CSC gave it. Safe to repeat with the same reference."""
        pairs = wire.refund_pairs(refund, self._settings.product_id)
        said = await self._write(REFUND_LOG, "refund/log", pairs, refund.reference)
        number = said.get("refund_reference", "")
        if not number:
            raise Refused(Source.CSC, "refund_not_taken")
        return number

    async def refund_status(self, reference: str, receipt: str, refund_reference: str) -> ReportedState:
        """REFUNDED, FAILED where CSC declined, else PENDING."""
        wanted = {"merchant_txn": reference, "csc_txn": receipt, "refund_reference": refund_reference}
        said = await self._ask(REFUND_STATUS, "refund/status", wanted, reference)
        status = said.get("refund_status", "")
        if status == wire.REFUNDED:
            return ReportedState.REFUNDED
        return ReportedState.FAILED if status == wire.REFUND_REFUSED else ReportedState.PENDING

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
        await self._write(RECON_LOG, "recon/log", wanted, reference)

    async def _status(self, wanted: Mapping[str, str]) -> dict[str, str]:
        said = await self._ask(STATUS, "transaction/status", wanted, wanted["merchant_txn"])
        if said.get("csc_txn", wanted["csc_txn"]) != wanted["csc_txn"]:
            raise IntegrityFailure(Source.CSC, "other_payment")
        return said

    async def _ask(self, policy: CallPolicy, method: str, pairs: Mapping[str, str], reference: str) -> dict[str, str]:
        path, content = f"{wire.METHODS}/{method}/format/json", wire.request_body(pairs, self._settings)
        read = partial(self._read_reply, reference)
        return await self._remote.ask(policy, "POST", path, read, headers=_JSON, content=content)

    async def _write(self, policy: CallPolicy, method: str, pairs: Mapping[str, str], reference: str) -> dict[str, str]:
        """A write that CSC takes once for its reference, so that repeating it is its own enquiry."""
        path, content = f"{wire.METHODS}/{method}/format/json", wire.request_body(pairs, self._settings)
        read = partial(self._read_reply, reference)
        said = await self._remote.ask_once(
            policy, "POST", path, read, confirm=never_arrived, headers=_JSON, content=content
        )
        if said is None:
            raise Unavailable(Source.CSC, "no_answer")
        return said

    def _read_reply(self, reference: str, answer: Answer) -> dict[str, str]:
        refuse_status(Source.CSC, answer)
        said = self._open_envelope(wire.response_data(answer.content))
        if said.get("merchant_txn") != reference or said.get("merchant_id") != self._settings.merchant_id:
            raise Foreign("other_payment")
        return said

    def _reference_in(self, message: str) -> str:
        reference = self._open_envelope(message).get("merchant_txn", "")
        if not reference:
            raise Unreadable("merchant_txn")
        return reference

    def _open_envelope(self, message: str) -> dict[str, str]:
        return wire.open_envelope(message, reader=self._settings.private_key, signer=self._settings.csc_key)


_JSON = {"Content-Type": "application/json", "Accept": "application/json"}

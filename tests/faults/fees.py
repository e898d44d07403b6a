"""The calls by which fees are paid: the treasury's e-Challan and the wallet of centre operators."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from domain.fees.fees import FeeReceipt
from domain.kernel import Source, SystemClock, ist_date
from integrations.csc import BridgeSettings, CscBridge, Outcome, Refund, WalletPayment, bridge
from integrations.treasury import Challan, Treasury, TreasurySettings, client
from tests.faults.base import BROWSER, CLIENT_CREDENTIALS, ONE_RECORD, POOL, Adapter
from tests.faults.site import Line, Site

_NO_TOKEN: Mapping[str, str] = {"token": CLIENT_CREDENTIALS, "pages": ONE_RECORD}
CSC_ID = "500100010011"


class TreasuryVerify(Adapter):
    """Each enquiry is about another order: the treasury answers one about an order in ten seconds."""

    name, system, source = "treasury.verify", "treasury", Source.TREASURY
    policies = (client.VERIFY,)
    tells = frozenset({"body", "signature", "owner", "parts"})
    why_not: ClassVar[Mapping[str, str]] = _NO_TOKEN

    def client(self, line: Line) -> Treasury:
        return Treasury(line.remote, TreasurySettings.from_onboarding(BROWSER, self.site.onboarding))

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        sandbox = self.site.city.sandboxes[self.system]
        async with self.line() as line:
            ours = self.client(line)
        while len(pool) < POOL:
            reference = f"UK{secrets.token_hex(8).upper()}"
            form = ours.payment_form(challan(reference))
            await sandbox.act("pay", {"encdata": form.fields["encdata"]})
            pool.append(reference)

    async def ask(self, client: Treasury, number: int) -> Any:
        del number
        news = await client.verify(self.site.pools[self.name].pop())
        return news.state, news.amount_paise


class TreasuryScroll(TreasuryVerify):
    """The scroll of a day on which nothing was paid."""

    name = "treasury.scroll"
    policies = (client.SCROLL,)
    tells = frozenset({"body", "signature", "parts"})
    why_not: ClassVar[Mapping[str, str]] = {**_NO_TOKEN, "owner": "a scroll is of no citizen"}

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._day = ist_date(SystemClock().now()) - timedelta(days=30)  # the same one in every cell, also past midnight

    async def prepare(self) -> None:
        """Nothing: the file of any day before today is there."""

    async def ask(self, client: Treasury, number: int) -> Any:
        del number
        return await client.scroll(self._day)


class Wallet(Adapter):
    """A payment out of the wallet that is there; the calls say the same of it however often."""

    name, system, source = "csc.bridge.status", "csc", Source.CSC
    policies = (bridge.STATUS,)
    tells = frozenset({"body", "signature", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {**_NO_TOKEN, "parts": ONE_RECORD}
    paise = 5000

    def client(self, line: Line) -> CscBridge:
        settings = BridgeSettings.from_onboarding(self.site.onboarding)
        assert settings is not None
        return CscBridge(line.remote, settings)

    async def prepare(self) -> None:
        if self.site.pools.get(self.name):
            return
        reference = f"UK{secrets.token_hex(8).upper()}"
        async with self.line() as line:
            client = self.client(line)
            form = client.payment_form(payment(reference, self.paise))
            await self.site.city.sandboxes[self.system].act("pay_from_wallet", {"message": form.fields["message"]})
            news = await client.verify(reference)
            assert news.receipt is not None
            grn, paid_at = news.receipt.grn, news.receipt.paid_at
            number = await self.number(client, Refund(reference, grn, "000001", self.paise, "WITHDRAWN"))
        self.site.pools[self.name] = [reference, grn, paid_at.isoformat(), number]

    async def number(self, client: CscBridge, refund: Refund) -> str:
        """The number that CSC gave the refund, for the calls about one."""
        del client, refund
        return ""

    @property
    def reference(self) -> str:
        return str(self.site.pools[self.name][0])

    @property
    def receipt(self) -> FeeReceipt:
        _, grn, paid_at, _ = self.site.pools[self.name]
        return FeeReceipt(str(grn), None, None, None, "WALLET", datetime.fromisoformat(str(paid_at)))

    async def ask(self, client: CscBridge, number: int) -> Any:
        del number
        news = await client.verify(self.reference)
        return news.state, news.amount_paise


class WalletReverse(Wallet):
    """The first one is done and every other one declined: what counts is that CSC says which."""

    name = "csc.bridge.reverse"
    policies = (bridge.REVERSE,)

    async def ask(self, client: CscBridge, number: int) -> Any:
        del number
        return (await client.reverse(self.reference, self.receipt.paid_at, "000001")).outcome is not Outcome.UNCLEAR


class WalletRefund(Wallet):
    name = "csc.bridge.refund_log"
    policies = (bridge.REFUND_LOG,)

    async def ask(self, client: CscBridge, number: int) -> Any:
        del number
        refund = Refund(self.reference, self.receipt.grn, "000001", self.paise, "WITHDRAWN")
        return (await client.refund(refund)).outcome is not Outcome.UNCLEAR


class WalletRefundStatus(Wallet):
    name = "csc.bridge.refund_status"
    policies = (bridge.REFUND_STATUS,)

    async def number(self, client: CscBridge, refund: Refund) -> str:
        return (await client.refund(refund)).reference

    async def ask(self, client: CscBridge, number: int) -> Any:
        del number
        return await client.refund_status(self.reference, self.receipt.grn, str(self.site.pools[self.name][3]))


class WalletReconciled(Wallet):
    name = "csc.bridge.recon_log"
    policies = (bridge.RECON_LOG,)

    async def ask(self, client: CscBridge, number: int) -> Any:
        del number
        await client.log_reconciled(self.reference, self.receipt, CSC_ID, "50.00")
        return "logged"


def challan(reference: str) -> Challan:
    """A payment of fifty rupees."""
    today = date(2026, 4, 1)
    heads = (("007060800010000", 5000),)
    return Challan(reference, "ES09", heads, "S. Devi", None, (today, date(2027, 3, 31)), f"{BROWSER}/hooks/treasury")


def payment(reference: str, paise: int) -> WalletPayment:
    """A payment out of the wallet of an operator of the demo."""
    back = f"{BROWSER}/hooks/csc"
    return WalletPayment(reference, SystemClock().now(), "Income Certificate", paise, CSC_ID, back, back)


FEES: tuple[type[Adapter], ...] = (
    TreasuryVerify,
    TreasuryScroll,
    Wallet,
    WalletReverse,
    WalletRefund,
    WalletRefundStatus,
    WalletReconciled,
)
"""Every call by which fees are paid."""

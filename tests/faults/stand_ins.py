"""Calls of clients that tests put stand-ins in the place of, beside those that the fault matrix asks.

Each is asked of the client over the sandbox and of the stand-in. What it asserts holds for both; what it gives is
compared.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from domain.kernel import SystemClock, ist_date
from integrations.calling.errors import Refused
from integrations.dbt_finance import BillReference, DbtFinance, Payee, PaymentInstruction
from integrations.digilocker import DigiLocker
from integrations.etaal import Batch, EtaalPush, ServiceCount
from integrations.whatsapp import Text, WhatsApp
from tests.faults.adapters import PushCounts
from tests.faults.base import VERIFIER, asked_for, callback_of
from tests.faults.benefits import Instruct, PaymentStatuses, Treasury
from tests.faults.lockers import LockerRefresh
from tests.faults.people import (
    CscExchange,
    JanParichayExchange,
    MeriPehchaanExchange,
    ParichayExchange,
    SignIn,
)
from tests.faults.whatsapp import WhatsAppCall
from tests.support.sign_in import FakeProvider


@dataclass(frozen=True)
class Same:
    """A part of an answer that is the same at both, not only of the same kind."""

    value: Any


BACK = "http://gateway.test/signed-out"
DAY = date(2026, 11, 24)
PAYEE = Payee("E-1", "Kamla Bisht", "50100012345600", "SBIN0000630", 150_000)
ORDER = PaymentInstruction("B-twice", DAY, "uk-widow-pension", "Pension", (PAYEE,))
PAID = BillReference(f"UKB{PaymentStatuses.payments[0]}", date(2026, 6, 1), f"UKE{PaymentStatuses.payments[0]}")
"""A bill of the demo."""
UNKNOWN = replace(PAID, bill_number="UKB1", end_to_end_id="UKE1")
"""A bill that nobody sent."""


class WholeSignIn(SignIn):
    """Sign-in from its address to its end: where the browser is sent, who came, that a code is good once."""

    async def ask(self, client: Any, number: int) -> Any:
        sent_to = parse_qs(urlsplit(await client.authorize_url(**asked_for(self.slug))).query)
        stands_in = isinstance(client, FakeProvider)
        code = client.vouch("DL-1") if stands_in else self.site.pools[self.name].pop()
        given = {"code_verifier": VERIFIER, "redirect_uri": callback_of(self.slug), "nonce": "n-1"}
        identity = await client.exchange(code=code, **given)
        with pytest.raises(Refused) as again:
            await client.exchange(code=code, **given)
        assert again.value.source is self.source
        assert identity.provider is client.provider
        await client.revoke("a token of nobody")
        left = client.sign_out_url(BACK)
        return (
            identity,
            Same({name: sent_to[name] for name in ("state", "redirect_uri")}),
            Same((client.returns_after_sign_out, left is None, BACK in unquote(left or ""))),
        )


class CitizenSignIn(WholeSignIn, MeriPehchaanExchange):
    pass


class JanParichaySignIn(WholeSignIn, JanParichayExchange):
    pass


class OfficerSignIn(WholeSignIn, ParichayExchange):
    pass


class OperatorSignIn(WholeSignIn, CscExchange):
    pass


class RenewedTokens(LockerRefresh):
    """A refresh token is good once, and what came for it is good next."""

    name = "digilocker.refresh, twice"

    async def ask(self, client: DigiLocker, number: int) -> Any:
        known = getattr(client, "good", None)
        kept = {"refresh_token": known, "digilockerid": None} if known else self.site.pools[self.name].pop()
        answer = await client.refresh(kept["refresh_token"], kept["digilockerid"])
        with pytest.raises(Refused) as again:
            await client.refresh(kept["refresh_token"], kept["digilockerid"])
        await client.refresh(answer.refresh_token, answer.locker_id)
        return answer, Same((again.value.source, again.value.code))


class OrderAndReceipt(Instruct):
    """An order that comes a second time is known there, and of one that waits for approval nothing is told."""

    async def ask(self, client: DbtFinance, number: int) -> Any:
        first, second = [await client.instruct(ORDER) for _ in range(2)]
        waits = await client.confirm(BillReference(ORDER.bill_number, DAY, PAYEE.end_to_end_id))
        return first, Same((first.outcome, second.outcome, waits))


class Confirmation(Treasury):
    """What the treasury says of a bill that it paid, and of one that nobody sent."""

    name = "dbt_finance.confirm"

    async def ask(self, client: DbtFinance, number: int) -> Any:
        receipt = await client.confirm(PAID)
        assert receipt is not None
        return receipt, Same((receipt.bill_number, receipt.outcome)), await client.confirm(UNKNOWN)


class CountsOfADay(PushCounts):
    async def ask(self, client: EtaalPush, number: int) -> Any:
        good, unknown = (ServiceCount(code, "53", "A", "SELF", 300) for code in ("UK0517", "LOCAL-1"))
        receipt = await client.push(Batch(ist_date(SystemClock().now()), 1, (good, unknown)))
        return receipt, Same((receipt.received, receipt.rejected))


class ConversationLine(WhatsAppCall):
    """A line of a conversation that its reader began, and its id."""

    name = "whatsapp.send"

    async def ask(self, client: WhatsApp, number: int) -> Any:
        await self.site.city.sandboxes["whatsapp"].act("say", {"mobile": "9800000000", "text": "hello"})
        return await client.send("9800000000", Text("hello"))

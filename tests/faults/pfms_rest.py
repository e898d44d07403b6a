"""The calls of the exchange of files with PFMS over REST that the fault matrix asks."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from domain.kernel import Source
from integrations.dbt_finance.pfms import rest
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.settings import RestSettings
from tests.faults.base import NOT_SIGNED, ONE_RECORD, UNSIGNED_RECORD, Adapter
from tests.faults.site import Line

CONTENT = b"<DbtPayment/>" * 400
RENEWED = "it is renewed within the call, which tests/integrations/dbt_finance/pfms/test_rest.py shows"
ANSWER = "0905DBTPAYREQ241120261_24112026113000.xml"


class RestToken(Adapter):
    """The token, which every other call has beforehand, so that it meets its own faults."""

    name, system, source = "pfms.rest_token", "pfms", Source.PFMS
    policies = (rest.TOKEN,)
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        **UNSIGNED_RECORD,
        "owner": "a token is nobody's",
    }

    def client(self, line: Line) -> RestExchange:
        return RestExchange(line.remote, RestSettings.from_onboarding(self.site.onboarding))

    async def ask(self, client: RestExchange, number: int) -> Any:
        del number
        assert await client._tokens._current()
        return "a token"


class RestCall(RestToken):
    """A call with a token that was got while the system was well."""

    token: ClassVar[Mapping[str, str]] = {"token": RENEWED}

    @property
    def files(self) -> Any:
        """What lies at PFMS."""
        return self.site.city.sandboxes["pfms"].services[0]._door.files  # type: ignore[attr-defined]

    async def prepare(self) -> None:
        async with self.line() as line:
            exchange = super().client(line)
            await exchange._tokens._current()
            self.site.pools["pfms.token"] = [exchange._tokens]

    def client(self, line: Line) -> RestExchange:
        exchange, (had,) = super().client(line), self.site.pools["pfms.token"]
        exchange._tokens._kept, exchange._tokens._ends_at = had._kept, line.clock.monotonic() + 600
        return exchange


class RestSend(RestCall):
    name = "pfms.rest_send"
    policies = (rest.SEND, rest.SENT)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {**RestCall.token, "signature": NOT_SIGNED} | dict.fromkeys(
        ("parts", "pages"), ONE_RECORD
    )

    async def ask(self, client: RestExchange, number: int) -> Any:
        del number
        name = f"0905DBTPAYREQ24112026{secrets.randbelow(900_000) + 100_000}.xml"
        await client.send(FileKind.PAYMENTS, name, CONTENT)
        assert self.files.get(f"/out/payment-request/{name}") == CONTENT
        return "sent"


class RestSent(RestSend):
    """The enquiry about a request that lies there."""

    name = "pfms.rest_sent"
    policies = (rest.SENT,)

    async def prepare(self) -> None:
        await super().prepare()
        self.files.put("/archive/payment-request/0905DBTPAYREQ241120261.xml", CONTENT)

    async def ask(self, client: RestExchange, number: int) -> Any:
        del number
        assert await client.is_sent(FileKind.PAYMENTS, "0905DBTPAYREQ241120261.xml")
        return "found"


class RestList(RestCall):
    name = "pfms.rest_list"
    policies = (rest.LIST,)
    tells = frozenset({"body", "parts", "pages"})
    why_not: ClassVar[Mapping[str, str]] = {
        **RestCall.token,
        "signature": NOT_SIGNED,
        "owner": "a list holds names of files alone",
    }

    async def prepare(self) -> None:
        await super().prepare()
        for kind in ("payment-ack", "bank-status"):
            self.files.put(f"/in/{kind}/{ANSWER}", CONTENT)

    async def ask(self, client: RestExchange, number: int) -> Any:
        del number
        return await client.list_incoming()


class RestFetch(RestList):
    name = "pfms.rest_fetch"
    policies = (rest.FETCH,)
    tells = frozenset({"body", "signature"})
    why_not: ClassVar[Mapping[str, str]] = {
        **RestCall.token,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
        "owner": "whose a file is, its own signature and batch say",
    }

    async def ask(self, client: RestExchange, number: int) -> Any:
        del number
        return await client.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER)


class RestMove(RestCall):
    name = "pfms.rest_move"
    policies = (rest.MOVE,)
    tells = RestSend.tells
    why_not: ClassVar[Mapping[str, str]] = RestSend.why_not

    async def ask(self, client: RestExchange, number: int) -> Any:
        name = f"0905DBTPAYREQ241120261_{secrets.randbelow(9 * 10**13) + 10**13}.xml"
        self.files.put(f"/in/payment-ack/{name}", CONTENT)
        if number % 2:
            await client.archive(FileKind.ACKNOWLEDGEMENTS, name)
        else:
            await client.refuse(FileKind.ACKNOWLEDGEMENTS, name, "WRONG_TOTAL")
        assert self.files.get(f"/{'archive' if number % 2 else 'failed'}/payment-ack/{name}") == CONTENT
        return "put away"


PFMS_REST: tuple[type[Adapter], ...] = (RestToken, RestSend, RestSent, RestList, RestFetch, RestMove)
"""Every call of the exchange over REST."""

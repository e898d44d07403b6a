"""A file of PFMS whose download breaks off is asked for anew, whole; what came of it is never read as the file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.kernel import Source
from integrations.calling.errors import Garbled, RemoteError, Unavailable
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.settings import RestSettings
from tests.support.pfms import Pfms
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration
ANSWER = "0905DBTPAYREQ241120261_24112026113000.xml"
CONTENT = b"".join(b"<TxInf>%d</TxInf>" % number for number in range(400_000))
"""Some eight megabytes, in which no two places are alike."""


class Cutting:
    """Breaks answers with a file off in their middle, as often as told: as a lost line does, or as a wrong proxy does.

    `LENGTH`: the head told how much was to come. `CHUNKS`: it came in chunks, and the last one never did. `SHORT`: it
    ended as if it were whole.
    """

    def __init__(self, app: ASGIApp, how: str, times: int) -> None:
        self._app, self._how, self._left = app, how, times
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].endswith(ANSWER):
            await self._app(scope, receive, send)
            return
        self.asked += 1
        if not self._left:
            await self._app(scope, receive, send)
            return
        self._left -= 1

        async def cut(message: Message) -> None:
            if message["type"] == "http.response.start":
                if self._how != "LENGTH":
                    heads = [each for each in message["headers"] if each[0] != b"content-length"]
                    message = {**message, "headers": heads}
                await send(message)
                return
            half = message["body"][: len(message["body"]) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": self._how != "SHORT"})
            if self._how != "SHORT":
                raise ConnectionAbortedError

        await self._app(scope, receive, cut)


@asynccontextmanager
async def exchange_over(pfms: Pfms, app: ASGIApp) -> AsyncIterator[RestExchange]:
    shared = shared_resilience(pfms.clock)
    own = RestSettings.from_onboarding(pfms.given)
    async with served(app) as url, Transports(shared.clock, demo=True).client_for([url]) as client:
        yield RestExchange(Remote(Source.PFMS, url, client=client, shared=shared), own)


@pytest.fixture
def ready(pfms: Pfms) -> Pfms:
    pfms.sandbox.services[0]._door.files.put(f"/in/payment-ack/{ANSWER}", CONTENT)  # type: ignore[attr-defined]
    return pfms


@pytest.mark.parametrize("how", ["LENGTH", "CHUNKS"])
async def test_a_download_that_broke_off_is_repeated_whole(ready: Pfms, how: str) -> None:
    line = Cutting(ready.sandbox.app, how, 1)
    async with exchange_over(ready, line) as exchange:
        assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER) == CONTENT
    assert line.asked == 2


@pytest.mark.parametrize(("how", "error"), [("LENGTH", Unavailable), ("CHUNKS", Unavailable), ("SHORT", Garbled)])
async def test_a_download_that_always_breaks_off_is_no_file_and_a_later_one_is(
    ready: Pfms, how: str, error: type[RemoteError]
) -> None:
    line = Cutting(ready.sandbox.app, how, 1_000)
    async with exchange_over(ready, line) as exchange:
        with pytest.raises(error):
            await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER)
    async with exchange_over(ready, ready.sandbox.app) as exchange:
        assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER) == CONTENT

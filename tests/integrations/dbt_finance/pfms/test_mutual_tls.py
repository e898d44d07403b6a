"""The exchange over REST where PFMS wants a certificate of ours, and is trusted by the authority that we name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from domain.kernel import Source, SystemClock
from integrations.calling.errors import CertificateNotTaken, NeverSent, Unavailable
from integrations.calling.guarded_calls import Resilience
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.settings import RestSettings
from integrations.tls_files import TlsFiles, Unfit
from sandbox.city.proxy import bind_loopback
from sandbox.city.tls import DEMANDS, Certificates, TlsFront, new_authority
from tests.support.pfms import Pfms
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration
NAME = "0905DBTPAYREQ241120261.xml"
CONTENT = b"<DbtPayment/>" * 5000
DAY = timedelta(days=1)


@dataclass
class Site:
    """PFMS behind a TLS port that wants a certificate, and the files of whoever calls."""

    pfms: Pfms
    url: str
    folder: Path
    authority: dict[str, str]
    certificates: Certificates
    now: datetime

    def caller(self, *, begins: timedelta = -DAY, ends: timedelta = 90 * DAY, own: bool = False) -> TlsFiles:
        """The files of a caller: her certificate, its key, and the city's authority."""
        texts = self.certificates.of_caller("apuni", self.now + begins, self.now + ends, own=own)
        files = [self.folder / name for name in ("client.pem", "client.key", "ca.pem")]
        for file, text in zip(files, (*texts, self.authority["certificate"]), strict=True):
            file.write_text(text)
        return TlsFiles(*files)

    @asynccontextmanager
    async def by(self, tls: TlsFiles, shared: Resilience) -> AsyncIterator[RestExchange]:
        """Our client with these files."""
        context = tls.context(self.now, "pfms")
        assert context is not None
        settings = RestSettings.from_onboarding(self.pfms.given)
        async with Transports(shared.clock, demo=True, own_tls={self.url: context}).client_for([self.url]) as client:
            yield RestExchange(Remote(Source.PFMS, self.url, client=client, shared=shared), settings)


@pytest.fixture
async def site(pfms: Pfms, tmp_path: Path) -> AsyncIterator[Site]:
    now = SystemClock().now()
    authority = new_authority(now)
    certificates = Certificates(authority, now)
    async with served(pfms.sandbox.app) as plain:
        front = TlsFront(pfms.sandbox.faults, certificates, urlsplit(plain).port or 0)
        place = bind_loopback(0)
        port = place.getsockname()[1]
        await front.start(place)
        pfms.faults({"kind": "tls", "params": {"trouble": DEMANDS}})
        yield Site(pfms, f"https://localhost:{port}", tmp_path, authority, certificates, now)
        await front.stop()


@pytest.fixture
def shared(pfms: Pfms) -> Resilience:
    return shared_resilience(pfms.clock)


async def test_with_the_certificate_that_pfms_wants_files_go_both_ways_whole(site: Site, shared: Resilience) -> None:
    answer = "0905DBTPAYREQ241120261_24112026113000.xml"
    files = site.pfms.sandbox.services[0]._door.files  # type: ignore[attr-defined]
    files.put(f"/in/payment-ack/{answer}", CONTENT)
    async with site.by(site.caller(), shared) as exchange:
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
        assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, answer) == CONTENT
    assert files.get(f"/out/payment-request/{NAME}") == CONTENT


@pytest.mark.parametrize("shown", ["none", "of another authority", "expired"])
async def test_a_certificate_that_pfms_does_not_take_is_told_alarms_and_opens_the_breaker(
    site: Site, shared: Resilience, shown: str
) -> None:
    told: list[tuple[Source, str]] = []
    shared.monitor._observer = lambda source, _policy, outcome, _seconds: told.append((source, outcome))
    tls = site.caller(own=shown == "of another authority")
    if shown == "none":
        tls = TlsFiles(authorities=tls.authorities)
    elif shown == "expired":
        tls = site.caller(begins=-9 * DAY, ends=-DAY)
    async with site.by(tls, shared) as exchange:
        with pytest.raises(CertificateNotTaken, match="certificate_refused"):
            await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
        assert told.count((Source.PFMS, "not_let_in")) == 1, "asking again helps nothing"
        said = [await outcome(exchange) for _ in range(30)]
    assert said[0] == "certificate_refused"
    assert said[-1] == "circuit_open"
    assert site.pfms.sandbox.ledger.entries() == [], "PFMS was asked nothing"


async def outcome(exchange: RestExchange) -> str:
    with pytest.raises(Unavailable) as told:
        await exchange.list_incoming()
    return told.value.code


async def test_a_host_with_a_certificate_of_another_authority_is_sent_nothing(site: Site, shared: Resilience) -> None:
    tls = site.caller()
    assert tls.authorities is not None
    tls.authorities.write_text(new_authority(site.now)["certificate"])
    async with site.by(tls, shared) as exchange:
        with pytest.raises(NeverSent, match="server_not_trusted"):
            await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    assert site.pfms.sandbox.ledger.entries() == []


async def test_one_named_certificate_pins_the_host_itself(site: Site, shared: Resilience) -> None:
    """Named alone, without the authority that gave it out: another of the same authority is not trusted."""
    tls = site.caller()
    assert tls.authorities is not None
    place = urlsplit(site.url)
    tls.authorities.write_text(await asyncio.to_thread(ssl.get_server_certificate, (place.hostname, place.port)))
    async with site.by(tls, shared) as exchange:
        assert await exchange.list_incoming() == []
    site.pfms.faults()
    async with site.by(tls, shared) as exchange:
        with pytest.raises(Unavailable, match="server_not_trusted"):
            await exchange.list_incoming()


async def test_a_host_whose_certificate_is_wrong_in_itself_is_not_trusted(site: Site) -> None:
    tls = site.caller()
    assert tls.authorities is not None
    for trouble in ("self_signed", "expired", "wrong_name"):
        site.pfms.faults({"kind": "tls", "params": {"trouble": trouble}})
        async with site.by(tls, shared_resilience(site.pfms.clock)) as exchange:
            with pytest.raises(Unavailable, match="server_not_trusted"):
                await exchange.list_incoming()


@pytest.mark.parametrize("path", ["", "/second"])
async def test_a_connection_is_found_reachable_only_with_the_named_authority(
    site: Site, shared: Resilience, path: str
) -> None:
    context = site.caller().context(site.now, "pfms")
    assert context is not None
    assert await Transports(shared.clock, demo=True, own_tls={site.url: context}).is_reachable(site.url + path, 5)
    assert not await Transports(shared.clock, demo=True).is_reachable(site.url, 5)


def test_files_that_cannot_serve_are_told_apart_at_the_start(site: Site) -> None:
    good = site.caller()
    assert good.certificate is not None
    assert good.key is not None
    assert good.context(site.now, "pfms") is not None
    assert (good.ends_at() or site.now) > site.now + 89 * DAY
    assert TlsFiles().context(site.now, "pfms") is None
    absent, empty = site.folder / "absent.pem", site.folder / "empty.pem"
    empty.write_text("no PEM")
    stranger = site.folder / "stranger.key"
    stranger.write_text(site.certificates.of_caller("other", site.now, site.now + DAY)[1])
    for tls, at, why in (
        (TlsFiles(certificate=good.certificate), site.now, "go together"),
        (TlsFiles(key=good.key), site.now, "go together"),
        (TlsFiles(absent, good.key), site.now, "client certificate cannot be read"),
        (TlsFiles(empty, good.key), site.now, "client certificate holds no certificate"),
        (TlsFiles(good.certificate, absent), site.now, "key of the client certificate cannot be read"),
        (TlsFiles(good.certificate, empty), site.now, "holds no key that can be used"),
        (TlsFiles(good.certificate, stranger), site.now, "not that of the client certificate"),
        (good, site.now - 2 * DAY, "not valid yet"),
        (TlsFiles(authorities=absent), site.now, "trusted authorities cannot be read"),
        (TlsFiles(authorities=empty), site.now, "trusted authorities holds no certificate"),
    ):
        with pytest.raises(Unfit, match=why):
            tls.context(at, "pfms")

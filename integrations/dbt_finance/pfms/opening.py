"""Opens the file exchange with PFMS over the transport in the settings."""

from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from domain.payments.files import AnswersSigned, Transport
from integrations.calling.opening import Clients, Opening, UnfitSettings
from integrations.dbt_finance.pfms.exchange import FileExchange
from integrations.dbt_finance.pfms.models import PfmsIdentity
from integrations.dbt_finance.pfms.papers import PfmsPapers
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.settings import RestSettings, SftpSettings
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange

SSH_PORT = 22


class Options(Protocol):
    """What the settings say about PFMS besides its address."""

    transport: Transport
    former_url: str | None
    answers_signed: AnswersSigned


@dataclass(frozen=True, slots=True)
class Pfms:
    """The exchange of files with PFMS, who we are there, and what we sign with."""

    exchange: FileExchange
    way: Transport
    identity: PfmsIdentity
    papers: PfmsPapers
    """With what our files are signed, and whose signatures count in answers."""
    former: FileExchange | None = None
    """The way that was used before, for what has gone by it; None where it is not connected."""

    @property
    def exchanges(self) -> tuple[FileExchange, ...]:
        """Every way that is connected, the present one first."""
        return (self.exchange,) if self.former is None else (self.exchange, self.former)

    def exchange_via(self, way: Transport | None) -> FileExchange | None:
        """The exchange by a way, the present one where nobody noted which; None where it is not connected."""
        return self.exchange if way in {None, self.way} else self.former

    def agency_name(self, code: str) -> str:
        known = (self.identity.agency, *self.identity.agencies.values())
        return next((each.name for each in known if each.code == code), self.identity.agency.name)


async def open_clients(opening: Opening) -> Clients:
    """The exchange, the one that was used before, who we are there, and our papers."""
    options: Options = opening.options
    transport, former = options.transport, options.former_url
    # The demo's city is there by both ways: its address by REST, its port of SFTP in what onboarding handed over.
    if opening.address is not None and not _fits(opening.address, transport):
        wrong = "one of sftp" if transport is Transport.REST else "not one of sftp"
        named = opening.variable("pfms", "transport")
        raise UnfitSettings(f"{named} is {transport.value}, but the address of pfms is {wrong}")
    if former is not None and not _fits(former, transport.other):
        raise UnfitSettings(f"{opening.variable('pfms', 'former_url')} is no address of {transport.other.value}")
    papers = opening.read_onboarding(PfmsPapers.from_onboarding)
    connected = Pfms(
        exchange=await _open_exchange(opening, transport, opening.address),
        way=transport,
        former=await _open_exchange(opening, transport.other, former) if former else None,
        identity=opening.read_onboarding(PfmsIdentity.from_onboarding),
        papers=replace(papers, answers_signed=options.answers_signed),
    )
    return {"pfms": connected}


async def _open_exchange(opening: Opening, transport: Transport, address: str | None) -> FileExchange:
    """The exchange by a way at an address; where none is named, in the demo, at the city's."""
    if transport is Transport.REST:
        settings = opening.read_onboarding(RestSettings.from_onboarding)
        return RestExchange(await opening.remote(address), settings)
    parts = urlsplit(address or "")
    named = {"host": parts.hostname, "port": parts.port or SSH_PORT} if address else {}
    own = opening.read_onboarding(lambda given: SftpSettings.from_onboarding({**given, **named}))
    exchange = SftpExchange(own, opening.resilience, opening.checked_addresses(own.host, own.port))
    opening.on_close(exchange.aclose)
    return exchange


def _fits(address: str, transport: Transport) -> bool:
    return address.startswith("sftp:") is (transport is Transport.SFTP)

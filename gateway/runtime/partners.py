"""Builds the client of every outside system from the settings."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from operator import methodcaller
from typing import Any, TypeVar

from actions.kernel import Partners
from domain.kernel import Clock, Ids, Source
from gateway.runtime.runfiles import NotUp
from gateway.runtime.scanning import scanner_of
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings, SettingsRefused, variable
from integrations.calling.errors import NeverSent
from integrations.calling.opening import UnfitSettings
from integrations.calling.remote import Remote, Resilience
from integrations.calling.ssrf_guard import SsrfGuard
from integrations.calling.transport import RecentProbe, Transports
from integrations.connectors import Connector, Connectors, Secrets
from integrations.registry import OUTSIDE_SYSTEMS, Need, OutsideSystems, System
from integrations.tls_files import TlsFiles, Unfit

T = TypeVar("T")


def read_onboarding(settings: Settings, system: str, read: Callable[[dict[str, Any]], T]) -> T:
    """What `read` makes of a system's onboarding; raises SettingsRefused where a part is missing or spoilt, NotUp."""
    try:
        return read(settings.partner(system).onboarding())
    except OSError as error:
        raise SettingsRefused([f"the onboarding file of {system} cannot be read ({error.strerror})"]) from None
    except KeyError as missing:
        raise SettingsRefused([f"the onboarding of {system} lacks {missing}"]) from None
    except (ValueError, TypeError, AttributeError):
        raise SettingsRefused([f"the onboarding of {system} is not as its contract says"]) from None


def make_transports(settings: Settings, clock: Clock) -> Transports:
    """How this process reaches outside systems. Raises SettingsRefused where what TLS needs cannot serve."""
    return Transports(
        clock,
        kind=settings.http_transport,
        demo=settings.takes_sandboxes,
        own_tls=_own_tls(settings, clock),
        state_networks=tuple(settings.state_networks),
    )


def pfms_tls(settings: Settings) -> TlsFiles:
    """The files for the TLS of PFMS over REST."""
    way, own = settings.pfms, settings.partners.get("pfms")
    return TlsFiles(way.client_certificate_file, way.client_key_file, way.ca_file or (own.ca_file if own else None))


def _own_tls(settings: Settings, clock: Clock) -> dict[str, ssl.SSLContext]:
    """The TLS of PFMS over REST and of systems with files of their own, by each address that they may have."""
    files = {
        name: TlsFiles(each.certificate_file, each.key_file, each.ca_file) for name, each in settings.partners.items()
    }
    known = {name: [each.base_url] for name, each in settings.partners.items()}
    files["pfms"] = pfms_tls(settings)
    known["pfms"] = [url for url in (*known.get("pfms", ()), settings.pfms.former_url) if url is not None]
    found: dict[str, ssl.SSLContext] = {}
    for name, tls in files.items():
        try:
            context = tls.context(clock.now(), name)
        except Unfit as error:
            raise SettingsRefused([f"the TLS of {name}: {error}"]) from None
        if context is not None:
            found |= dict.fromkeys(known[name], context)
    return found


@dataclass(frozen=True)
class _ClientOpener:
    """What one system's folder opens its clients with (integrations/calling/opening.py)."""

    system: System
    settings: Settings
    lines: Transports
    resilience: Resilience
    ids: Ids
    stack: AsyncExitStack

    @property
    def clock(self) -> Clock:
        return self.resilience.clock

    @property
    def _partner(self) -> Partner:
        return self.settings.partner(self.system.name)

    @property
    def options(self) -> Any:
        return getattr(self.settings, self.system.name) if self.system.name in Settings.model_fields else None

    @property
    def address(self) -> str | None:
        own = self.settings.partners.get(self.system.name)
        return own.base_url if own else None

    @property
    def browser_url(self) -> str:
        return self._partner.browser_url or self._partner.base_url

    def variable(self, *path: str) -> str:
        return variable(*path)

    def read_onboarding(self, read: Callable[[dict[str, Any]], T]) -> T:
        return read_onboarding(self.settings, self.system.name, read)

    def read_onboarding_again(self, read: Callable[[dict[str, Any]], T]) -> T | None:
        try:
            return self.read_onboarding(read)
        except (SettingsRefused, NotUp):
            return None

    async def remote(self, address: str | None = None, *, http2: ssl.SSLContext | None = None) -> Remote:
        base_url = address or self._partner.base_url
        client = await self.stack.enter_async_context(self.lines.client_for([base_url], http2=http2))
        probe = RecentProbe(self.lines, base_url) if self.system.probed else None
        return Remote(self.system.source, base_url, client=client, shared=self.resilience, probe=probe)

    async def remote_of(self, name: str) -> Remote | None:
        given = self.read_onboarding(lambda known: str(known.get(name) or ""))
        if not given:
            return None
        return await self.remote(self._partner.base_url.rstrip("/") + given if given.startswith("/") else given)

    def checked_addresses(self, host: str, port: int) -> Callable[[str, int], Awaitable[Sequence[str]]]:
        """The guard's checked addresses; the guard knows hosts by a URL."""
        named = f"[{host}]" if ":" in host else host
        return SsrfGuard([f"https://{named}:{port}"], clock=self.clock, demo=self.settings.takes_sandboxes).addresses

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        self.stack.push_async_callback(close)


def is_connected(settings: Settings, system: System, registry: OutsideSystems = OUTSIDE_SYSTEMS) -> bool:
    """Whether these settings connect this gateway with a system: it is set, or sandboxes are used."""
    if system.need is not Need.OPTIONAL:
        return system.need in {Need.REQUIRED, Need.ALWAYS}
    if system.name in settings.partners or not settings.takes_sandboxes:
        return system.name in settings.partners
    return not settings.partners.keys() >= set(registry.required)


def connected_systems(settings: Settings, registry: OutsideSystems = OUTSIDE_SYSTEMS) -> list[System]:
    """The systems that these settings connect this gateway with."""
    return [system for system in registry if is_connected(settings, system, registry)]


def connected_sources(settings: Settings, registry: OutsideSystems = OUTSIDE_SYSTEMS) -> frozenset[Source]:
    """What these systems answer as; whether one whose addresses are rows of the store is there, the store says."""
    systems = connected_systems(settings, registry)
    return frozenset(system.source for system in systems if system.need is not Need.ALWAYS)


def addresses(settings: Settings, registry: OutsideSystems = OUTSIDE_SYSTEMS) -> dict[Source, list[str]]:
    """Where systems are tried before they are asked. Not among them is one that only asks us."""
    tried: dict[Source, list[str]] = {}
    for system in connected_systems(settings, registry):
        if system.asked_with and not read_onboarding(settings, system.name, methodcaller("get", system.asked_with)):
            continue
        if system.probed:
            tried.setdefault(system.source, []).append(settings.partner(system.name).base_url)
    return tried


@asynccontextmanager
async def open_clients(
    settings: Settings, resilience: Resilience, ids: Ids, registry: OutsideSystems = OUTSIDE_SYSTEMS
) -> AsyncIterator[dict[str, Any]]:
    """The clients of all systems, by the names that their folders gave them.

    Raises SettingsRefused or NotUp where a system's settings are missing.
    """
    lines = make_transports(settings, resilience.clock)
    clients: dict[str, Any] = {"identity": {}}
    async with AsyncExitStack() as stack:
        for system in connected_systems(settings, registry):
            try:
                opened = await system.open_clients(_ClientOpener(system, settings, lines, resilience, ids, stack))
            except UnfitSettings as unfit:
                raise SettingsRefused([str(unfit)]) from None
            clients |= {**opened, "identity": clients["identity"] | opened.get("identity", {})}
        yield {**clients, "connectors": _connectors(settings, lines, resilience, ids, stack)}


def _connectors(
    settings: Settings, lines: Transports, resilience: Resilience, ids: Ids, stack: AsyncExitStack
) -> Connectors:
    """The clients of systems that joined by a file, each opened when its file is first used.

    A setting replaces the address of the file (`APUNI_PARTNERS__<NAME>`), and brings the secrets; in demo and staging
    the sandbox of the city does.
    """

    def partner(connector: Connector) -> Partner | None:
        try:
            return settings.partner(connector.name)
        except (SettingsRefused, NotUp):
            return None

    def open_remote(connector: Connector) -> Remote:
        own = partner(connector)
        base_url = own.base_url if own else connector.address.origins["production"]
        if own is None and settings.takes_sandboxes:
            raise NeverSent(connector.source, "no_sandbox")
        client = lines.client_for([base_url], on_state_network=connector.address.on_state_network)
        stack.push_async_callback(client.aclose)
        return Remote(connector.source, base_url, client=client, shared=resilience)

    def secrets_of(connector: Connector) -> Secrets:
        own = partner(connector)
        try:
            return own.onboarding() if own else {}
        except (OSError, ValueError):
            return {}

    return Connectors(open_remote, secrets_of, ids)


@asynccontextmanager
async def open_partners(
    settings: Settings, resilience: Resilience, ids: Ids, registry: OutsideSystems = OUTSIDE_SYSTEMS
) -> AsyncIterator[Partners]:
    """What verbs ask outside systems with. Raises as `open_clients` does."""
    offers = settings.sign_on.rules().offers
    own = {field.name for field in fields(Partners)}
    async with open_clients(settings, resilience, ids, registry) as clients:
        identity = {provider: each for provider, each in clients.pop("identity").items() if offers(provider)}
        yield Partners(
            **{name: client for name, client in clients.items() if name in own},
            identity=identity,
            others={name: client for name, client in clients.items() if name not in own},
            scanner=scanner_of(settings.scanner),
            forget_citizen=resilience.kept.forget_citizen,
        )

"""Checks of each outside system: whether it is reached from here, and until when its certificate and ours are good."""

import ssl
from operator import methodcaller

from domain.kernel import Clock, CommandFailed
from gateway.installation.checks import Finding, Look, State
from gateway.installation.logins import findings_of_login
from gateway.installation.machine import end_of_certificate
from gateway.runtime.partners import connected_systems, make_transports, read_onboarding
from gateway.settings.settings import Settings, variable
from integrations.calling.ssrf_guard import NotAllowed
from integrations.calling.transport import Transports
from integrations.registry import Need, System
from integrations.tls_files import TlsFiles, Unfit

ONLY_ASKS_US = "it only asks us"


def checks_of_systems(settings: Settings, clock: Clock, seconds: float) -> list[tuple[str, Look]]:
    """A check for each outside system that is connected and has an address in the settings."""
    try:
        lines = make_transports(settings, clock)
    except CommandFailed as unfit:
        return [("partners", _constant_look([Finding("partners", State.FAULT, line) for line in unfit.reasons]))]
    systems = [each for each in connected_systems(settings) if each.need is not Need.ALWAYS]
    return [(each.name, _look_at(settings, each, lines, seconds, clock)) for each in systems]


def _constant_look(findings: list[Finding]) -> Look:
    async def look() -> list[Finding]:
        return findings

    return look


def _look_at(settings: Settings, system: System, lines: Transports, seconds: float, clock: Clock) -> Look:
    async def look() -> list[Finding]:
        name, asked_with = system.name, system.asked_with
        if asked_with is not None and not read_onboarding(settings, name, methodcaller("get", asked_with)):
            return [Finding(name, State.OK, ONLY_ASKS_US)]
        partner = settings.partner(name)
        own = TlsFiles(partner.certificate_file, partner.key_file, partner.ca_file)
        try:
            own_end = own.ends_at()
        except Unfit as error:
            return [Finding(name, State.FAULT, str(error), f"see {variable('partners', name, 'certificate_file')}")]
        ours = [] if own_end is None else [end_of_certificate(name, "our client certificate", own_end.timestamp())]
        if partner.base_url.startswith(("smtp:", "sftp:")):  # these are spoken to, which HTTP's way does not reach
            return [*ours, *await findings_of_login(settings, system, clock)]
        return [*ours, await _finding_at(name, partner.base_url, lines, seconds)]

    return look


async def _finding_at(name: str, address: str, lines: Transports, seconds: float) -> Finding:
    try:
        ends_at = await lines.certificate_end(address, seconds)
    except ssl.SSLCertVerificationError as error:
        remedy = f"ask {name} for another, or name its authority in {variable('partners', name, 'ca_file')}"
        return Finding(name, State.FAULT, f"{address}: its certificate is refused ({error.verify_message})", remedy)
    except (OSError, TimeoutError) as error:
        why = str(error) if isinstance(error, NotAllowed) else type(error).__name__
        remedy = f"see the firewall, the name service and {variable('partners', name, 'base_url')}"
        return Finding(name, State.FAULT, f"{address} takes no connection ({why})", remedy)
    if ends_at is None:
        return Finding(name, State.OK, f"{address} takes connections")
    return end_of_certificate(name, address, ends_at)

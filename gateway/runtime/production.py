"""Refuses settings and partners of a demo in production, and what is unfit to serve in staging too (ADR 0036)."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from actions.kernel import Environment
from domain.platform.alarms import PRESENT_SECONDS
from gateway.runtime.bounds import broken_bounds, is_public
from gateway.runtime.heartbeat import BEAT_SECONDS
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings, SettingsRefused, variable
from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from states.lint import certificate_faults, font_faults, message_faults
from states.message_texts import message_texts
from store.platform import alarms

SAMPLE_KEY = "d6c001a8086f7c085c6a60654e45fbc75384c7357e3d043a12784b21e34a98f1"
"""SHA-256 of docs/partners/umang/keys/test_only_public_key.pem without its white space."""
SAMPLE_MARKS = ("test-only", "sample-token-", "sample-secret-")
"""What the keys, passwords, tokens and secrets of the samples in docs/partners contain."""
_LATE_SECONDS = 2.0
"""How late a beat of another process may be."""
_OF_SANDBOXES = ("sandbox-", "http://127.0.0.1", "http://localhost")


def refuse_unfit_production(settings: Settings, registry: OutsideSystems = OUTSIDE_SYSTEMS) -> None:
    """Raise SettingsRefused with every reason why these settings must not serve citizens, or staging's people.

    Raises NotUp where staging goes to sandboxes that have not run yet.
    """
    if settings.demo:
        return
    state = settings.package.state
    reasons = [*font_faults(state), *message_faults(state), *certificate_faults(state), *broken_bounds(settings)]
    reasons += _placeholder_templates(settings)
    for system in (*registry.required, *(name for name in registry.optional if name in settings.partners)):
        reasons += _unfit_partner(settings, system)
    if reasons:
        raise SettingsRefused(reasons)


def _placeholder_templates(settings: Settings) -> list[str]:
    """Why SMS cannot go, where it is connected to operators: they know none of the placeholders of the package."""
    if settings.takes_sandboxes or "sms" not in settings.partners:
        return []
    texts = message_texts(settings.package.folder)
    events = [name for name, event in texts.items() if any(one.is_placeholder for one in event.texts.values())]
    told = f"messages: {len(events)} events, such as {min(events, default='')}, have placeholders for template ids"
    remedy = "set the ids that operators gave in the files of messages and in registered.csv (docs/message_texts.md)"
    return [f"{told}; {remedy}"] if events else []


async def refuse_second_gateway(env: Environment, settings: Settings) -> None:
    """Raise SettingsRefused where another gateway serves with this store and each would count rates by itself.

    One that reported within a minute may have ended since: then it is waited for one beat of it.
    """
    if not settings.counts_alone:
        return
    heard_within = timedelta(seconds=PRESENT_SECONDS)
    before = await env.store.read(lambda tx: alarms.gateways_that_count_alone(tx, heard_within))
    if not before:
        return
    await env.clock.sleep(BEAT_SECONDS + _LATE_SECONDS)
    now = await env.store.read(lambda tx: alarms.gateways_that_count_alone(tx, heard_within))
    if any(at != before.get(key) for key, at in now.items()):
        raise SettingsRefused(
            ["APUNI_CACHE_URL: another gateway serves with this store; set a cache that all processes share"]
        )


def _unfit_partner(settings: Settings, system: str) -> list[str]:
    try:
        partner = settings.partner(system)
    except SettingsRefused as refused:
        return refused.reasons
    reasons = [] if settings.takes_sandboxes else _unfit_addresses(settings, partner, system)
    return reasons + _unfit_credentials(settings, partner, system)


def _unfit_addresses(settings: Settings, partner: Partner, system: str) -> list[str]:
    addresses = [partner.base_url, *([partner.browser_url] if partner.browser_url else []), *other_hosts(partner)]
    scheme, reasons = settings.scheme(system), []
    if not all(is_public(address, scheme) for address in addresses):
        reasons.append(f"the address of {system} is a sandbox's or not {scheme}; {_remedy(system, 'base_url')}")
    former, scheme = settings.pfms.former_url, settings.pfms.transport.other.scheme
    if system == "pfms" and former is not None and not is_public(former, scheme):
        told = variable("pfms", "former_url")
        reasons.append(f"the former address of {system} is a sandbox's or not {scheme}; set {told}")
    return reasons


def _remedy(system: str, setting: str) -> str:
    return f"set {variable('partners', system, setting)} to what {system} handed over"


def other_hosts(partner: Partner) -> list[str]:
    """Further addresses that onboarding names; a path of the first one is none."""
    try:
        known = partner.onboarding()
    except (OSError, ValueError):
        return []
    inner = (("bridge", "pay_url"), ("service_account", "token_uri"), ("apns", "url"))
    parts = [(known.get(part), name) for part, name in inner]
    within = [part.get(name) for part, name in parts if isinstance(part, Mapping)]
    given = [str(each or "") for each in (*map(known.get, ("setu_url", "bridge_url", "nic_url")), *within)]
    return [each for each in given if each and not each.startswith("/")]


def _unfit_credentials(settings: Settings, partner: Partner, system: str) -> list[str]:
    if not partner.given and partner.given_file is None:
        return [f"{variable('partners', system)} has neither GIVEN nor GIVEN_FILE; set one of them"]
    try:
        given = partner.onboarding()
    except (OSError, ValueError):
        return [f"the file of {variable('partners', system, 'given_file')} cannot be read; set one with a JSON object"]
    # A sandbox's is known by its mark, or where that was cut out by its secrets and addresses.
    if not settings.takes_sandboxes and (
        bool(given.get("sandbox")) or any(word.startswith(_OF_SANDBOXES) for word in _words(given))
    ):
        return [f"the credentials of {system} are a sandbox's; {_remedy(system, 'given')}"]
    if _has_sample_key(given):
        return [f"the credentials of {system} are those of published samples; {_remedy(system, 'given')}"]
    return []


def _has_sample_key(given: Mapping[str, Any]) -> bool:
    """Whether a key is one that docs/partners prints: whoever reads it could call in the partner's name."""
    words = list(_words(given))
    prints = {hashlib.sha256("".join(word.split()).encode()).hexdigest() for word in words}
    return SAMPLE_KEY in prints or any(mark in word for mark in SAMPLE_MARKS for word in words)


def _words(given: Any) -> Iterator[str]:
    """Every text in what was handed over, however deep."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping | list):
        for each in given.values() if isinstance(given, Mapping) else given:
            yield from _words(each)

"""Settings checks for production, which refuse demo values (ADR 0017)."""

import hashlib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from gateway.settings.limits import DocumentMode
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings, SettingsRefused, variable
from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from store.database import Keyrings
from store.database.keyring import HOLDABLE

SAMPLE_KEY = "d6c001a8086f7c085c6a60654e45fbc75384c7357e3d043a12784b21e34a98f1"
"""SHA-256 of docs/partners/umang/keys/test_only_public_key.pem without its white space."""
SAMPLE_MARKS = ("test-only", "sample-token-", "sample-secret-")
"""What the keys, passwords, tokens and secrets of the samples in docs/partners contain."""

_LOCAL_NAMES = ("localhost", "test", "example", "invalid", "local")
"""Names that no system on the network bears (RFC 6761, RFC 6762)."""


def refuse_unfit_production(settings: Settings, registry: OutsideSystems = OUTSIDE_SYSTEMS) -> None:
    """Raise SettingsRefused with every reason why these settings must not serve citizens."""
    if settings.demo:
        return
    reasons = [text for unfit, text in _findings(settings) if unfit]
    for system in (*registry.required, *(name for name in registry.optional if name in settings.partners)):
        reasons += _unfit_partner(settings, system)
    if reasons:
        raise SettingsRefused(reasons)


def _findings(settings: Settings) -> list[tuple[bool, str]]:
    unset = settings.public_url is None
    may_sqlite = settings.allow_sqlite
    return [
        (unset, "APUNI_PUBLIC_URL is not set"),
        (not unset and not _is_public(settings.url), "APUNI_PUBLIC_URL is not https, or names this machine"),
        (settings.clock != "system", "APUNI_CLOCK is not the system's clock"),
        (settings.crash_at is not None, "a crash point is set (APUNI_CRASH_AT)"),
        (_unfit_webhook(settings), "the webhook of alarms is not https (APUNI_ALARMS__WEBHOOK_URL)"),
        (settings.graphiql_open, "GraphiQL is open (APUNI_GRAPHIQL)"),
        (
            settings.documents_mode is DocumentMode.OPEN,
            "everybody may send documents that are not published (APUNI_DOCUMENTS)",
        ),
        (
            _is_sqlite(settings.store_url) and not may_sqlite,
            "the store is SQLite; set APUNI_DATABASE_URL, or APUNI_ALLOW_SQLITE=1",
        ),
        (
            _is_sqlite(settings.vault_store_url) and not may_sqlite,
            "the vault is SQLite; set APUNI_VAULT_URL, or APUNI_ALLOW_SQLITE=1",
        ),
        *((unfit and not settings.allow_software_keys, text) for unfit, text in _software_keys(settings)),
        (
            settings.scanner.address is None and not settings.allow_unscanned,
            "no malware scanner looks into files; set APUNI_SCANNER__ADDRESS, or APUNI_ALLOW_UNSCANNED=1",
        ),
        (
            settings.s3.endpoint is not None and not settings.s3.endpoint.startswith("https://"),
            "the object store is not https (APUNI_S3__ENDPOINT)",
        ),
        (
            (settings.home / "onboarding").exists() or (settings.home / "sandbox").exists(),
            "APUNI_HOME is the home of a demo, with its data and keys; choose another",
        ),
    ]


def _software_keys(settings: Settings) -> Iterator[tuple[bool, str]]:
    missing = settings.pkcs11.module is None
    yield missing, "keys lie in files; set APUNI_PKCS11__MODULE, or APUNI_ALLOW_SOFTWARE_KEYS=1"
    for purpose in Keyrings(settings.keys_folder).in_file(HOLDABLE):
        text = f"the active key of {purpose} lies in a file; run `apuni keys rotate {purpose}`"
        yield not missing, text


def _unfit_webhook(settings: Settings) -> bool:
    url = settings.alarms.webhook_url
    return url is not None and not url.startswith("https://")


def _unfit_partner(settings: Settings, system: str) -> list[str]:
    try:
        partner = settings.partner(system)
    except SettingsRefused as refused:
        return refused.reasons
    addresses = [partner.base_url] + ([partner.browser_url] if partner.browser_url else [])
    reasons = []
    addresses += other_hosts(partner)
    scheme = settings.scheme(system)
    if not all(_is_public(address, scheme) for address in addresses):
        reasons.append(f"the address of {system} is a sandbox's or not {scheme}")
    former, scheme = settings.pfms.former_url, settings.pfms.transport.other.scheme
    if system == "pfms" and former is not None and not _is_public(former, scheme):
        reasons.append(f"the former address of {system} is a sandbox's or not {scheme}")
    return reasons + _unfit_credentials(partner, system)


def other_hosts(partner: Partner) -> list[str]:
    """Further addresses that onboarding names; a path of the first one is none."""
    try:
        known = partner.onboarding()
    except (OSError, ValueError):
        return []
    wallet = known.get("bridge")
    pay = wallet.get("pay_url") if isinstance(wallet, Mapping) else None
    given = [str(each or "") for each in (known.get("setu_url"), known.get("bridge_url"), pay)]
    return [each for each in given if each and not each.startswith("/")]


def _unfit_credentials(partner: Partner, system: str) -> list[str]:
    if not partner.given and partner.given_file is None:
        return [f"{variable('partners', system)} has neither GIVEN nor GIVEN_FILE"]
    try:
        given = partner.onboarding()
    except (OSError, ValueError):
        return [f"the file of {variable('partners', system, 'given_file')} cannot be read"]
    if given.get("sandbox"):
        return [f"the credentials of {system} are a sandbox's"]
    return [f"the credentials of {system} are those of published samples"] if _has_sample_key(given) else []


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


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _is_public(url: str, scheme: str = "https") -> bool:
    """Whether an address has the scheme and names neither this machine nor a network of its own."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme != scheme or not host or host.rsplit(".", 1)[-1] in _LOCAL_NAMES:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True

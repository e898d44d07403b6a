"""The bounds that production and staging set on settings (ADR 0036); their words and numbers stand in bounds.json."""

import json
from collections.abc import Callable
from importlib.resources import files
from ipaddress import ip_address, ip_network
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from domain.kernel import SystemClock
from gateway.documents.authority import Authority
from gateway.settings.limits import DocumentMode
from gateway.settings.settings import Profile, Settings, is_loopback, variable
from store.database import KeyMissing, Keyrings
from store.database.connections import database_url
from store.database.keyring import HOLDABLE

LEAST_SECRET, LEAST_DIFFERENT = 16, 8
"""Characters of a secret that a person chose, and how many of them are different at least."""
WIDEST_PROXIES = {4: 16, 6: 48}
"""The shortest prefix of a network of proxies, by version of IP: `X-Forwarded-For` of all in it is believed."""
_LOCAL_NAMES = ("localhost", "test", "example", "invalid", "local")
"""Names that no system on the network bears (RFC 6761, RFC 6762)."""


class Bound(NamedTuple):
    """What a variable must be: why other values are refused, what to set instead, and whether staging has it too."""

    variable: str
    problem: str
    remedy: str
    is_broken: Callable[[Settings], bool]
    staging: bool = True

    @property
    def line(self) -> str:
        """The refusal, for an operator."""
        return f"{self.variable}: {self.problem}; set {self.remedy}"


def broken_bounds(settings: Settings) -> list[str]:
    """A line for each bound that these settings break."""
    held = [each for each in BOUNDS if each.staging or settings.profile is Profile.PRODUCTION]
    return [each.line for each in held if each.is_broken(settings)]


def is_public(url: str, scheme: str = "https") -> bool:
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


def is_demo_home(folder: Path) -> bool:
    """Whether the sandboxes of a demo have run in a home."""
    return (folder / "onboarding").exists() or (folder / "sandbox").exists()


def _is_plain_database(url: str) -> bool:
    """Whether a connection leaves this machine without TLS that checks the server's certificate."""
    parsed = database_url(url)
    host = str(parsed.host or parsed.query.get("host") or "")
    local = not host or host.startswith("/") or is_loopback(host)
    return not _is_sqlite(url) and not local and parsed.query.get("ssl") not in {"verify-ca", "verify-full"}


def _is_plain_cache(url: str | None) -> bool:
    parts = urlsplit(url or "unix:")
    lax = {"none", "optional", "false", "0", "no"} & {
        each.lower() for name in ("ssl_cert_reqs", "ssl_check_hostname") for each in parse_qs(parts.query).get(name, ())
    }
    hosts = parts.netloc.rpartition("@")[2].split(",")  # several are Sentinels
    local = all(is_loopback(urlsplit(f"//{host}").hostname or "") for host in hosts)
    return parts.scheme != "unix" and not local and (not parts.scheme.startswith("rediss") or bool(lax))


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _is_weak(secret: SecretStr | None) -> bool:
    text = secret.get_secret_value() if secret else None
    return text is not None and (len(text) < LEAST_SECRET or len(set(text)) < LEAST_DIFFERENT)


def _trusts_too_many(settings: Settings) -> bool:
    for named in settings.server.trusted_proxies:
        try:
            network = ip_network(named, strict=False)
        except ValueError:  # a name such as that of a socket is believed letter for letter
            if named.strip() == "*":
                return True
        else:
            if network.prefixlen < WIDEST_PROXIES[network.version]:
                return True
    return False


def _has_shortened_period(settings: Settings) -> bool:
    given = settings.law.items()
    return any(name.endswith("_days") and value < getattr(settings.package.law, name).value for name, value in given)


def _has_foreign_keys(settings: Settings) -> bool:
    """Whether a key was made in another profile, that is in the demo, or for production in staging."""
    marks = tuple(f"{each.value}-" for each in Profile if each not in {Profile.PRODUCTION, settings.profile})
    beside_demo = not settings.takes_sandboxes and is_demo_home(settings.keys_folder.parent)
    return beside_demo or any(each.startswith(marks) for each in Keyrings(settings.keys_folder).key_ids())


def _has_holder(settings: Settings) -> bool:
    return settings.pkcs11.module is not None or settings.signer.url is not None


def _has_key_in_file(settings: Settings) -> bool:
    return (
        _has_holder(settings)
        and not settings.allow_software_keys
        and bool(Keyrings(settings.keys_folder).in_file(HOLDABLE))
    )


def _has_unfit_certificate(settings: Settings) -> bool:
    nobody: Any = object()  # only the public halves are looked at, so no holder of keys is asked
    keyrings, folder = Keyrings(settings.keys_folder, nobody), settings.certificates_folder
    authority = Authority(keyrings, folder, SystemClock(), makes_tests=False)
    try:
        return any(authority.signer(purpose).test for purpose in ("pdf", "xml"))
    except (KeyMissing, ValueError, TypeError, OSError):
        return True


def _unfit_address(settings: Settings) -> bool:
    url = settings.public_url or ""
    return not (is_public(url) or (settings.takes_sandboxes and url.startswith("https://")))


def _is_not_https(url: str | None) -> bool:
    return url is not None and not url.startswith("https://")


def _is_above(path: str, most: float) -> Callable[[Settings], bool]:
    return lambda settings: (attrgetter(path)(settings) or 0) > most


_RULES: dict[str, Callable[[Settings], bool]] = {
    "demo_home": lambda own: is_demo_home(own.home),
    "certificates": _has_unfit_certificate,
    "metrics": lambda own: own.metrics_port is None,
    "notices": lambda own: not own.portal.has_notices,
    "owner": lambda own: not (own.portal.owner_hi and own.portal.owner_en and own.portal.contact),
    "public_url": _unfit_address,
    "store_sqlite": lambda own: _is_sqlite(own.store_url) and not own.allow_sqlite,
    "store_plain": lambda own: _is_plain_database(own.store_url),
    "vault_sqlite": lambda own: _is_sqlite(own.vault_store_url) and not own.allow_sqlite,
    "vault_plain": lambda own: _is_plain_database(own.vault_store_url),
    "own_counters": lambda own: own.cache_store_url is None and not own.allow_own_counters,
    "cache_plain": lambda own: _is_plain_cache(own.cache_store_url),
    "software_keys": lambda own: not _has_holder(own) and not own.allow_software_keys,
    "keys_in_files": _has_key_in_file,
    "foreign_keys": _has_foreign_keys,
    "clock": lambda own: own.clock != "system",
    "log_level": lambda own: own.log_level == "debug",
    "app_redirects": lambda own: any(map(_is_not_https, own.clients)),
    "graphiql": lambda own: own.graphiql_open,
    "documents": lambda own: own.documents_mode is DocumentMode.OPEN,
    "crash_point": lambda own: own.crash_at is not None,
    "passphrase": lambda own: _is_weak(own.backup_passphrase),
    "router_secret": lambda own: _is_weak(own.router_secret),
    "webhook_url": lambda own: _is_not_https(own.alarms.webhook_url),
    "webhook_secret": lambda own: _is_weak(own.alarms.webhook_secret),
    "scanner": lambda own: own.scanner.address is None and not own.allow_unscanned,
    "s3": lambda own: _is_not_https(own.s3.endpoint),
    "proxies": _trusts_too_many,
    "law": _has_shortened_period,
}
_WORDS = json.loads(files("gateway.runtime").joinpath("bounds.json").read_text(encoding="utf-8"))

BOUNDS: tuple[Bound, ...] = (
    *(Bound(is_broken=_RULES[name], **row) for name, row in _WORDS["rules"].items()),
    *(
        Bound(variable(*path.split(".")), f"the limit is above {most}", f"at most {most}", _is_above(path, most))
        for path, most in _WORDS["most"].items()
    ),
)
"""Every bound; a variable may have several."""

"""The table of bounds that production and staging set on each setting (ADR 0036); docs/configuration.md prints it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from annotated_types import Le
from pydantic import BaseModel, SecretStr

from domain.appeals.law import LAW
from domain.kernel import SystemClock
from gateway.documents.authority import Authority
from gateway.settings.care import Care
from gateway.settings.desk import Desk
from gateway.settings.limits import DocumentMode, Limits, Load, Rates, Server
from gateway.settings.settings import Profile, Settings, is_loopback, variable
from gateway.settings.subscriptions import Streams
from store.database import KeyMissing, Keyrings
from store.database.connections import database_url

MOST_TIMES = 10
"""A limit may be so many times its default, since one that is as good as none protects nobody."""
MOST_SESSION_SECONDS = 3_600
MOST_SEAL_SECONDS = 86_400
LEAST_SECRET, LEAST_DIFFERENT = 16, 8
"""Characters of a secret that a person chose, and how many of them are different at least."""
WIDEST_PROXIES = {4: 16, 6: 48}
"""The shortest prefix of a network of proxies, by version of IP: `X-Forwarded-For` of all in it is believed."""

_LOCAL_NAMES = ("localhost", "test", "example", "invalid", "local")
"""Names that no system on the network bears (RFC 6761, RFC 6762)."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a variable must be: why other values are refused, what to set instead, and how that is told."""

    variable: str
    problem: str
    remedy: str
    broken: Callable[[Settings], bool]
    staging: bool = True
    """Whether staging has it too."""

    @property
    def line(self) -> str:
        """The refusal, for an operator."""
        return f"{self.variable}: {self.problem}; set {self.remedy}"


def broken_bounds(settings: Settings) -> list[str]:
    """A line for each bound that these settings break; none in the demo."""
    if settings.demo:
        return []
    held = [each for each in BOUNDS if each.staging or settings.profile is Profile.PRODUCTION]
    return [each.line for each in held if each.broken(settings)]


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
    return parts.scheme != "unix" and not is_loopback(parts.hostname or "") and (parts.scheme != "rediss" or bool(lax))


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
    return any(name.endswith("_days") and value < getattr(LAW, name).value for name, value in given)


def _has_foreign_keys(settings: Settings) -> bool:
    """Whether a key was made in another profile, that is in the demo, or for production in staging."""
    marks = tuple(f"{each.value}-" for each in Profile if each not in {Profile.PRODUCTION, settings.profile})
    beside_demo = not settings.takes_sandboxes and is_demo_home(settings.keys_folder.parent)
    return beside_demo or any(each.startswith(marks) for each in Keyrings(settings.keys_folder).key_ids())


def _has_unfit_certificate(settings: Settings) -> bool:
    authority = Authority(
        Keyrings(settings.keys_folder), settings.certificates_folder, SystemClock(), makes_tests=False
    )
    try:
        return any(authority.signer(purpose).test for purpose in ("pdf", "xml"))
    except (KeyMissing, ValueError, TypeError, OSError):
        return True


def _at_most(path: tuple[str, ...], most: float, problem: str) -> Bound:
    def broken(settings: Settings) -> bool:
        value: Any = settings
        for name in path:
            value = getattr(value, name)
        return value is not None and value > most

    shown = f"{most:.15g}"
    return Bound(variable(*path), f"{problem} is above {shown}", f"at most {shown}", broken)


def _limits() -> Iterator[Bound]:
    """What bounds a caller or a process may be so many times its default at most."""
    models: tuple[type[BaseModel], ...] = (Limits, Rates, Load, Server, Streams, Care, Desk)
    some = {
        "care": {name for name in Care.model_fields if name.startswith(("tracking_tries", "codes", "texts", "drafts"))},
        "desk": {"outside_reads_an_hour"},
    }
    for model in models:
        part = model.__name__.lower()
        for name, field in model.model_fields.items():
            number = isinstance(field.default, int | float) and not any(isinstance(each, Le) for each in field.metadata)
            if number and name in some.get(part, model.model_fields):
                yield _at_most((part, name), field.default * MOST_TIMES, "the limit")


def _unfit_address(settings: Settings) -> bool:
    url = settings.public_url or ""
    return not (is_public(url) or (settings.takes_sandboxes and url.startswith("https://")))


def _is_not_https(url: str | None) -> bool:
    return url is not None and not url.startswith("https://")


_SOME_SECRET = f"at least {LEAST_SECRET} characters, {LEAST_DIFFERENT} of them different"
_TLS = "`?ssl=verify-full` in it, where the database is on another machine"
_HTTPS = "an `https://…` address"
_SQLITE = "PostgreSQL, or `APUNI_ALLOW_SQLITE=1`"

BOUNDS: tuple[Bound, ...] = (
    Bound(
        "APUNI_HOME",
        "it is the home of a demo, with its data and keys",
        "a folder that was no demo's",
        lambda own: is_demo_home(own.home),
        staging=False,
    ),
    Bound(
        "APUNI_HOME",
        "the certificates of its signing keys are missing or of the test authority",
        "one that has `certificates/<purpose>-<fingerprint>.pem` of a licensed authority for `pdf` and `xml`",
        _has_unfit_certificate,
        staging=False,
    ),
    Bound(
        "METRICS_PORT",
        "it is not set, so that everybody may read /metrics",
        "a port that only the monitoring reaches",
        lambda own: own.metrics_port is None,
    ),
    Bound(
        "APUNI_PUBLIC_URL",
        "it is not set, is not https, or names this machine",
        "the https address by which people reach the gateway",
        _unfit_address,
    ),
    Bound(
        "APUNI_DATABASE_URL",
        "the store is SQLite",
        _SQLITE,
        lambda own: _is_sqlite(own.store_url) and not own.allow_sqlite,
    ),
    Bound("APUNI_DATABASE_URL", "the connection is plain", _TLS, lambda own: _is_plain_database(own.store_url)),
    Bound(
        "APUNI_VAULT_URL",
        "the vault is SQLite",
        _SQLITE,
        lambda own: _is_sqlite(own.vault_store_url) and not own.allow_sqlite,
    ),
    Bound("APUNI_VAULT_URL", "the connection is plain", _TLS, lambda own: _is_plain_database(own.vault_store_url)),
    Bound(
        "APUNI_CACHE_URL",
        "it is not set, so that each process counts rates by itself",
        "a cache that all processes share, or `APUNI_ALLOW_OWN_COUNTERS=1` where one alone serves",
        lambda own: own.cache_store_url is None and not own.allow_own_counters,
    ),
    Bound(
        "APUNI_CACHE_URL",
        "the connection is plain",
        "`rediss://…` with its certificate checked, where the cache is on another machine",
        lambda own: _is_plain_cache(own.cache_store_url),
    ),
    Bound(
        "APUNI_KEYS_DIR",
        "keys lie in files",
        "a PKCS#11 module, or `APUNI_ALLOW_SOFTWARE_KEYS=1`",
        lambda own: not own.allow_software_keys,
    ),
    Bound(
        "APUNI_KEYS_DIR",
        "its keys were made by a demo or for staging",
        "a folder of keys that `apuni keys init` made in this profile",
        _has_foreign_keys,
    ),
    Bound("APUNI_CLOCK", "it is not the system's clock", "`system`", lambda own: own.clock != "system"),
    Bound("APUNI_LOG_LEVEL", "it is a developer's", "`info` or `warning`", lambda own: own.log_level == "debug"),
    _at_most(("session_seconds",), MOST_SESSION_SECONDS, "the life of a session"),
    _at_most(("seal_limit_seconds",), MOST_SEAL_SECONDS, "the time without a seal"),
    Bound(
        "APUNI_APP_REDIRECTS",
        "one is not https, so that any program may answer to it",
        "app links (`https://…`) only",
        lambda own: any(map(_is_not_https, own.app_redirects)),
    ),
    Bound("APUNI_GRAPHIQL", "GraphiQL is open", "`0`, or leave it unset", lambda own: own.graphiql_open),
    Bound(
        "APUNI_DOCUMENTS",
        "everybody may send documents that are not published",
        "`developers` or `trusted`, or leave it unset",
        lambda own: own.documents_mode is DocumentMode.OPEN,
    ),
    Bound("APUNI_CRASH_AT", "a crash point is set", "no value", lambda own: own.crash_at is not None),
    Bound(
        "APUNI_BACKUP_PASSPHRASE",
        "it can be guessed",
        f"{_SOME_SECRET}, or leave it unset",
        lambda own: _is_weak(own.backup_passphrase),
    ),
    Bound("APUNI_ROUTER_SECRET", "it can be guessed", _SOME_SECRET, lambda own: _is_weak(own.router_secret)),
    Bound(
        "APUNI_ALARMS__WEBHOOK_URL",
        "it is not https",
        _HTTPS,
        lambda own: _is_not_https(own.alarms.webhook_url),
    ),
    Bound(
        "APUNI_ALARMS__WEBHOOK_SECRET",
        "it can be guessed",
        _SOME_SECRET,
        lambda own: _is_weak(own.alarms.webhook_secret),
    ),
    Bound(
        "APUNI_SCANNER__ADDRESS",
        "no malware scanner looks into files",
        "that of ClamAV, or `APUNI_ALLOW_UNSCANNED=1`",
        lambda own: own.scanner.address is None and not own.allow_unscanned,
    ),
    Bound("APUNI_S3__ENDPOINT", "it is not https", _HTTPS, lambda own: _is_not_https(own.s3.endpoint)),
    Bound(
        "APUNI_SERVER__TRUSTED_PROXIES",
        "whoever it names may give any address as a caller's, and it names too many",
        "addresses, or networks of at least /16 (IPv6: /48)",
        _trusts_too_many,
    ),
    Bound(
        "APUNI_LAW",
        "it shortens a period of the Act",
        "no `…_days` below that of domain/appeals/law.py",
        _has_shortened_period,
    ),
    *_limits(),
)
"""Every bound; a variable may have several."""

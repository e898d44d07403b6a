"""Checks of the servers that the gateway stands on: databases, cache, object store, malware scanner, clocks."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
from cryptography import x509
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from actions.kernel.scanner import EICAR, ScannerAway
from domain.kernel import SystemClock
from gateway.installation.checks import Finding, State
from gateway.installation.machine import end_of_certificate
from gateway.installation.sntp import NoTime, clock_offset
from gateway.runtime.composition import open_blobs
from gateway.runtime.scanning import scanner_of
from gateway.settings.settings import Settings, is_loopback
from integrations.calling.valkey.connections import pool_of
from store.database import schema_is_current
from store.database.connections import database_url, write_engine

OLDEST_POSTGRESQL = 150_000
"""As PostgreSQL counts its versions: 14 gets no mends of safety since November 2026."""
LEAST_CONNECTIONS = 60
"""Connections for one gateway and one worker, with 20 each, and for those who look after the database."""
CACHE_SECONDS = 60.0
"""The cache is given as long as its check."""
CACHE_POLICY = "allkeys-lru"
"""All that we keep there ends by itself and may be lost (answers, counts of requests, hints of breakers), so no key is
spared and no write refused; counts and epochs that are in use are not the oldest."""
FAR_OFF, SLIGHTLY_OFF = 5.0, 2.0
"""Seconds by which clocks differ: as the alarm CLOCK_STEPPED, and what leases and tokens bear."""

_FACTS = """SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS named,
 pg_is_in_recovery() AS standby,
 (SELECT count(*) FROM pg_stat_replication) AS copies, current_setting('synchronous_standby_names') AS waits_for,
 current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
 current_setting('archive_mode') AS archive_mode, current_setting('data_checksums') AS data_checksums,
 current_setting('server_encoding') AS encoding, current_setting('max_connections')::int AS connections,
 current_setting('is_superuser') AS superuser, clock_timestamp() AS now"""


async def check_database(name: str, url: str, *, with_schema: bool) -> list[Finding]:
    """Version, TLS, replication, settings, clock and, with `with_schema`, the schema of a database."""
    address = database_url(url)
    if address.get_backend_name() == "sqlite":
        return [await _sqlite_finding(name, url, with_schema=with_schema)]
    try:
        facts, offset = await _facts_of(url)
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        remedy = f"see that it runs, and the address and rights in APUNI_{name.upper()}_URL"
        return [Finding(name, State.FAULT, f"it takes no connection ({_kind(cause)})", remedy)]
    told = f"PostgreSQL {facts['named']}, {facts['tls'] or 'no TLS'}, {facts['copies']} standbys"
    found = [Finding(name, State.OK, told), *unfit_postgresql(name, facts)]
    if facts["certificate"] is not None:
        ends_at = x509.load_der_x509_certificate(facts["certificate"]).not_valid_after_utc.timestamp()
        found.append(end_of_certificate(name, "the server", ends_at))
    found += _clock_findings(f"clock of the {name}", offset)
    if with_schema and not await schema_is_current(url):
        found.append(Finding(name, State.FAULT, "the schema is not that of this release", "run `apuni migrate`"))
    return found


async def _facts_of(url: str) -> tuple[Mapping[str, Any], float]:
    """What the server says of itself, and by how many seconds its clock is ahead of ours."""
    clock, engine = SystemClock(), write_engine(database_url(url))
    try:
        async with engine.connect() as connection:
            before = clock.now().timestamp()
            facts = (await connection.execute(text(_FACTS))).mappings().one()
            after = clock.now().timestamp()
            raw: Any = (await connection.get_raw_connection()).driver_connection
            line = _facts_of_line(raw._transport)  # noqa: SLF001 - asyncpg tells neither TLS nor peer
    finally:
        await engine.dispose()
    return {**facts, **line}, facts["now"].timestamp() - (before + after) / 2


def _facts_of_line(transport: asyncio.Transport) -> Mapping[str, Any]:
    """The protocol of TLS on our side of a connection and the certificate of the other side; and whether it is here."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    peer = transport.get_extra_info("peername")
    return {
        "tls": tls.version() if tls else None,
        "certificate": tls.getpeercert(binary_form=True) if tls else None,
        "local": not isinstance(peer, tuple) or is_loopback(peer[0]),
    }


def unfit_postgresql(name: str, facts: Mapping[str, Any]) -> list[Finding]:
    """What of a server is not as production needs it."""
    fault, warning = State.FAULT, State.WARNING
    rules = (
        (facts["version"] < OLDEST_POSTGRESQL, fault, f"PostgreSQL {facts['named']} is too old", "use 15 or later"),
        (not facts["tls"] and not facts["local"], fault, "the connection is not encrypted",
         "set `ssl = on` on the server and `?ssl=verify-full` in the address"),
        (facts["standby"], fault, "the server is a standby and takes no writes", "give the address of the primary"),
        (facts["encoding"] != "UTF8", fault, "its encoding is not UTF8", "create the database with ENCODING UTF8"),
        (facts["fsync"] != "on", fault, "fsync is off, so a power cut loses what was answered", "set `fsync = on`"),
        (facts["full_page_writes"] != "on", fault, "full_page_writes is off", "set `full_page_writes = on`"),
        (not facts["copies"] and not facts["standby"], warning, "no standby copies it", "add one (docs/backup.md)"),
        (facts["copies"] and not facts["waits_for"], warning, "no standby is synchronous, so commits may be lost",
         "set `synchronous_standby_names`"),
        (facts["archive_mode"] == "off", warning, "its log is not archived", "set `archive_mode` (docs/backup.md)"),
        (facts["data_checksums"] != "on", warning, "pages have no checksums", "run `pg_checksums --enable`"),
        (facts["connections"] < LEAST_CONNECTIONS, warning, f"it takes {facts['connections']} connections",
         f"set `max_connections` to 20 for each process, and {LEAST_CONNECTIONS} at least"),
        (facts["superuser"] == "on", warning, "the gateway connects as a superuser",
         "give it a role that owns this database and no more"),
    )  # fmt: skip
    return [Finding(name, state, said, remedy) for broken, state, said, remedy in rules if broken]


def missing_file(url: str) -> str | None:
    """The file of a SQLite database that is not there, which nobody must open, since that would make it; else None."""
    address = database_url(url)
    file = address.database or ""
    return file if address.get_backend_name() == "sqlite" and not Path(file).exists() else None


async def _sqlite_finding(name: str, url: str, *, with_schema: bool) -> Finding:
    if (file := missing_file(url)) is not None:
        return Finding(name, State.FAULT, f"there is no database {file}", "run `apuni migrate`")
    if with_schema and not await schema_is_current(url):
        return Finding(name, State.FAULT, "the schema is not that of this release", "run `apuni migrate`")
    return Finding(name, State.WARNING, "it is SQLite, for one machine", "use PostgreSQL where more than one serves")


async def check_cache(settings: Settings) -> list[Finding]:
    """Whether the shared cache answers, takes writes and is bounded."""
    if settings.cache_store_url is None:
        return [
            Finding("cache", State.WARNING, "none is shared, so one gateway alone may serve", "set APUNI_CACHE_URL")
        ]
    async with Redis.from_pool(pool_of(settings.cache_store_url, CACHE_SECONDS, CACHE_SECONDS)) as client:
        facts = await client.info()
    named = facts.get("valkey_version") or facts.get("redis_version")
    policy, most = str(facts.get("maxmemory_policy")), int(facts.get("maxmemory", 0))
    fault, warning = State.FAULT, State.WARNING
    rules = (
        (facts.get("role") != "master", fault, "it is a replica and takes no writes", "name the primary"),
        (not most, warning, "its memory has no bound", f"set `maxmemory` and `maxmemory-policy {CACHE_POLICY}`"),
        (most and policy == "noeviction", warning, "it refuses writes once it is full",
         f"set `maxmemory-policy {CACHE_POLICY}`"),
    )  # fmt: skip
    found = [Finding("cache", state, said, remedy) for broken, state, said, remedy in rules if broken]
    replicas = facts.get("connected_slaves", 0)
    return found or [Finding("cache", State.OK, f"version {named}, {replicas} replicas, {policy}")]


async def check_objects(settings: Settings) -> list[Finding]:
    """Whether the object store keeps a file, keeps the first one of a name, gives it back and deletes it."""
    blobs = open_blobs(settings)
    path, where = f"doctor/{token_hex(16)}", settings.s3.endpoint or settings.objects_folder
    if settings.s3.endpoint is None and not settings.objects_folder.is_dir():
        return [Finding("objects", State.WARNING, f"there is no folder {where} yet", "the first file makes it")]
    try:
        first, second = await blobs.create(path, b"first"), await blobs.create(path, b"second")
        kept = await blobs.read(path)
    finally:
        await blobs.delete(path)
    if not first or second or kept != b"first":
        remedy = "use a store that obeys If-None-Match (RFC 9110 section 13.1.2)"
        return [Finding("objects", State.FAULT, f"{where} writes over what is there", remedy)]
    return [Finding("objects", State.OK, f"{where} keeps, gives back and deletes")]


async def check_scanner(settings: Settings) -> list[Finding]:
    """Whether the malware scanner finds the test file and nothing in a harmless one."""
    address, scanner = settings.scanner.address, scanner_of(settings.scanner)
    if address is None:
        told = "none is set, so only the test file is found"
        return [Finding("scanner", State.WARNING, told, "set APUNI_SCANNER__ADDRESS to that of ClamAV")]
    try:
        infected, clean = await scanner.scan(EICAR), await scanner.scan(b"harmless")
    except ScannerAway:
        remedy = "start clamd, or correct APUNI_SCANNER__ADDRESS"
        return [Finding("scanner", State.FAULT, f"{address} does not answer", remedy)]
    if infected is None or clean is not None:
        remedy = "run freshclam, so that it has its signatures"
        return [Finding("scanner", State.FAULT, f"{address} does not know the test file", remedy)]
    return [Finding("scanner", State.OK, f"{address} finds the test file")]


async def check_time_server(server: str) -> list[Finding]:
    """By how much our clock differs from that of a server of time, by SNTP."""
    try:
        return _clock_findings(f"clock of {server}", await clock_offset(server, SystemClock()))
    except (OSError, NoTime) as error:
        why = str(error) if isinstance(error, NoTime) else type(error).__name__
        return [
            Finding(
                "clock",
                State.FAULT,
                f"{server} gives no time ({why})",
                "see the firewall (UDP 123) and APUNI_NTP_SERVER",
            )
        ]


async def check_clock(url: str) -> list[Finding]:
    """By how much our clock differs from that of a server, by the header Date of its answer."""
    clock = SystemClock()
    async with httpx.AsyncClient(trust_env=False) as client:
        before = clock.now().timestamp()
        answer = await client.head(url)
        after = clock.now().timestamp()
    try:
        there = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return [Finding("clock", State.WARNING, f"{url} does not say its time", "name another by --clock-from")]
    return _clock_findings("clock", _ahead(there, before, after))


def _ahead(there: datetime, before: float, after: float) -> float:
    """Seconds by which a clock that tells whole seconds is ahead."""
    least, most = there.timestamp() - after, there.timestamp() + 1 - before
    return 0.0 if least <= 0 <= most else least if least > 0 else most


def _clock_findings(check: str, ahead: float) -> list[Finding]:
    state = State.FAULT if abs(ahead) > FAR_OFF else State.WARNING if abs(ahead) > SLIGHTLY_OFF else State.OK
    remedy = "" if state is State.OK else "let this machine and that one follow NTP (chrony) of NIC or NPL"
    return [Finding(check, state, f"it is {ahead:+.1f} s beside ours", remedy)]


def _kind(error: object) -> str:
    return type(getattr(error, "__cause__", None) or error).__name__

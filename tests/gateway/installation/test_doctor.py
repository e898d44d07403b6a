"""`apuni doctor` against real servers: each unfit thing is a line with its remedy, and none hides another."""

import asyncio
import json
import os
import shutil
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from redis.asyncio import Redis

from domain.kernel import ManualClock, SystemClock
from gateway.installation.checks import Finding, State, in_thread, run_checks
from gateway.installation.doctor import checks_of
from gateway.installation.machine import check_keys, check_settings, check_signing_certificates
from gateway.installation.outside import checks_of_systems
from gateway.installation.records import check_calendar, check_catalogue, check_officers
from gateway.installation.servers import (
    check_cache,
    check_clock,
    check_database,
    check_objects,
    check_scanner,
    unfit_postgresql,
)
from gateway.settings.files import S3
from gateway.settings.settings import Settings
from sandbox.city.tls import Certificates, new_authority
from store.database import Keyrings
from tests.support.caches import ValkeyServer
from tests.support.databases import PostgresServer
from tests.support.fit_settings import certify, clear_environment
from tests.support.forked import apuni_forked
from tests.support.mail import mail_server
from tests.support.object_server import object_server
from tests.support.pfms import open_pfms
from tests.support.raw_servers import OK, Server, serving
from tests.support.running import free_port

ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")
"""What a client of PostgreSQL begins with that wants TLS (SSLRequest)."""
OTHERS = [
    "standby",
    "encoding",
    "fsync",
    "full_page_writes",
    "waits_for",
    "archive_mode",
    "data_checksums",
    "named",
    "superuser",
]
"""What else a server says of itself."""

DEBIANS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path / "home")


def names_of(findings, state: State) -> list[str]:
    return [one.found for one in findings if one.state is state]


def issued(folder: Path, name: str, left: timedelta) -> tuple[Path, Path, Path]:
    """The files of an authority, of a certificate of it that ends after so long, and of its key."""
    now = SystemClock().now()
    authority = new_authority(now)
    files = folder / "authority.pem", folder / "certificate.pem", folder / "key.pem"
    own = Certificates(authority, now).of_caller(name, now - timedelta(days=90), now + left)
    for file, content in zip(files, (authority["certificate"], *own), strict=True):
        file.write_text(content)
    return files


@asynccontextmanager
async def behind_tls(folder: Path, socket: Path) -> AsyncIterator[int]:
    """The port of a pooler that takes PostgreSQL's connections with TLS or without, and hands them to a server."""
    _, certificate, key = issued(folder, "localhost", timedelta(days=90, hours=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def copy(reader, writer):
        while content := await reader.read(65536):
            writer.write(content)
        writer.close()

    async def pooled(reader, writer):
        first = await reader.readexactly(8)
        inner_reader, inner_writer = await asyncio.open_unix_connection(socket)
        if first == ASKS_FOR_TLS:
            writer.write(b"S")
            await writer.start_tls(context)
        else:
            inner_writer.write(first)
        with suppress(OSError):
            await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    pooled.port = 0
    async with serving(pooled) as server:
        yield server.port


async def test_a_database_is_told_by_its_tls_and_the_end_of_its_certificate(tmp_path, postgres_server):
    name = postgres_server.migrated_database()

    async with behind_tls(tmp_path, postgres_server.folder / ".s.PGSQL.5432") as port:
        found = [
            await check_database(
                "database", f"postgresql://postgres@localhost:{port}/{name}?ssl={tls}", with_schema=True
            )
            for tls in ("require", "disable")
        ]

    encrypted, plain = (names_of(each, State.OK) for each in found)
    assert ", TLSv1.3, " in encrypted[0]
    assert "the server: its certificate is good for 90 days" in encrypted
    assert ", no TLS, " in plain[0]


@pytest.mark.skipif(not DEBIANS, reason="Debian's PostgreSQL is not installed, and the wheel's knows no TLS")
async def test_a_server_with_tls_of_its_own_is_told_by_its_protocol_and_the_end_of_its_certificate(tmp_path):
    _, certificate, key = issued(tmp_path, "localhost", timedelta(days=20, hours=1))
    port = free_port()
    inside = Path(tempfile.mkdtemp(prefix="apuni-tls-"))  # the server's own user reads it
    try:
        for file in (certificate, key):
            shutil.copy(file, inside / file.name)
            (inside / file.name).chmod(0o600)
        for each in (inside, *inside.iterdir()):
            shutil.chown(each, "nobody" if os.geteuid() == 0 else os.getuid())
        own = ("ssl=on", f"ssl_cert_file={inside / certificate.name}", f"ssl_key_file={inside / key.name}")
        server = await in_thread(
            lambda: PostgresServer(settings=(*own, "listen_addresses=127.0.0.1"), binaries=DEBIANS[-1], port=port)
        )
        try:
            address = f"postgresql://postgres@127.0.0.1:{port}/{server.database()}?ssl=require"
            found = await check_database("database", address, with_schema=False)
        finally:
            server.stop()
    finally:
        shutil.rmtree(inside)

    assert ", TLSv1.3, " in names_of(found, State.OK)[0]
    assert "the server: its certificate ends in 20 days" in names_of(found, State.WARNING)


def test_a_plain_connection_is_a_fault_unless_it_stays_on_this_machine():
    facts = dict.fromkeys(("copies", "connections", "version"), 1_000_000) | dict.fromkeys(OTHERS)
    said = "the connection is not encrypted"

    found = {
        (tls, local): said in names_of(unfit_postgresql("vault", facts | {"tls": tls, "local": local}), State.FAULT)
        for tls in ("TLSv1.3", None)
        for local in (True, False)
    }

    assert [each for each, fault in found.items() if fault] == [(None, False)]


async def test_what_a_database_lacks_is_told_with_what_to_set(postgres_server):
    found = await check_database("database", postgres_server.url(postgres_server.database()), with_schema=True)

    by_text = {one.found: (one.state, one.remedy) for one in found}
    assert by_text["fsync is off, so a power cut loses what was answered"] == (State.FAULT, "set `fsync = on`")
    assert by_text["the schema is not that of this release"] == (State.FAULT, "run `apuni migrate`")
    assert by_text["no standby copies it"] == (State.WARNING, "add one (docs/backup.md)")
    assert by_text["its log is not archived"][0] is State.WARNING
    assert by_text["it is +0.0 s beside ours"] == (State.OK, "")


async def test_a_standby_is_no_place_to_write_to():
    server = PostgresServer()
    try:
        name = server.database()
        server.halt()
        (server.folder / "data" / "standby.signal").touch()
        server.start_again()

        found = await check_database("vault", server.url(name), with_schema=False)
    finally:
        server.stop()

    assert "the server is a standby and takes no writes" in names_of(found, State.FAULT)


async def test_a_database_that_does_not_answer_is_one_line_without_its_password():
    found = await check_database("vault", "postgresql://vault:hunter2@127.0.0.1:1/vault", with_schema=False)

    assert [(one.state, one.found) for one in found] == [
        (State.FAULT, "it takes no connection (ConnectionRefusedError)")
    ]
    assert "APUNI_VAULT_URL" in found[0].remedy
    assert "hunter2" not in str(found)


async def test_a_cache_without_a_bound_a_full_one_that_refuses_and_a_replica_are_told():
    server = ValkeyServer()
    settings = Settings(cache_url=f"unix://{server.socket}")
    try:
        unbounded = await check_cache(settings)
        async with Redis.from_url(server.url()) as client:
            await client.config_set("maxmemory", "64mb")
            refusing = await check_cache(settings)
            await client.config_set("maxmemory-policy", "allkeys-lru")
            fit = await check_cache(settings)
            await client.replicaof("127.0.0.1", "1")
            replica = await check_cache(settings)
    finally:
        server.stop()

    assert names_of(unbounded, State.WARNING) == ["its memory has no bound"]
    assert names_of(refusing, State.WARNING) == ["it refuses writes once it is full"]
    assert [one.state for one in fit] == [State.OK]
    assert names_of(replica, State.FAULT) == ["it is a replica and takes no writes"]


@pytest.mark.long
async def test_a_bucket_is_written_to_and_left_as_it_was_and_a_wrong_key_or_bucket_is_a_fault(tmp_path):
    with object_server(tmp_path) as place:
        by = place.credentials
        given = {"endpoint": place.endpoint, "bucket": place.bucket, "access_key": by.access_key}
        fit = Settings(s3=S3(**given, secret_key=by.secret_key))
        looks = [
            (name, lambda settings=settings: check_objects(settings))
            for name, settings in {
                "fit": fit,
                "key": Settings(s3=S3(**given, secret_key="another")),
                "bucket": Settings(s3=S3(**given | {"bucket": "elsewhere"}, secret_key=by.secret_key)),
            }.items()
        ]

        found = await run_checks(looks, 30)

    assert [one.state for one in found] == [State.OK, State.FAULT, State.FAULT]


@asynccontextmanager
async def partner(tmp_path: Path, left: timedelta) -> AsyncIterator[Settings]:
    """A partner that answers with TLS, whose certificate ends after so long, and settings that name its authority."""
    authority, certificate, key = issued(tmp_path, "localhost", left)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with serving(Server(), context) as server:
        own = {"base_url": f"https://localhost:{server.port}/api", "given": {"x": "y"}, "ca_file": str(authority)}
        yield Settings.model_validate({"profile": "staging", "partners": {"csc": own}})


async def looked_at(settings: Settings, system: str) -> list[Finding]:
    checks = dict(checks_of_systems(settings, SystemClock(), 5))
    return await run_checks([(system, checks[system])], 5)


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (timedelta(days=5, hours=1), State.FAULT, "its certificate ends in 5 days"),
        (timedelta(days=20, hours=1), State.WARNING, "its certificate ends in 20 days"),
        (timedelta(days=100, hours=1), State.OK, "its certificate is good for 100 days"),
        (timedelta(days=-1), State.FAULT, "its certificate is refused (certificate has expired)"),
    ],
)
async def test_a_partner_is_told_by_the_end_of_its_certificate(tmp_path, left, state, words):
    async with partner(tmp_path, left) as settings:
        [found] = await looked_at(settings, "csc")

    assert (found.state, found.found.partition(": ")[2]) == (state, words)


async def test_a_certificate_of_another_authority_is_refused_and_the_remedy_names_the_setting(tmp_path):
    async with partner(tmp_path, timedelta(days=90)) as settings:
        (tmp_path / "authority.pem").write_text(new_authority(SystemClock().now())["certificate"])
        [found] = await looked_at(settings, "csc")

    assert found.state is State.FAULT
    assert "APUNI_PARTNERS__CSC__CA_FILE" in found.remedy


async def test_a_partner_that_is_away_is_a_fault():
    given = {"base_url": "https://127.0.0.1:1", "given": {"x": "y"}}

    [found] = await looked_at(Settings.model_validate({"profile": "staging", "partners": {"csc": given}}), "csc")

    assert (found.state, found.found) == (
        State.FAULT,
        "https://127.0.0.1:1 takes no connection (ConnectionRefusedError)",
    )


async def test_one_that_hangs_and_one_that_breaks_hide_no_other_and_all_take_no_longer_than_one():
    class Silent:
        port = 0

        async def __call__(self, reader, writer):
            await reader.read()
            await asyncio.Event().wait()

    async def broken():
        raise ZeroDivisionError("secret")

    async def well():
        return [Finding("well", State.OK, "it is well")]

    async with serving(Silent()) as server, asyncio.timeout(5):
        settings = Settings(cache_url=f"redis://127.0.0.1:{server.port}")
        hanging = [(f"cache {number}", lambda: check_cache(settings)) for number in (1, 2)]
        found = await run_checks([*hanging, ("broken", broken), ("well", well)], 1)

    assert [(one.check, one.state, one.found) for one in found] == [
        ("cache 1", State.FAULT, "no answer within 1 s"),
        ("cache 2", State.FAULT, "no answer within 1 s"),
        ("broken", State.FAULT, "the check failed (ZeroDivisionError)"),
        ("well", State.OK, "it is well"),
    ]


async def test_what_blocks_its_thread_is_bounded_too():
    started, ended = asyncio.Event(), threading.Event()

    async def blocked():
        started.set()
        return await in_thread(lambda: [str(ended.wait(30))])

    found = await run_checks([("disk", blocked)], 0.2)
    ended.set()

    assert names_of(found, State.FAULT) == ["no answer within 0.2 s"]


@pytest.mark.parametrize(
    ("off", "state"),
    [(timedelta(), State.OK), (timedelta(seconds=-4), State.WARNING), (timedelta(hours=1), State.FAULT)],
)
async def test_our_clock_is_held_to_that_of_a_server(off, state):
    def answer(_head: bytes) -> bytes:
        there = format_datetime(SystemClock().now().replace(microsecond=0) + off, usegmt=True)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: " + there.encode() + b"\r\n\r\n"

    async with serving(Server(each=answer)) as server:
        [found] = await check_clock(server.url())

    assert found.state is state


async def test_a_server_that_does_not_say_its_time_proves_nothing():
    async with serving(Server(OK)) as server:
        [found] = await check_clock(server.url())

    assert found.state is State.WARNING


class TimeServer(asyncio.DatagramProtocol):
    """A server of SNTP (RFC 4330 section 4): what it answers is its clock, which is so far from ours."""

    def __init__(self, ahead: float, *, stratum: int = 2, leap: int = 0, echoes: bool = True) -> None:
        self._ahead, self._first, self._stratum, self._echoes = ahead, leap << 6 | 4 << 3 | 4, stratum, echoes

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, address):
        if len(data) != 48 or data[0] & 7 != 3:
            return
        seconds = SystemClock().now().timestamp() + self._ahead + 2_208_988_800
        stamp = int(seconds * 2**32).to_bytes(8, "big")
        origin = data[40:48] if self._echoes else bytes(8)
        head = bytes([self._first, self._stratum, 6, 0xEC]) + bytes(12)
        self._transport.sendto(head + stamp + origin + stamp + stamp, address)


async def time_of(**how: Any) -> list[Finding]:
    """What the check finds at a server of time of this kind."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: TimeServer(**how), ("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        settings = Settings(ntp_server=f"127.0.0.1:{port}")
        return await run_checks([one for one in checks_of(settings, 1) if one[0] == "time server"], 1)
    finally:
        transport.close()


@pytest.mark.parametrize(("ahead", "state"), [(0.0, State.OK), (-3.0, State.WARNING), (60.0, State.FAULT)])
async def test_our_clock_is_held_to_a_server_of_time(ahead, state):
    [found] = await time_of(ahead=ahead)

    assert (found.state, abs(float(found.found.split()[2]) - ahead) < 0.5) == (state, True)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"leap": 3}, "it has no time itself"),
        ({"stratum": 0}, "it has no time itself"),
        ({"echoes": False}, "not an answer to our question"),
    ],
)
async def test_a_server_of_time_that_has_none_or_answers_another_question_proves_nothing(how, why):
    [found] = await time_of(ahead=0.0, **how)

    assert found.state is State.FAULT
    assert why in found.found


def test_no_server_of_time_is_asked_unless_one_is_set():
    assert "time server" not in dict(checks_of(Settings(), 1))


async def log_in(tmp_path: Path, **mail: Any) -> list[Finding]:
    """What the check of the mail server finds, with other settings of ours where some are named."""
    async with mail_server(tmp_path, ManualClock(SystemClock().now())) as server:
        given = {**server.given, **mail}
        own = {"base_url": f"smtp://127.0.0.1:{server.given['port']}", "given": given}
        settings = Settings.model_validate({"profile": "staging", "partners": {"email": own}})
        server.faults({"kind": "latency", "route": "/smtp/mail", "calls": [99], "params": {}})  # it counts
        found = await looked_at(settings, "email")
        assert [one.seen for one in server.sandbox.faults.active_faults()] == [0]
        return found


async def test_the_mail_server_is_greeted_secured_and_logged_in_to_and_gets_no_mail(tmp_path):
    [found] = await log_in(tmp_path)

    assert (found.state, found.found) == (State.OK, "it greets us, starttls, logged in")


async def test_a_mail_server_that_refuses_our_password_is_a_fault_without_it(tmp_path):
    [found] = await log_in(tmp_path, password="wrong-word")

    assert found.state is State.FAULT
    assert "login_refused" in found.found
    assert "wrong-word" not in found.line


async def pfms_at(tmp_path: Path, **other: Any) -> list[Finding]:
    """What the check of PFMS finds over SFTP, with other parts of its onboarding where some are named."""
    pfms = open_pfms(tmp_path, ManualClock(SystemClock().now()))
    [service] = pfms.sandbox.services
    await service.start()
    try:
        own = {"base_url": f"sftp://127.0.0.1:{pfms.given['port']}", "given": {**pfms.given, **other}}
        return await looked_at(Settings.model_validate({"profile": "staging", "partners": {"pfms": own}}), "pfms")
    finally:
        await service.stop()
        pfms.sandbox.close()


async def test_pfms_is_logged_in_to_by_sftp_and_its_folders_are_listed(tmp_path):
    [found] = await pfms_at(tmp_path)

    assert (found.state, found.found) == (State.OK, "SFTP lets us in, 0 files of answers lie there")


async def test_another_host_key_of_pfms_is_a_fault(tmp_path):
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()

    [found] = await pfms_at(tmp_path, host_keys=[other])

    assert found.state is State.FAULT
    assert "host_key" in found.found


async def test_a_scanner_that_is_away_is_a_fault_and_none_a_warning(tmp_path):
    away = Settings.model_validate({"scanner": {"address": str(tmp_path / "clamd.sock")}})

    assert [one.state for one in await check_scanner(away)] == [State.FAULT]
    assert [one.state for one in await check_scanner(Settings())] == [State.WARNING]


async def test_a_scanner_that_finds_nothing_in_the_test_file_has_no_signatures():
    class Clamd:
        port = 0

        async def __call__(self, reader, writer):
            await reader.readexactly(10)
            while size := int.from_bytes(await reader.readexactly(4)):
                await reader.readexactly(size)
            writer.write(b"stream: OK\0")

    async with serving(Clamd()) as server:
        address = f"127.0.0.1:{server.port}"
        [found] = await check_scanner(Settings.model_validate({"scanner": {"address": address}}))

    assert (found.state, found.found) == (State.FAULT, f"{address} does not know the test file")


async def test_keyrings_that_are_not_there_and_certificates_that_end_are_told(tmp_path):
    settings = Settings(home=tmp_path, profile="staging")
    [missing] = await check_keys(settings)
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    uncertified = await check_signing_certificates(settings)
    certify(keyrings, settings.certificates_folder, SystemClock())

    assert missing.state is State.FAULT
    assert missing.found.startswith("12 keyrings cannot be used, first session: ")
    assert [one.state for one in await check_keys(settings)] == [State.OK]
    assert [one.state for one in uncertified] == [State.FAULT, State.FAULT]
    assert [one.state for one in await check_signing_certificates(settings)] == [State.OK, State.OK]


async def test_a_variable_that_sets_nothing_is_told_with_the_one_that_was_meant(monkeypatch):
    monkeypatch.setenv("APUNI_SCANER__ADDRESS", "x")

    found = await check_settings(Settings())

    remedies = {one.found: one.remedy for one in found}
    assert remedies["APUNI_SCANER__ADDRESS is no setting"] == "did you mean APUNI_SCANNER__ADDRESS?"


async def test_an_empty_store_lacks_services_officers_and_holidays(tmp_path, migrated_sqlite):
    settings = Settings(home=tmp_path)
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    Keyrings(settings.keys_folder).init()

    assert names_of(await check_catalogue(settings), State.FAULT) == ["there is no service"]
    assert "nobody has the post HELPLINE" in names_of(await check_officers(settings), State.FAULT)
    assert [one for one in names_of(await check_calendar(settings), State.FAULT) if "is missing" in one]


def test_the_command_tells_every_check_as_json_fails_and_makes_nothing(tmp_path):
    home = tmp_path / "home"

    done = apuni_forked(["doctor", "--json"], os.environ | {"APUNI_HOME": str(home)})

    assert done.returncode == 1, done.stderr
    listed = json.loads(done.stdout)
    checks = {one["check"] for one in listed["findings"]}
    assert checks >= {name for name, _ in checks_of(Settings(home=home), 1)}
    assert listed["faults"] == sum(one["state"] == "fault" for one in listed["findings"]) > 0
    assert not home.exists()

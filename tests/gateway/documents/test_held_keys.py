"""Keys at a remote signer, over real sockets with mutual TLS: the sandbox that docs/contracts/signer.md describes."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actions.identity.sessions import subject_for_token
from actions.identity.sign_in import AppToken, open_for_umang
from domain.kernel import Assurance, Clock, ManualClock, SystemClock
from gateway.runtime.composition import open_keyrings
from gateway.runtime.remote_signer import SIGN, RemoteSigner
from gateway.settings.keys import Signer
from gateway.settings.settings import Settings, SettingsRefused
from sandbox.city.tls import Certificates, new_authority
from sandbox.signer import server as sandbox
from store.database import KeyMissing, Keyrings, Store
from store.database.errors import HolderFailed
from store.database.keyring import KeyHolder
from tests.support.databases import NOW
from tests.support.held_keys import HeldKeyTests, KeysInMemory
from tests.support.running import free_port
from tests.support.sign_in import environment

pytestmark = pytest.mark.integration


@dataclass
class Place:
    """The signer with its address and the files of our TLS. `held` is set when answers may leave, `asked` when one
    waits for that."""

    signer: sandbox.Signer
    url: str
    folder: Path
    held: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    opened: list[RemoteSigner] = field(default_factory=list)

    def given(self) -> Signer:
        """The settings."""
        files = {name: self.folder / f"{name}.pem" for name in ("certificate", "key", "ca")}
        return Signer(url=self.url, **{f"{name}_file": path for name, path in files.items()})

    def client(self) -> RemoteSigner:
        """A client of it, as the gateway makes one, with secrets in memory."""
        return self.open(self.url, self.given(), ManualClock(NOW), KeysInMemory())

    def open(self, url: str, given: Signer, clock: Clock, secrets: KeyHolder | None = None) -> RemoteSigner:
        """A client that the end of the test closes."""
        self.opened.append(RemoteSigner(url, given.context(), clock, secrets))
        return self.opened[-1]


def write_pair(folder: Path, name: str, pair: tuple[str, str]) -> None:
    (folder / f"{name}certificate.pem").write_text(pair[0])
    (folder / f"{name}key.pem").write_text(pair[1])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("signer"), free_port()
    now = SystemClock().now()
    authority = new_authority(now)
    issued, years = Certificates(authority, now), now.replace(year=now.year + 1)
    (folder / "ca.pem").write_text(authority["certificate"])
    write_pair(folder, "server-", issued.of_caller("127.0.0.1", now, years))
    write_pair(folder, "", issued.of_caller("gateway", now, years))
    write_pair(folder, "strange-", issued.of_caller("stranger", now, years, own=True))
    made = Place(sandbox.Signer(), f"https://127.0.0.1:{port}", folder)
    made.held.set()
    config = uvicorn.Config(
        held_back(made),
        port=port,
        log_config=None,
        lifespan="off",
        ssl_certfile=folder / "server-certificate.pem",
        ssl_keyfile=folder / "server-key.pem",
        ssl_ca_certs=str(folder / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started:
        threading.Event().wait(0.01)
    yield made
    server.should_exit = True
    serving.join()


def held_back(place: Place) -> ASGIApp:
    """The signer's server, which answers once `held` is set, and nobody who went away before."""
    app = place.signer.app()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        received = [await receive()]
        if not place.held.is_set():
            place.asked.set()
            gone = asyncio.ensure_future(receive())
            held = asyncio.ensure_future(asyncio.to_thread(place.held.wait))
            await asyncio.wait({gone, held}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            gone.cancel()

        async def once_more() -> Message:
            return received.pop() if received else await receive()

        await app(scope, once_more, send)

    return serve


@pytest.fixture(autouse=True)
def closed(place: Place) -> Iterator[None]:
    """No connection outlives its test."""
    yield
    while place.opened:
        place.opened.pop().close()


class TestRemoteSigner(HeldKeyTests):
    """Keys that a remote signer holds."""

    @pytest.fixture
    def holder(self, place: Place) -> RemoteSigner:
        return place.client()


@pytest.fixture
def sick(place: Place) -> Iterator[Place]:
    """The signer, to be made sick; well again afterwards."""
    yield place
    place.signer.spoil, place.signer.status = False, None
    place.held.set()


def test_a_key_that_the_signer_does_not_have_is_missing(place: Place) -> None:
    with pytest.raises(KeyMissing, match="has no key k9 of session"):
        place.client().sign("session", "k9", b"x")


def test_a_wrong_signature_is_not_given_out(sick: Place, tmp_path: Path) -> None:
    keyrings = Keyrings(tmp_path, sick.client())
    keyrings.init()
    key = keyrings.active("pdf").private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    sick.signer.spoil = True

    with pytest.raises(HolderFailed, match="does not verify"):
        key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("status", "asked"), [(503, 3), (403, 1), (422, 1)])
def test_what_passes_is_asked_again_and_a_refusal_is_not(sick: Place, status: int, asked: int) -> None:
    client = sick.client()
    client.generate("session", "k1", "EC")
    sick.signer.status, sick.signer.asked = status, []

    with pytest.raises(HolderFailed, match=str(status)):
        client.sign("session", "k1", b"x")

    assert sick.signer.asked == ["SIGN session-k1"] * asked


@pytest.mark.long
def test_a_signer_that_is_slow_is_not_waited_for_and_soon_not_asked(sick: Place) -> None:
    clock = SystemClock()
    client = sick.open(sick.url, sick.given(), clock)
    client.generate("session", "k1", "EC")
    sick.held.clear()
    told, begun = [], clock.monotonic()
    while "circuit_open" not in str(told[-1:]):
        with pytest.raises(HolderFailed) as failed:
            client.sign("session", "k1", b"x")
        told.append(str(failed.value))

    assert "timed_out" in told[0]
    assert clock.monotonic() - begun < 10 * SIGN.total


async def test_while_the_signer_takes_its_time_over_a_sign_in_another_citizen_is_answered(
    sick: Place, tmp_path: Path, sqlite_store: Store
) -> None:
    keyrings = Keyrings(tmp_path, sick.open(sick.url, sick.given(), SystemClock(), KeysInMemory()))
    keyrings.init()
    env = environment(sqlite_store, keyrings, sqlite_store.clock, [])

    def signing_in(citizen_id: str) -> Coroutine[Any, Any, AppToken]:
        return open_for_umang(env, citizen_id, Assurance.SUBSTANTIAL, platform="LINUX")

    hers = (await signing_in("0193a000-0000-7000-8000-000000000001")).access_token
    sick.held.clear()
    sick.asked.clear()
    other = asyncio.create_task(signing_in("0193a000-0000-7000-8000-000000000002"))
    assert await asyncio.to_thread(sick.asked.wait, 10)

    assert (await subject_for_token(env, hers)).person_id == "0193a000-0000-7000-8000-000000000001"
    assert not other.done()
    sick.held.set()
    assert (await other).access_token


def test_a_signer_that_is_away_is_told_so(place: Place) -> None:
    client = place.open(f"https://127.0.0.1:{free_port()}", place.given(), ManualClock(NOW))

    with pytest.raises(HolderFailed, match="connection_failed"):
        client.sign("session", "k1", b"x")


def test_a_caller_with_a_strange_certificate_gets_nothing(place: Place) -> None:
    files = {f"{name}_file": place.folder / f"strange-{name}.pem" for name in ("certificate", "key")}
    strange = Signer(url=place.url, ca_file=place.folder / "ca.pem", **files)
    place.signer.asked = []

    with pytest.raises(HolderFailed):
        place.open(place.url, strange, ManualClock(NOW)).generate("session", "k1", "EC")

    assert place.signer.asked == []


def test_a_key_is_made_once_under_its_name(place: Place) -> None:
    client = place.client()

    assert client.generate("session", "twice", "EC") == client.generate("session", "twice", "EC")
    with pytest.raises(HolderFailed, match="409"):
        client.generate("session", "twice", "RSA")


def test_the_settings_open_it_and_the_vault_stays_in_a_file_without_a_module(place: Place, tmp_path: Path) -> None:
    keyrings = open_keyrings(Settings(home=tmp_path, signer=place.given()))
    keyrings.init()
    place.opened.append(keyrings._holder)

    assert keyrings.in_file(("session", "pdf", "xml", "vault")) == ["vault"]


def test_files_that_cannot_serve_are_refused_in_one_line(place: Place, tmp_path: Path) -> None:
    given = place.given().model_copy(update={"key_file": place.folder / "ca.pem"})

    with pytest.raises(SettingsRefused, match="the TLS of APUNI_SIGNER__URL"):
        open_keyrings(Settings(home=tmp_path, signer=given))

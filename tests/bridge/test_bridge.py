"""The bridge's wire: ours over a token in Python, and the sandbox's, which was written from the contract apart."""

import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from bridge.pkcs11_token import described
from bridge.serving import own_names, serve_bridge, server_at
from bridge.wire import Bridge, Signed
from domain.kernel import SystemClock
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import SandboxHome
from sandbox.trust_services.authority import read_key
from sandbox.trust_services.server import create_sandbox
from tests.support.bridges import ORIGIN, BridgeTests, ask, certificate_of

pytestmark = pytest.mark.integration


def a_home(folder: Path) -> SandboxHome:
    return SandboxHome(
        system="trust_services",
        folder=folder / "sandbox",
        onboarding=folder / "onboarding.json",
        clock=SandboxClock(base=SystemClock()),
        demo={},
        gateway_url=ORIGIN,
        public_url="http://authority.test",
    )


class PythonToken:
    """A key in memory, with the PIN 4821."""

    def __init__(self, folder: Path) -> None:
        sandbox = create_sandbox(a_home(folder))
        made = sandbox.actions["insert"]({"name": "Officer"})
        kept = sandbox.state.get("token", made["sha256"])
        assert kept is not None
        self.key, self.der = read_key(kept["key"]), base64.b64decode(made["certificate"])

    def certificates(self) -> Sequence[Mapping[str, str]]:
        return [described(self.der)]

    def sign(self, certificate: str, digests: Sequence[str], pin: str) -> Sequence[Signed]:
        assert certificate == hashlib.sha256(self.der).hexdigest()
        if pin != "4821":
            return [Signed(error="PIN_WRONG")] * len(digests)
        signed = [self.key.sign(bytes.fromhex(one), padding.PKCS1v15(), Prehashed(hashes.SHA256())) for one in digests]
        return [Signed(base64.b64encode(one).decode()) for one in signed]


class OurSite:
    """Our bridge on a free port."""

    origin = ORIGIN

    def __init__(self, folder: Path) -> None:
        self.prompts, self._pin = 0, "4821"
        self._answer: str | None = self._pin
        self.server = server_at(0)
        port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{port}"
        self.bridge = Bridge(PythonToken(folder), self._ask_pin, origins=[ORIGIN], hosts=own_names(port))

    def fate(self, fate: str, at: int = 0) -> None:
        del at
        self._answer = {"well": self._pin, "wrong_pin": "0000", "cancelled": None}[fate]

    def _ask_pin(self, count: int) -> str | None:
        assert count > 0
        self.prompts += 1
        return self._answer


class SandboxSite:
    """The sandbox's token on a free port. It asks nobody for a PIN: each call of `sign` is one entry."""

    origin = ORIGIN

    def __init__(self, folder: Path) -> None:
        self.sandbox = create_sandbox(a_home(folder))
        self.sandbox.actions["insert"]({"name": "Officer"})
        self.url = ""

    def fate(self, fate: str, at: int = 0) -> None:
        self.sandbox.actions["fate"]({"fate": fate, "at": at})

    @property
    def prompts(self) -> int:
        return sum(str(one["effect"]).startswith("signed") for one in self.sandbox.ledger.entries())


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[OurSite]:
    site = OurSite(tmp_path)
    serving = threading.Thread(target=serve_bridge, args=(site.server, site.bridge))
    serving.start()
    yield site
    site.server.shutdown()
    serving.join()
    site.server.server_close()


class TestOurBridge(BridgeTests):
    """The program of bridge/."""

    @pytest.fixture
    def site(self, ours: OurSite) -> OurSite:
        return ours

    def test_a_name_that_was_pointed_here_is_refused(self, ours: OurSite):
        headers = {"Origin": ORIGIN, "Host": "evil.test"}

        answer = httpx.post(f"{ours.url}/v1/nonce", json={}, headers=headers, trust_env=False)

        assert (answer.status_code, answer.json()) == (403, {"error": "ORIGIN"})

    def test_the_pin_is_in_no_answer(self, ours: OurSite):
        found = certificate_of(ours)

        answer = ask(ours, "sign", certSha256=found["sha256"], items=[{"id": "a", "sha256": "0" * 64}])

        assert "4821" not in answer.text


class TestTheSandboxsToken(BridgeTests):
    """The token of the city, behind the same wire."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Iterator[SandboxSite]:
        site = SandboxSite(tmp_path)
        config = uvicorn.Config(site.sandbox.app, port=0, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        place = config.bind_socket()
        place.listen()
        site.url = f"http://127.0.0.1:{place.getsockname()[1]}/bridge"
        serving = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        serving.start()
        yield site
        server.should_exit = True
        serving.join()
        place.close()

    @pytest.mark.parametrize(
        ("fate", "errors"), [("locked", ["PIN_LOCKED"] * 3), ("pulled", [None, "TOKEN_GONE", "TOKEN_GONE"])]
    )
    def test_a_token_may_be_locked_or_pulled(self, site: SandboxSite, fate: str, errors: list[str | None]):
        found = certificate_of(site)
        site.fate(fate, 1)

        digests = [hashlib.sha256(str(one).encode()).hexdigest() for one in range(3)]
        asked = [{"id": one, "sha256": one} for one in digests]
        answer = ask(site, "sign", certSha256=found["sha256"], items=asked).json()

        assert [one.get("error") for one in answer["items"]] == errors

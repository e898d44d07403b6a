"""The bridge over SoftHSM2: what `make hsm` runs beside keys of the gateway."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key

from bridge.pkcs11_token import Pkcs11Token
from bridge.serving import own_names, serve_bridge, server_at
from bridge.wire import Bridge
from sandbox.trust_services.authority import read_key
from sandbox.trust_services.server import create_sandbox
from tests.bridge.test_bridge import a_home
from tests.support.bridges import ORIGIN, BridgeTests, ask, certificate_of, items

pytestmark = pytest.mark.integration
MODULE, PIN = os.environ["SOFTHSM"], "4821"


@pytest.fixture(scope="session")
def officers_token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token with an officer's key and certificate."""
    folder = tmp_path_factory.mktemp("officer")
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", "officer", "--so-pin", "9999", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    sandbox = create_sandbox(a_home(folder))
    made = sandbox.actions["insert"]({"name": "Officer"})
    kept = sandbox.state.get("token", made["sha256"])
    assert kept is not None
    key = read_key(kept["key"]).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    with pkcs11.lib(MODULE).get_token(token_label="officer").open(user_pin=PIN, rw=True) as session:
        session.create_object(
            {**decode_rsa_private_key(key), Attribute.TOKEN: True, Attribute.ID: b"\x01", Attribute.PRIVATE: True}
        )
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.ID: b"\x01",
                Attribute.SUBJECT: b"\x30\x00",
                Attribute.VALUE: base64.b64decode(made["certificate"]),
            }
        )
    return made["sha256"]


class HsmSite:
    """Our bridge over the module."""

    origin = ORIGIN

    def __init__(self) -> None:
        self.prompts = 0
        self._answer: str | None = PIN
        self.server = server_at(0)
        port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{port}"
        self.bridge = Bridge(Pkcs11Token(MODULE), self._ask_pin, origins=[ORIGIN], hosts=own_names(port))

    def fate(self, fate: str, at: int = 0) -> None:
        del at
        self._answer = {"well": PIN, "wrong_pin": "0000", "cancelled": None}[fate]

    def _ask_pin(self, count: int) -> str | None:
        assert count > 0
        self.prompts += 1
        return self._answer


@pytest.fixture
def site(officers_token: str) -> Iterator[HsmSite]:
    del officers_token
    made = HsmSite()
    serving = threading.Thread(target=serve_bridge, args=(made.server, made.bridge))
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


class TestTheBridgeOverSoftHsm(BridgeTests):
    """The same tests as of the city's token."""

    def test_after_a_wrong_pin_the_right_one_signs(self, site: HsmSite):
        found = certificate_of(site)
        site.fate("wrong_pin")
        ask(site, "sign", certSha256=found["sha256"], items=items("0" * 64))
        site.fate("well")

        answer = ask(site, "sign", certSha256=found["sha256"], items=items("0" * 64)).json()

        assert answer["items"][0]["signature"]

"""The bridge over SoftHSM2: what `make hsm` runs beside keys of the gateway."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key

from actions.certificates.signing_queue import TokenSignature
from bridge.pkcs11_token import Pkcs11Token
from bridge.serving import own_names, serve_bridge, server_at
from bridge.wire import Bridge
from sandbox.city.kit import Sandbox
from sandbox.trust_services.authority import read_key
from sandbox.trust_services.server import create_sandbox
from tests.bridge.test_bridge import a_home
from tests.support.actions import World
from tests.support.bridges import ORIGIN, BridgeTests, ask, certificate_of, items
from tests.support.signing import signing_in

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
    put_on_token(sandbox, made, b"\x01")
    return str(made["sha256"])


def put_on_token(sandbox: Sandbox, made: Mapping[str, Any], place: bytes) -> None:
    """Put a key of the sandbox with its certificate on the token."""
    kept = sandbox.state.get("token", made["sha256"])
    assert kept is not None
    key = read_key(kept["key"]).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    with pkcs11.lib(MODULE).get_token(token_label="officer").open(user_pin=PIN, rw=True) as session:
        session.create_object(
            {**decode_rsa_private_key(key), Attribute.TOKEN: True, Attribute.ID: place, Attribute.PRIVATE: True}
        )
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.ID: place,
                Attribute.SUBJECT: b"\x30\x00",
                Attribute.VALUE: base64.b64decode(made["certificate"]),
            }
        )


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

    async def test_pdfsig_finds_the_signature_on_a_released_certificate_valid(
        self, site: HsmSite, sqlite_peopled: World, tmp_path: Path
    ):
        signing = await signing_in(sqlite_peopled, tmp_path)
        token = signing.insert()
        put_on_token(signing.sandbox, token, b"\x02")
        await signing.enrol(signing.world.registrar, token)
        application = await signing.decided()
        batch = await signing.prepared(token)
        asked = [{"id": one.id, "sha256": one.digest} for one in batch.items]
        answer = ask(site, "sign", certSha256=token["sha256"], items=asked).json()["items"]
        hashes = {one["id"]: str(one["sha256"]) for one in asked}
        await signing.hand_in(batch, [TokenSignature(one["id"], hashes[one["id"]], one["signature"]) for one in answer])
        certificate = await signing.certificate(application)
        assert certificate is not None
        file = tmp_path / "certificate.pdf"
        file.write_bytes(await signing.world.env.objects.get(certificate.pdf_sha256) or b"")

        said = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False).stdout

        # The second is the time stamp, which pdfsig names and does not verify.
        officers = said.partition("Signature #2")[0]
        assert "Signature Validation: Signature is Valid." in officers
        assert "Signature Type: ETSI.CAdES.detached" in officers

"""Keys in a PKCS#11 module, against SoftHSM2: what `make hsm` runs."""

import os
import subprocess
from pathlib import Path

import pytest

from gateway.installation.checks import State, run_checks
from gateway.installation.machine import check_keys
from gateway.runtime.composition import open_keyrings
from gateway.runtime.pkcs11_keys import Pkcs11Keys
from gateway.settings.keys import Pkcs11
from gateway.settings.settings import Settings
from store.database.errors import HolderFailed
from store.database.keyring import HOLDABLE, PURPOSES
from tests.gateway.documents.conftest import content as content  # noqa: PLC0414 - a fixture
from tests.support.held_keys import HeldKeyTests

MODULE = Path(os.environ["SOFTHSM"])
PIN = "4821"


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token of its own; SoftHSM2 reads where its tokens lie when the library is loaded."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    for label in ("apuni", "second"):
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "9999", "--pin", PIN]
        subprocess.run(command, check=True, capture_output=True)
    return "apuni"


class TestSoftHsm(HeldKeyTests):
    """Keys in SoftHSM2."""

    @pytest.fixture
    def holder(self, token: str) -> Pkcs11Keys:
        return Pkcs11Keys(MODULE, token, PIN)


def test_a_token_that_is_not_there_is_named(token: str) -> None:
    with pytest.raises(HolderFailed, match="APUNI_PKCS11__TOKEN"):
        Pkcs11Keys(MODULE, "another", PIN).generate("session", "k1", "EC")


def test_a_wrong_pin_is_refused_without_being_told(token: str) -> None:
    with pytest.raises(HolderFailed) as refused:
        Pkcs11Keys(MODULE, "second", "0000").generate("session", "k1", "EC")

    assert "0000" not in str(refused.value)


async def test_doctor_tries_the_keys_in_the_module_and_tells_a_wrong_pin_without_it(token: str, tmp_path: Path) -> None:
    def given(pin: str, token: str = token) -> Settings:
        own = {"module": MODULE, "token": token, "pin": pin}
        return Settings.model_validate({"home": tmp_path / "home", "pkcs11": own})

    open_keyrings(given(PIN)).init()
    [tried] = await check_keys(given(PIN))
    [refused] = await run_checks([("keys", lambda: check_keys(given("0000", "second")))], 30)

    assert (tried.state, tried.found) == (
        State.OK,
        f"{len(PURPOSES)} keyrings, of which {len(HOLDABLE)} are held in the module or signer and were tried",
    )
    assert refused.state is State.FAULT
    assert "0000" not in refused.line


def test_a_library_that_is_not_there_is_refused() -> None:
    with pytest.raises(HolderFailed):
        Pkcs11Keys(Path("/nowhere/module.so"), "apuni", PIN).generate("session", "k1", "EC")


def test_the_pin_is_read_from_a_file_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(f"{PIN}\n")
    given = Pkcs11(module=MODULE, pin_file=tmp_path / "pin")

    assert given.read_pin() == PIN
    assert PIN not in repr(Pkcs11(module=MODULE, pin=PIN))

"""PFMS as a partner: connected where its settings are there, at the address that they name, and not else."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.partners import _Opening, _pfms, has_pfms
from gateway.production import refuse_unfit_production
from gateway.settings import SYSTEMS, Settings, SettingsRefused
from integrations.guard import NotAllowed
from tests.support.pfms import open_pfms
from tests.support.remotes import shared_resilience


def given(folder: Path) -> dict[str, object]:
    """What onboarding hands over, as an operator would set it: not the sandbox's mark."""
    world = open_pfms(folder)
    world.sandbox.close()
    return {name: value for name, value in world.given.items() if name != "sandbox"}


def settings(base_url: str, handed: dict[str, object]) -> Settings:
    return Settings.model_validate(
        {"profile": "production", "partners": {"pfms": {"base_url": base_url, "given": handed}}}
    )


@pytest.mark.integration
async def test_the_exchange_goes_to_the_address_of_the_settings_and_to_no_own_network(tmp_path: Path):
    own = settings("sftp://files.pfms.gov.in:2022", given(tmp_path))
    async with AsyncExitStack() as stack:
        shared = shared_resilience()
        connected = _pfms(_Opening(own, shared, stack), own, shared)
        exchange = connected["pfms"]
        assert (exchange._settings.host, exchange._settings.port) == ("files.pfms.gov.in", 2022)
        assert connected["pfms_identity"].source_id == "0905"
        assert connected["pfms_identity"].scheme_code("uk-old-age-pension") == "UKOAP"
        assert connected["pfms_identity"].scheme_code("unknown") is None
        assert connected["pfms_identity"].agency_of("49").code == "UKDD0001"
        assert connected["pfms_identity"].agency_of("1").code == "UKST0001"
        with pytest.raises(NotAllowed):
            await exchange._addresses("127.0.0.1", 2022)


async def test_without_settings_nothing_is_connected_outside_the_demo():
    own = Settings.model_validate({"profile": "production"})
    async with AsyncExitStack() as stack:
        shared = shared_resilience()
        assert _pfms(_Opening(own, shared, stack), own, shared) == {}
    assert not has_pfms(own)
    assert has_pfms(Settings())


@pytest.mark.integration
@pytest.mark.parametrize("spoilt", ["host_keys", "client_key", "signing_key", "scheme_codes", "source_id"])
async def test_a_missing_part_is_told_at_the_start(tmp_path: Path, spoilt: str):
    handed = given(tmp_path)
    del handed[spoilt]
    own = settings("sftp://files.pfms.gov.in", handed)
    async with AsyncExitStack() as stack:
        shared = shared_resilience()
        with pytest.raises(SettingsRefused, match=f"pfms lacks '{spoilt}'"):
            _pfms(_Opening(own, shared, stack), own, shared)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("sftp://files.pfms.gov.in:2022", None),
        ("https://files.pfms.gov.in", "the address of pfms is a sandbox's or not sftp"),
        ("sftp://127.0.0.1:2022", "the address of pfms is a sandbox's or not sftp"),
        ("sftp://localhost", "the address of pfms is a sandbox's or not sftp"),
    ],
)
def test_production_wants_sftp_to_a_public_host(monkeypatch, address, reason):
    with pytest.raises(SettingsRefused) as refused:
        refuse_unfit_production(settings(address, {"source_id": "0905"}))
    told = [each for each in refused.value.reasons if "pfms" in each]
    assert told == ([reason] if reason else [])
    assert "pfms" not in SYSTEMS
    assert json.dumps(told)

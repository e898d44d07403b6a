"""PFMS as a partner: connected where its settings are there, at the address that they name, and not else."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.kernel import Source, SystemIds
from domain.payments.files import Transport
from gateway.runtime.partners import addresses, connected_sources, is_connected, open_clients
from gateway.runtime.production import refuse_unfit_production
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings, SettingsRefused
from integrations.calling.ssrf_guard import NotAllowed
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from tests.support.pfms import open_pfms
from tests.support.remotes import shared_resilience


def given(folder: Path) -> dict[str, object]:
    """What onboarding hands over, as an operator would set it: not the sandbox's mark."""
    world = open_pfms(folder)
    world.sandbox.close()
    return {name: value for name, value in world.given.items() if name != "sandbox"}


def open_pfms_clients(own: Settings) -> AbstractAsyncContextManager[dict[str, Any]]:
    """The clients of PFMS, as if it were the only system."""
    shared = shared_resilience()
    return open_clients(own, shared, SystemIds(shared.clock), OutsideSystems((OUTSIDE_SYSTEMS["pfms"],)))


def settings(base_url: str, handed: dict[str, object], way: Transport = Transport.SFTP) -> Settings:
    return Settings.model_validate(
        {
            "profile": "production",
            "pfms": {"transport": way.value},
            "partners": {"pfms": {"base_url": base_url, "given": handed}},
        }
    )


@pytest.mark.integration
async def test_the_exchange_goes_to_the_address_of_the_settings_and_to_no_own_network(tmp_path: Path):
    own = settings("sftp://files.pfms.gov.in:2022", given(tmp_path))
    async with open_pfms_clients(own) as clients:
        made = clients["pfms"]
        exchange = made.exchange
        assert (exchange._settings.host, exchange._settings.port) == ("files.pfms.gov.in", 2022)
        assert made.identity.source_id == "0905"
        assert made.identity.scheme_code("uk-old-age-pension") == "UKOAP"
        assert made.identity.scheme_code("unknown") is None
        assert made.identity.agency_of("49").code == "UKDD0001"
        assert made.identity.agency_of("1").code == "UKST0001"
        with pytest.raises(NotAllowed):
            await exchange._addresses("127.0.0.1", 2022)


async def test_without_settings_nothing_is_connected_outside_the_demo():
    own = Settings.model_validate({"profile": "production"})
    async with open_pfms_clients(own) as clients:
        assert set(clients) == {"identity", "connectors"}
        assert clients["identity"] == {}
    assert not is_connected(own, OUTSIDE_SYSTEMS["pfms"])
    assert is_connected(Settings(), OUTSIDE_SYSTEMS["pfms"])


@pytest.mark.integration
@pytest.mark.parametrize("spoilt", ["host_keys", "client_key", "signing_key", "scheme_codes", "source_id"])
async def test_a_missing_part_is_told_at_the_start(tmp_path: Path, spoilt: str):
    handed = given(tmp_path)
    del handed[spoilt]
    own = settings("sftp://files.pfms.gov.in", handed)
    with pytest.raises(SettingsRefused, match=f"pfms lacks '{spoilt}'"):
        await open_pfms_clients(own).__aenter__()


@pytest.mark.integration
async def test_the_exchange_by_rest_goes_to_the_address_of_the_settings_with_its_own_credentials(tmp_path: Path):
    handed = given(tmp_path)
    own = settings("https://files.pfms.gov.in", handed, Transport.REST)
    async with open_pfms_clients(own) as clients:
        exchange = clients["pfms"].exchange
        assert isinstance(exchange, RestExchange)
        assert exchange._remote._base_url == "https://files.pfms.gov.in"
        assert exchange._settings.client_id == handed["client_id"]
    assert addresses(with_all(own))[Source.PFMS] == ["https://files.pfms.gov.in"]


@pytest.mark.integration
@pytest.mark.parametrize("spoilt", ["client_id", "client_secret", "signing_key"])
async def test_a_part_that_rest_wants_is_missed_at_the_start(tmp_path: Path, spoilt: str):
    handed = given(tmp_path)
    del handed[spoilt]
    own = settings("https://files.pfms.gov.in", handed, Transport.REST)
    with pytest.raises(SettingsRefused, match=f"pfms lacks '{spoilt}'"):
        await open_pfms_clients(own).__aenter__()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("way", "address", "reason"),
    [
        (
            Transport.REST,
            "sftp://files.pfms.gov.in",
            "TRANSPORT is REST, but the address of pfms is one of sftp",
        ),
        (Transport.SFTP, "https://files.pfms.gov.in", "TRANSPORT is SFTP, but the address of pfms is not one of sftp"),
    ],
)
async def test_a_way_and_an_address_that_do_not_fit_are_told_at_the_start(
    tmp_path: Path, way: Transport, address: str, reason: str
):
    own = settings(address, given(tmp_path), way)
    with pytest.raises(SettingsRefused, match=reason):
        await open_pfms_clients(own).__aenter__()


@pytest.mark.integration
async def test_the_way_of_before_is_connected_at_its_own_address_while_files_are_under_way(tmp_path: Path):
    own = settings("https://files.pfms.gov.in", given(tmp_path), Transport.REST)
    own.pfms.former_url = "sftp://old.pfms.gov.in:2022"
    async with open_pfms_clients(own) as clients:
        made = clients["pfms"]
        assert (made.way, type(made.exchange)) == (Transport.REST, RestExchange)
        assert isinstance(made.former, SftpExchange)
        assert (made.former._settings.host, made.former._settings.port) == ("old.pfms.gov.in", 2022)
    own.pfms.former_url = "https://old.pfms.gov.in"
    with pytest.raises(SettingsRefused, match="FORMER_URL is no address of SFTP"):
        await open_pfms_clients(own).__aenter__()


FORMER = "the former address of pfms is a sandbox's or not sftp; set APUNI_PFMS__FORMER_URL"


@pytest.mark.parametrize(
    ("former", "reasons"),
    [
        ("sftp://old.pfms.gov.in", []),
        ("sftp://127.0.0.1", [FORMER]),
        ("https://old.pfms.gov.in", [FORMER]),
    ],
)
def test_production_wants_a_public_address_of_the_way_of_before_too(former, reasons):
    own = settings("https://files.pfms.gov.in", {"source_id": "0905"}, Transport.REST)
    own.pfms.former_url = former
    with pytest.raises(SettingsRefused) as refused:
        refuse_unfit_production(own)
    assert [each for each in refused.value.reasons if "pfms" in each] == reasons


def test_another_way_than_the_two_is_refused():
    with pytest.raises(ValidationError, match="SFTP"):
        Settings.model_validate({"pfms": {"transport": "FTP"}})


def test_a_host_of_sftp_is_among_those_that_are_tried_at_the_start():
    assert addresses(with_all(settings("sftp://files.pfms.gov.in", {})))[Source.PFMS] == ["sftp://files.pfms.gov.in"]
    assert Source.PFMS in connected_sources(settings("sftp://files.pfms.gov.in", {}))
    assert Source.PFMS not in connected_sources(Settings.model_validate({"profile": "production"}))


def with_all(own: Settings) -> Settings:
    """The same with an address of every system that this gateway cannot do without."""
    others = {
        system: Partner(base_url=f"https://{system.replace('_', '-')}.gov.in") for system in OUTSIDE_SYSTEMS.required
    }
    return own.model_copy(update={"partners": {**others, **own.partners}})


@pytest.mark.parametrize(
    ("way", "address", "reason"),
    [
        (Transport.SFTP, "sftp://files.pfms.gov.in:2022", None),
        (Transport.SFTP, "https://files.pfms.gov.in", "the address of pfms is a sandbox's or not sftp"),
        (Transport.SFTP, "sftp://127.0.0.1:2022", "the address of pfms is a sandbox's or not sftp"),
        (Transport.SFTP, "sftp://localhost", "the address of pfms is a sandbox's or not sftp"),
        (Transport.REST, "https://files.pfms.gov.in", None),
        (Transport.REST, "http://files.pfms.gov.in", "the address of pfms is a sandbox's or not https"),
        (Transport.REST, "sftp://files.pfms.gov.in", "the address of pfms is a sandbox's or not https"),
        (Transport.REST, "https://127.0.0.1", "the address of pfms is a sandbox's or not https"),
    ],
)
def test_production_wants_the_way_of_the_settings_to_a_public_host(way, address, reason):
    with pytest.raises(SettingsRefused) as refused:
        refuse_unfit_production(settings(address, {"source_id": "0905"}, way))
    told = [each for each in refused.value.reasons if "pfms" in each]
    to_set = "set APUNI_PARTNERS__PFMS__BASE_URL to what pfms handed over"
    assert told == ([f"{reason}; {to_set}"] if reason else [])
    assert "pfms" not in OUTSIDE_SYSTEMS.required
    assert json.dumps(told)

"""A row of the registry is all that a new outside system needs besides its two folders (tests/support/toy)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from actions.kernel import Partners
from domain.kernel import Source, SourceState, SystemIds
from gateway.runtime.partners import addresses, connected_sources, open_partners
from gateway.runtime.production import refuse_unfit_production
from gateway.settings.partners import Partner
from gateway.settings.settings import Profile, Settings, SettingsRefused
from integrations.registry import OUTSIDE_SYSTEMS, Need, OutsideSystems, System
from sandbox.city.kit import load_demo
from sandbox.city.serving import City
from sandbox.server import sandbox_factories
from tests.faults.adapters import ADAPTERS
from tests.faults.base import CLIENT_CREDENTIALS, NOT_SIGNED, ONE_RECORD, Adapter
from tests.faults.cells import run_cells
from tests.faults.coverage import without_faults
from tests.faults.kinds import kinds
from tests.faults.site import DEMO, Line, open_site
from tests.support.remotes import shared_resilience
from tests.support.toy import Toy

TOY = System("toy", Source.SMART_CITY, "tests.support.toy", "tests.support.toy.sandbox", Need.OPTIONAL)
WITH_TOY = OutsideSystems((*OUTSIDE_SYSTEMS, TOY))


class ToyCall(Adapter):
    name, system, source = "toy.greet", "toy", Source.SMART_CITY
    policies = TOY.load_face().POLICIES
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": CLIENT_CREDENTIALS,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
        "owner": "it is nobody's",
    }

    def client(self, line: Line) -> Toy:
        return Toy(line.remote, str(self.site.onboarding["key"]))

    async def ask(self, client: Toy, number: int) -> Any:
        del number
        return await client.greet()


def partner(system: str) -> Partner:
    return Partner(base_url=f"https://{system.replace('_', '-')}.gov.in", given={"key": "own"})


def reasons(partners: Mapping[str, Partner], registry: OutsideSystems) -> list[str]:
    """Why production does not start, as far as the toy is concerned."""
    with pytest.raises(SettingsRefused) as refused:
        refuse_unfit_production(Settings(profile=Profile.PRODUCTION, partners=dict(partners)), registry)
    return [reason for reason in refused.value.reasons if "toy" in reason.lower()]


@asynccontextmanager
async def in_the_city(home: Path, registry: OutsideSystems) -> AsyncIterator[Partners]:
    """The clients of all systems, with the sandboxes that the registry names."""
    settings, shared = Settings(home=home), shared_resilience()
    city = City(home, load_demo(DEMO), port=0, gateway_url="http://127.0.0.1:1", factories=sandbox_factories(registry))
    await city.start()
    try:
        async with open_partners(settings, shared, SystemIds(shared.clock), registry) as partners:
            yield partners
    finally:
        await city.stop()


def test_production_asks_for_the_settings_of_a_required_system_and_examines_those_of_an_optional_one():
    required = OutsideSystems((*OUTSIDE_SYSTEMS, replace(TOY, need=Need.REQUIRED)))
    sandbox = Partner(base_url="http://127.0.0.1:9000/toy", given={"sandbox": True})

    assert reasons({}, required) == ["APUNI_PARTNERS__TOY is not set"]
    assert reasons({}, WITH_TOY) == []
    assert reasons({"toy": sandbox}, WITH_TOY) == [
        "the address of toy is a sandbox's or not https; set APUNI_PARTNERS__TOY__BASE_URL to what toy handed over",
        "the credentials of toy are a sandbox's; set APUNI_PARTNERS__TOY__GIVEN to what toy handed over",
    ]
    assert reasons({"toy": partner("toy")}, WITH_TOY) == []


def test_its_calls_and_codes_are_in_the_tables_and_its_address_is_tried():
    partners = {name: partner(name) for name in (*OUTSIDE_SYSTEMS.required, "toy")}
    settings = Settings(profile=Profile.PRODUCTION, partners=partners)

    assert WITH_TOY.policies_by_name["toy.greet"].source is Source.SMART_CITY
    assert WITH_TOY.codes[Source.SMART_CITY] == {"a status from 500": "Unavailable"}
    assert connected_sources(settings, WITH_TOY) - connected_sources(settings) == {Source.SMART_CITY}
    assert addresses(settings, WITH_TOY)[Source.SMART_CITY] == ["https://toy.gov.in"]


@pytest.mark.parametrize(("given", "tried"), [({}, None), ({"push": {"secret": "s"}}, ["https://etaal.gov.in"])])
def test_e_taal_is_tried_where_it_is_sent_counts_and_not_where_it_only_asks_us(
    given: dict[str, object], tried: list[str] | None
):
    partners = {name: partner(name) for name in OUTSIDE_SYSTEMS.required}
    partners["etaal"] = Partner(base_url="https://etaal.gov.in", given={"key": "own", **given})

    assert addresses(Settings(profile=Profile.PRODUCTION, partners=partners)).get(Source.E_TAAL) == tried


@pytest.mark.integration
async def test_its_sandbox_is_in_the_city_and_its_client_among_the_others(tmp_path: Path):
    async with in_the_city(tmp_path, WITH_TOY) as partners:
        toy = partners.find(Toy)
        assert toy is not None
        greeting = await toy.greet()

    assert (greeting.value, greeting.source, greeting.state) == ("namaste", Source.SMART_CITY, SourceState.LIVE)


@pytest.mark.integration
async def test_every_client_has_its_field(tmp_path: Path):
    async with in_the_city(tmp_path, OUTSIDE_SYSTEMS) as partners:
        missing = {field.name for field in fields(Partners) if getattr(partners, field.name) is None}

    assert missing == set()
    assert set(partners.others) - {"connectors"} <= {each.name for each in OUTSIDE_SYSTEMS}
    assert partners.find(Toy) is None


def test_without_an_adapter_in_the_fault_matrix_it_is_told():
    assert without_faults(WITH_TOY) == ["call toy.greet", "sandbox toy"]
    assert without_faults(WITH_TOY, (*ADAPTERS, ToyCall)) == []
    assert without_faults(OutsideSystems((*OUTSIDE_SYSTEMS, replace(TOY, calls_us=True))), (*ADAPTERS, ToyCall)) == [
        "endpoint toy"
    ]


@pytest.mark.integration
async def test_it_meets_the_faults_of_the_matrix(tmp_path: Path):
    met = [kind for kind in kinds() if kind.name in {"none", "connection refused", "500 burst of 30"}]

    async with open_site(tmp_path, "toy", registry=WITH_TOY) as site:
        rows = await run_cells(site, ToyCall(site), met, asyncio.Semaphore(1))

    assert [row.kind for row in rows] == [kind.name for kind in met]
    assert [row.faulty for row in rows if row.faulty] == []

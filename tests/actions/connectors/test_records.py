"""Records of departments' systems: what anybody reads, and what a citizen reads by her consent for it."""

from pathlib import Path
from typing import Any

import pytest

from actions.connectors.reads import open_records, records_of_citizen
from actions.consents.consents import ChangeConsent, grant_consent, withdraw_consent
from domain.consents.consents import ConsentPurpose
from domain.kernel import ErrorCode, Problems, Source, SourceState
from store.identity import accesses
from tests.support.actions import World
from tests.support.connectors import Connected, connect, put_in_force, shipped

SYSTEMS = ConsentPurpose.DEPARTMENT_SYSTEMS
LICENCES = "connector/transport/driving_licence"


@pytest.fixture
async def transport(world: World, tmp_path: Path) -> Connected:
    """The transport department's system, which is in force."""
    await put_in_force(world, shipped("transport"))
    return connect(world, tmp_path, "transport")["transport"]


async def licences(world: World, subject: Any = None, **given: str) -> Any:
    asha = world.asha.person_id or ""
    return await records_of_citizen(world.env, subject or world.asha, asha, "transport", "driving_licence", given)


async def consented(world: World, *scopes: str) -> None:
    await grant_consent(world.env, world.asha, ChangeConsent(SYSTEMS, "yes", documents=scopes or None))


async def refused(work: Any) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await work
    return caught.value.code


async def receipts(world: World) -> list[tuple[str, str | None]]:
    """What was read of Asha at outside systems, and from which source."""
    async with world.env.store.read_transaction() as tx:
        found = await accesses.of_citizen(tx, world.asha.person_id or "", 100)
    return [(one.object_id or "", one.source) for one in found if one.source == "DEPARTMENTS"]


async def test_a_citizen_reads_her_records_with_her_consent_and_a_receipt(world: World, transport: Connected):
    await consented(world)

    view = await licences(world)

    assert view.complete
    assert [one.told[:2] for one in view.records] == [(Source.DEPARTMENTS, SourceState.LIVE)] * len(view.records)
    assert [one.values["number"][:2] for one in view.records] == ["UK"] * len(view.records)
    assert len(view.records) > 0
    assert await receipts(world) == [(LICENCES, "DEPARTMENTS")]


async def test_without_consent_no_call_is_in_the_ledger_and_no_receipt(world: World, transport: Connected):
    assert await refused(licences(world)) is ErrorCode.CONSENT_REQUIRED
    assert (transport.effects(), await receipts(world)) == ([], [])


async def test_a_consent_for_one_kind_opens_no_other(world: World, transport: Connected):
    await consented(world, "connector/transport/licence_request")

    assert await refused(licences(world)) is ErrorCode.CONSENT_REQUIRED
    assert transport.effects() == []


async def test_a_consent_names_only_what_a_file_asks_for(world: World, transport: Connected):
    assert await refused(consented(world, "connector/elsewhere/thing")) is ErrorCode.DOCUMENT_UNKNOWN


async def test_a_consent_that_was_taken_back_opens_nothing(world: World, transport: Connected):
    await consented(world)
    await withdraw_consent(world.env, world.asha, ChangeConsent(SYSTEMS, "no"))

    assert await refused(licences(world)) is ErrorCode.CONSENT_REQUIRED


async def test_a_neighbour_reads_nothing_of_her(world: World, transport: Connected):
    await consented(world)

    assert await refused(licences(world, world.sunil)) is ErrorCode.NOT_FOUND
    assert transport.effects() == []


async def test_what_says_who_she_is_comes_from_us_and_not_from_the_caller(world: World, transport: Connected):
    await consented(world)

    assert await refused(licences(world, mobile="9800000002")) is ErrorCode.BAD_INPUT
    assert transport.effects() == []


async def test_an_unknown_kind_is_told_at_its_argument(world: World, transport: Connected):
    with pytest.raises(Problems) as caught:
        await records_of_citizen(world.env, world.asha, world.asha.person_id or "", "transport", "horse", {})

    assert caught.value.problems[0].path == ("kind",)


async def test_everybody_reads_open_records_by_district(world: World, tmp_path: Path):
    await put_in_force(world, shipped("ncs"))
    connect(world, tmp_path, "ncs")

    view = await open_records(world.env, "vacancy", None, {"district": "56"})

    assert {one.values["district"] for one in view.records} == {"56"}
    assert list(view.told) == ["ncs"]


async def test_a_system_that_is_away_is_a_missing_part_and_not_an_error_of_the_others(world: World, tmp_path: Path):
    other = shipped("ncs").replace("name: ncs", "name: other")
    await put_in_force(world, shipped("ncs"), other)
    connect(world, tmp_path, "ncs")

    view = await open_records(world.env, "vacancy", None, {})

    assert not view.complete
    assert {one.connector.name for one in view.records} == {"ncs"}
    assert [one.source for one in view.failures] == [Source.NCS]

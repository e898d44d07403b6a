"""What people do with systems that joined by files: verbs, store and clients of ours, sandboxes over real sockets."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.connectors.reads import open_records, records_of_citizen
from actions.connectors.sending import SendToDepartment, send_case, send_to_department
from actions.consents.consents import ChangeConsent, grant_consent
from domain.connectors import DepartmentCase, DepartmentCaseState
from domain.consents.consents import ConsentPurpose
from domain.kernel import ErrorCode, Problems
from integrations.calling.errors import Unavailable
from integrations.connectors import Connectors
from sandbox.connectors.server import sandbox_of
from sandbox.server import connector_factories
from store.connectors import cases
from tests.support.actions import World
from tests.support.connecting import SPECIMEN, ConnectedCity, a_city
from tests.support.connectors import put_in_force, shipped

pytestmark = pytest.mark.integration


@pytest.fixture
async def city(world: World, tmp_path: Path) -> AsyncIterator[ConnectedCity]:
    """The city with every shipped system and one that only its file describes, connected with the world."""
    factories = {**connector_factories(), SPECIMEN.stem: sandbox_of(SPECIMEN)}
    started = await a_city(tmp_path, factories, world.clock)
    clients = Connectors(started.remote, started.given, world.env.ids)
    others = {**world.env.partners.others, "connectors": clients}
    world.env = replace(world.env, partners=replace(world.env.partners, others=others))
    yield started
    await started.stop()


async def consented(world: World) -> None:
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "yes"))


async def sent(world: World, system: str, call: str, **inputs: str) -> DepartmentCase:
    """What she sends to a system, delivered as by the worker."""
    request = SendToDepartment(system, call, "1", tuple(inputs.items()))
    case, _ = await send_to_department(world.env, world.asha, request)
    await send_case(world.env, case.id)
    async with world.env.store.read_transaction() as tx:
        return (await cases.get(tx, case.id)) or case


async def hers(world: World, system: str, kind: str, given: Mapping[str, str] | None = None) -> Any:
    return await records_of_citizen(world.env, world.asha, world.asha.person_id or "", system, kind, given or {})


async def test_a_job_seeker_links_her_account_and_sees_her_application_and_vacancies(world: World, city: ConnectedCity):
    await put_in_force(world, shipped("ncs"))
    number = (await city.act("ncs", "apply", person="asha-negi", vacancy="V560001"))["number"]
    await city.act("ncs", "decide", number=number, status="SHORTLISTED")
    await consented(world)

    linked = await sent(world, "ncs", "link")
    applications = await hers(world, "ncs", "job_application")
    vacancies = await open_records(world.env, "vacancy", "ncs", {"district": "56", "skill": "2221.0200"})

    assert linked.state is DepartmentCaseState.SENT
    assert [(one.values["number"], one.values["status"]) for one in applications.records] == [(number, "IN_PROCESS")]
    assert (len(vacancies.records), vacancies.complete) == (30, True)


async def test_without_her_consent_national_career_service_is_asked_nothing(world: World, city: ConnectedCity):
    await put_in_force(world, shipped("ncs"))

    with pytest.raises(Problems) as refused:
        await sent(world, "ncs", "link")

    assert refused.value.code is ErrorCode.CONSENT_REQUIRED
    assert city.effects("ncs") == []


async def test_a_request_to_the_department_waits_while_it_is_away_and_is_made_once(world: World, city: ConnectedCity):
    await put_in_force(world, shipped("transport"))
    await consented(world)
    city.city.sandboxes["transport"].faults.set([{"kind": "status", "params": {"status": 503}}])
    inputs = (("kind", "ADDRESS"), ("licence", "UK0720140000001"), ("text", "नया पता"))
    case, _ = await send_to_department(world.env, world.asha, SendToDepartment("transport", "request", "1", inputs))
    with pytest.raises(Unavailable):
        await send_case(world.env, case.id)
    city.city.sandboxes["transport"].faults.clear()

    await send_case(world.env, case.id)
    await send_case(world.env, case.id)

    assert len((await city.act("transport", "requests"))["requests"]) == 1


async def test_a_further_system_joins_by_its_file_alone(world: World, city: ConnectedCity):
    await put_in_force(world, SPECIMEN.read_text("utf-8"))

    found = await open_records(world.env, "machine", None, {"district": "49"})

    assert [(one.values["number"], one.values["rent"]) for one in found.records] == [("M-7", 125000)]
    assert city.effects("agriculture") == ["example of machines"]


async def test_a_complaint_with_photograph_and_place_is_there_once_though_answer_and_worker_were_lost(
    world: World, city: ConnectedCity
):
    await put_in_force(world, shipped("smart_city"))
    await consented(world)
    lost = {"kind": "status", "route": "/open311/v2/requests.*", "params": {"status": 504, "after": True}}
    city.city.sandboxes["smart_city"].faults.set([lost])
    photo = "https://files.example.in/p/1.jpg"
    inputs = (("category", "ROAD"), ("text", "गड्ढा"), ("place", "30.3165,78.0322"), ("photo", photo))
    case, _ = await send_to_department(world.env, world.asha, SendToDepartment("smart_city", "complain", "1", inputs))
    with pytest.raises(Unavailable):
        await send_case(world.env, case.id)  # the worker ends here, with nothing noted but that it had tried
    city.city.sandboxes["smart_city"].faults.clear()
    world.clock.advance(timedelta(minutes=10))

    await send_case(world.env, case.id)

    [kept] = (await city.act("smart_city", "complaints"))["complaints"].values()
    assert (kept["media_url"], kept["lat"], kept["long"]) == (photo, 30.3165, 78.0322)

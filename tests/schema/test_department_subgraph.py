"""The typed subgraph gives by its types what the graph gives in general, under the same consent."""

from pathlib import Path

from graphql import parse

from actions.consents.consents import ChangeConsent, grant_consent
from domain.consents.consents import ConsentPurpose
from domain.kernel import Language, Subject, TypeCode, to_global_id
from integrations.calling.monitor import SourceMonitor
from integrations.connectors import read_connector
from schema.department_subgraph import build_typed
from schema.kernel import Context
from schema.kernel.answers import execute_document
from tests.support.actions import World
from tests.support.connectors import connect, put_in_force, shipped

VACANCIES = '{ ncsVacancy(district: "56") { number title pay lastOn district } }'
LICENCES = """query ($of: [_Any!]!) { _entities(representations: $of) {
  ... on Citizen { transportDrivingLicence { number status validTo } } } }"""


async def ask(world: World, document: str, subject: Subject, **variables):
    files = [read_connector(shipped(name).encode()) for name in ("ncs", "transport")]
    context = Context(
        request_id="r",
        subject=subject,
        language=Language.EN,
        environment=world.env,
        monitor=SourceMonitor(()),
        federation=True,
    )
    return await execute_document(build_typed(files), parse(document), context, variables=variables)


async def ready(world: World, folder: Path) -> list[dict[str, str]]:
    await put_in_force(world, shipped("ncs"), shipped("transport"))
    connect(world, folder, "ncs", "transport")
    return [{"__typename": "Citizen", "id": to_global_id(TypeCode.CITIZEN, world.asha.person_id or "")}]


async def test_anybody_reads_vacancies_by_their_own_type(sqlite_peopled: World, tmp_path: Path):
    await ready(sqlite_peopled, tmp_path)

    answer = await ask(sqlite_peopled, VACANCIES, sqlite_peopled.sunil)

    assert answer.errors is None
    assert {one["district"] for one in answer.data["ncsVacancy"]} == {"56"}
    assert answer.extensions["sources"][0]["system"] == "ncs"


async def test_a_citizen_reads_her_licence_once_she_consented(sqlite_peopled: World, tmp_path: Path):
    world, of = sqlite_peopled, await ready(sqlite_peopled, tmp_path)
    without = await ask(world, LICENCES, world.asha, of=of)
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "yes"))

    answer = await ask(world, LICENCES, world.asha, of=of)

    assert without.errors[0].extensions["code"] == "CONSENT_REQUIRED"
    assert answer.errors is None
    assert answer.data["_entities"][0]["transportDrivingLicence"][0]["number"].startswith("UK")


async def test_a_neighbour_finds_nobody(sqlite_peopled: World, tmp_path: Path):
    world, of = sqlite_peopled, await ready(sqlite_peopled, tmp_path)

    answer = await ask(world, LICENCES, world.sunil, of=of)

    assert answer.errors[0].extensions["code"] == "NOT_FOUND"

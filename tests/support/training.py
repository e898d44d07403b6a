"""A training home: the gateway's own endpoint over a store with the catalogue, its learners and their sessions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from starlette.applications import Starlette
from strawberry.schema import BaseSchema

from actions.identity.sessions import person_of_token
from actions.kernel import Environment
from demo.training.trainer import CaseTrainer
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.doorstep import DoorstepAgent
from domain.kernel import Bilingual, Officer, OfficerLevel, Operator, PersonKind, Posting, Role, Subject
from domain.platform.switches import Switchboard
from gateway.app import graphql_routes
from gateway.http.callers import Callers
from gateway.http.edge import Edge
from gateway.settings.settings import Settings
from gateway.settings.subscriptions import Streams
from gateway.streams.streams import open_streams
from integrations.calling.monitor import SourceMonitor
from store import doorstep
from store.catalogue import centres
from store.identity import people
from tests.support.gateway_process import a_token
from tests.support.served import served

TRAINER = CaseTrainer()
_REVENUE = "revenue-department"
POSTS: Mapping[str, Posting] = {
    "tehsildar": Posting(Role.OFFICER, _REVENUE, "49", "304", OfficerLevel.DESIGNATED),
    "sdm": Posting(Role.APPELLATE, _REVENUE, "49", None, OfficerLevel.FIRST_APPELLATE),
    "head": Posting(Role.DEPARTMENT_ADMIN, _REVENUE),
    "finance": Posting(Role.FINANCE_OFFICER, "social-welfare-development", "49"),
    "administrator": Posting(Role.ADMIN),
}
OPERATORS: Mapping[str, Role] = {"agent": Role.DOORSTEP_AGENT, "principal": Role.PRINCIPAL}
SCHOOL = "SCHOOL-1"

START = """mutation($input: StartExerciseInput!) { startExercise(input: $input) {
  attempt { id number state } userErrors { code } } }"""
HINT = """mutation($input: ShowHintInput!) { showHint(input: $input) { attempt { hints } userErrors { code } } }"""
RESET = """mutation($input: ResetTrainingInput!) { resetTraining(input: $input) {
  attempt { id } userErrors { code } } }"""
MINE = """{ trainingExercises { key title hints hintsLeft attempt {
  id number link hints state marks { state text told(language: EN) } } } }"""
PROGRESS = """{ trainingProgress(first: 20) { nodes {
  id learner title department { slug } district { code } state } } }"""


def officer(name: str) -> Subject:
    """A learner, or who sees the progress of learners, by the name of her post."""
    posting = POSTS[name]
    return Subject(frozenset({posting.role}), PersonKind.OFFICER, name, (posting,))


def operator(name: str) -> Subject:
    """A doorstep agent, or the principal of a school."""
    places = frozenset({SCHOOL}) if name == "principal" else frozenset[str]()
    return Subject(frozenset({OPERATORS[name]}), PersonKind.OPERATOR, name, district="49", places=places)


async def enter_learners(env: Environment) -> None:
    """Enter everybody who is trained, and those above them."""
    async with env.store.write_transaction() as tx:
        for name, posting in POSTS.items():
            title = Bilingual("अधिकारी", "Officer")
            await people.add_officer(
                tx, Officer(name, Bilingual(None, name), title, f"{name}@train.example", (posting,))
            )
        for name in OPERATORS:
            await people.add_operator(
                tx, Operator(name, Bilingual(None, name), f"K-{name}", Bilingual(None, name), "49", "304")
            )
        await doorstep.add_agent(tx, DoorstepAgent("agent", "49", "304"))
        school = Centre(SCHOOL, CentreKind.SCHOOL, Bilingual(None, "School"), "49", "304", open=True)
        counter = Centre("CSC-1", CentreKind.CSC, Bilingual(None, "Centre"), "49", "304", open=True)
        await centres.save_centres(tx, [school, counter])
        await centres.bind(
            tx, [Binding("principal", SCHOOL, "principal@school.example"), Binding("agent", "CSC-1", None)]
        )


@dataclass(frozen=True)
class TrainingHome:
    """The gateway, and who asks it by what token."""

    env: Environment
    client: httpx.AsyncClient
    tokens: Mapping[str, str]
    drawn: list[None]

    async def ask(self, who: str, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer; raises AssertionError where there is an error in it."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        given = await self.client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        answer = given.json()
        assert not answer.get("errors"), answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def change(self, who: str, document: str, **given: Any) -> dict[str, Any]:
        """What a mutation gives, under a key of its own; raises AssertionError where it is refused."""
        self.drawn.append(None)
        data = await self.ask(who, document, input={**given, "idempotencyKey": f"training-{len(self.drawn)}"})
        (payload,) = data.values()
        assert payload["userErrors"] == [], payload["userErrors"]
        changed: dict[str, Any] = payload
        return changed

    async def start(self, who: str, exercise: str) -> str:
        """Begin an exercise; gives the number of its case, or an empty text."""
        begun = await self.change(who, START, exercise=exercise)
        return begun["attempt"]["number"] or ""

    async def marks(self, who: str, exercise: str) -> tuple[str, list[tuple[str, str | None]]]:
        """Where an exercise stands: as a whole, and each mark with what is told of it."""
        mine = (await self.ask(who, MINE))["trainingExercises"]
        attempt = next(one["attempt"] for one in mine if one["key"] == exercise)
        return attempt["state"], [(mark["state"], mark["told"]) for mark in attempt["marks"]]


@asynccontextmanager
async def training_home(env: Environment, graph: BaseSchema) -> AsyncIterator[TrainingHome]:
    """A gateway over the environment, on a socket of this machine, with a trainer and all its learners."""
    env = replace(env, trainer=lambda: TRAINER)
    await enter_learners(env)
    subjects = {name: officer(name) for name in POSTS} | {name: operator(name) for name in OPERATORS}
    tokens = {name: await a_token(env, subject) for name, subject in subjects.items()}
    callers = Callers(env.clock.monotonic, lambda token: person_of_token(env, token))
    settings = Settings(graphiql=False)
    edge = Edge(env.clock, env.ids, introspection=True, origins=(settings.url,), callers=callers)
    house: Any = _House(env, SourceMonitor([]), Switchboard())
    async with open_streams(Streams(), env.store, None, lambda: True, env.caches.sessions) as streaming:
        app = Starlette(routes=graphql_routes(settings, house, edge, graph, streaming))
        app.state.environment = env
        async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
            yield TrainingHome(env, client, tokens, [])


@dataclass(frozen=True)
class _House:
    environment: Any
    monitor: Any
    switches: Any

"""The home screen over HTTP: a phone that has it gets 304 until something on it changed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Clock, Source, Sourced, SourceState, SystemIds
from domain.platform.manifests import Manifest, Operation, document_id
from gateway.graphql.conditional import content_of
from gateway.graphql.endpoint import Edge, GraphQLEndpoint
from gateway.graphql.trusted import TrustedLibrary
from gateway.http.calls import RequestFacts
from gateway.settings.limits import DocumentMode
from integrations.calling.errors import Unavailable
from integrations.dbt_finance import BillReference, PaymentState
from schema.kernel import Context, Info, Provenance, record_provenance
from tests.schema.benefits.test_benefit_course import tell
from tests.support.graph import CITIZEN, NEIGHBOUR, NOW, World
from tests.support.operations import operation

HOME = operation("citizen_app/home")
BENEFITS = operation("citizen_app/benefits")
PUBLISHED = tuple(
    Operation(document_id(text), name, "query", text) for name, text in (("CitizenHome", HOME), ("Benefits", BENEFITS))
)


@strawberry.type
class Query:
    """A field with its source, which the root value names."""

    @strawberry.field
    def provenance(self, info: Info) -> list[Provenance]:
        return record_provenance(info, [info.root_value])


PART = strawberry.Schema(Query)


class Phone:
    """Asks for the home screen by its id, and sends what it has."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.etag, self.subject = "", CITIZEN

    async def ask(self, document: str = HOME) -> httpx.Response:
        """The answer; its ETag, where it has one, is kept for the next time."""
        answer = await self.client.get(
            "/graphql", params={"documentId": document_id(document)}, headers={"If-None-Match": self.etag}
        )
        self.etag = answer.headers.get("etag", self.etag)
        return answer


@dataclass
class Treasury:
    """Tells at each enquiry, and as of then, where payments stand."""

    clock: Clock
    status: PaymentStatus = PaymentStatus.INSTRUCTED

    async def payment_statuses(
        self, citizen_id: str, bills: Sequence[BillReference]
    ) -> Sourced[Mapping[str, PaymentState]]:
        state = PaymentState(self.status, NOW, None, None)
        states = {bill.end_to_end_id: state for bill in bills}
        return Sourced(states, Source.DBT_FINANCE, SourceState.LIVE, self.clock.now())


@pytest.fixture
def world(each_world: World) -> World:
    return each_world


@pytest.fixture
async def phone(world: World) -> AsyncIterator[Phone]:
    """A phone of Asha before the endpoint of the whole graph."""
    clock = world.environment.clock
    library = TrustedLibrary(DocumentMode.TRUSTED, clock)
    library.replace([Manifest("citizen_app", "1.0.0", PUBLISHED)])

    async def context(facts: RequestFacts) -> Context:
        return world.context(asking.subject)

    endpoint = GraphQLEndpoint(world.graph, context, Edge(clock, SystemIds(clock), trusted=library))
    transport = httpx.ASGITransport(app=Starlette(routes=[Route("/graphql", endpoint)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        asking = Phone(client)
        yield asking


async def test_the_home_screen_that_did_not_change_is_304_a_minute_later(world: World, phone: Phone, store_clock: Any):
    first = await phone.ask()
    store_clock.advance(timedelta(minutes=1))
    again = await phone.ask()

    assert first.status_code == 200
    assert first.json()["data"]["viewer"]["certificates"]["provenance"][0]["asOf"]
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_benefits_of_which_the_treasury_tells_the_same_again_are_304_until_it_tells_something_else(
    world: World, phone: Phone, store_clock: Any
):
    application = await world.approve(await world.submit("ES90"))
    await tell(world, application, PaymentStatus.INSTRUCTED)
    treasury = Treasury(store_clock)
    object.__setattr__(world.environment.partners, "dbt", treasury)
    first = await phone.ask(BENEFITS)
    store_clock.advance(timedelta(minutes=1))
    again = await phone.ask(BENEFITS)
    treasury.status = PaymentStatus.BENEFICIARY_REJECTED
    changed = await phone.ask(BENEFITS)

    [told] = first.json()["data"]["viewer"]["benefits"]["nodes"]
    assert (told["instalments"][0]["sourceHeard"], told["asOf"]) == (True, told["instalments"][0]["asOf"])
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


async def test_an_application_on_the_home_screen_makes_it_another_one(world: World, phone: Phone):
    await phone.ask()
    application = await world.submit()
    changed = await phone.ask()

    assert changed.status_code == 200
    assert changed.json()["data"]["viewer"]["applications"]["nodes"][0]["number"] == application.number
    assert (await phone.ask()).status_code == 304


async def test_without_a_consent_the_home_screen_is_304_too_until_the_consent_is_there(world: World, phone: Phone):
    phone.subject = NEIGHBOUR
    first, again = await phone.ask(), await phone.ask()
    phone.subject = CITIZEN

    assert [error["extensions"]["code"] for error in first.json()["errors"]] == ["CONSENT_REQUIRED"]
    assert (again.status_code, again.content) == (304, b"")
    assert (await phone.ask()).status_code == 200


async def test_a_home_screen_that_lacks_a_source_is_not_kept_in_the_place_of_the_whole_one(world: World, phone: Phone):
    whole = (await phone.ask()).headers["etag"]
    world.down.errors[Source.UMANG] = Unavailable(Source.UMANG, "down")
    down = await phone.ask()
    del world.down.errors[Source.UMANG]

    assert (down.status_code, down.json()["data"]["viewer"]["rationCard"]) == (200, None)
    assert "etag" not in down.headers
    assert phone.etag == whole
    assert (await phone.ask()).status_code == 304


@pytest.mark.parametrize(
    ("later", "same"),
    [
        ((SourceState.CACHED, NOW), True),
        ((SourceState.LIVE, NOW + timedelta(minutes=1)), True),
        ((SourceState.STALE, NOW), False),
        ((SourceState.DOWN, None), False),
    ],
)
async def test_a_source_that_turns_stale_makes_another_answer_and_a_newer_copy_does_not(
    world: World, later: tuple[SourceState, datetime | None], same: bool
):
    contents = []
    for told in ((Source.UMANG, SourceState.LIVE, NOW), (Source.UMANG, *later)):
        context = world.context(CITIZEN)
        answer = await PART.execute(
            "{ provenance { source how: state asOf ageSeconds } }", context_value=context, root_value=told
        )
        contents.append(content_of({"data": answer.data}, context.sources.ages))

    assert (contents[0] == contents[1]) is same

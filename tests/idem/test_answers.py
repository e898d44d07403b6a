"""The octets of an answer: equal for the same key and body, whatever happened in between.

Source: docs/reliability.md section 5.5.
"""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from actions.kernel import Environment
from actions.privacy.personal_data import erase_person
from domain.kernel import Language, Source, Subject, from_global_id
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.graphql.replays import StoredReplays
from gateway.http.edge import Edge
from integrations.calling.errors import Unavailable
from integrations.calling.monitor import SourceMonitor
from schema.kernel import Context
from store.database import Store, StoreUnavailable, idempotency
from tests.support.actions import FREE, INCOME
from tests.support.built import built
from tests.support.papers import INCOME_PAPERS
from tests.support.twins import Twins
from tests.support.worlds import link_and_offer

SUBMIT = """mutation M($input: SubmitApplicationInput!) { submitApplication(input: $input) {
  application { id number status version timeline { at } } userErrors { code }
  submission { state acknowledgement } } }"""
WITHDRAW = """mutation M($input: WithdrawApplicationInput!) { withdrawApplication(input: $input) {
  application { id status version } userErrors { code } } }"""
TELLING = SUBMIT.replace("acknowledgement", "acknowledgement replayed")


def client(env: Environment, subject: Subject, language: Language = Language.HI) -> httpx.AsyncClient:
    """One caller in front of one process."""

    async def context(facts: Any) -> Context:
        return Context(
            facts.request_id, subject, language, env, SourceMonitor(()), idempotency_key=facts.idempotency_key
        )

    edge = Edge(clock=env.clock, ids=env.ids, replays=StoredReplays(env.store, env.clock))
    app = Starlette(routes=[Route("/graphql", GraphQLEndpoint(built(), context, edge))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")


def wanted(key: str, service: str = FREE, **more: Any) -> dict[str, Any]:
    form = [{"name": "father_name", "value": "Bachan Singh"}]
    base = {"serviceCode": service, "district": "49", "tehsil": "304", "form": form, "idempotencyKey": key}
    return {"input": {**base, **more}}


async def ask(caller: httpx.AsyncClient, query: str, variables: dict[str, Any], **headers: str) -> httpx.Response:
    answer = await caller.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def codes(answer: httpx.Response) -> list[str]:
    [payload] = answer.json()["data"].values()
    return [error["code"] for error in payload["userErrors"]]


async def test_the_octets_are_equal_also_when_the_application_has_gone_on_and_after_a_restart(
    twins: Twins, peopled_url, store_cipher
):
    world = twins.world
    async with client(twins.one, world.asha) as caller:
        first = await ask(caller, SUBMIT, wanted("key"))
        assert codes(first) == []
        assert "idempotency-replayed" not in first.headers
        case = from_global_id(first.json()["data"]["submitApplication"]["application"]["id"])[1]
        await decide_application(twins.one, world.registrar, Decide(case, Verdict.APPROVE, "approve"))
        again = await ask(caller, SUBMIT, wanted("key"))
    restarted = await Store.open(peopled_url, cipher=store_cipher, clock=world.clock)
    async with client(replace(twins.one, store=restarted), world.asha) as caller:
        after = await ask(caller, SUBMIT, wanted("key"))
    await restarted.close()

    assert again.content == after.content == first.content
    assert again.headers["idempotency-replayed"] == after.headers["idempotency-replayed"] == "true"


async def test_the_octets_are_equal_while_the_partner_is_away(twins: Twins):
    world = twins.world
    await link_and_offer(world, world.asha, INCOME_PAPERS)
    papers = [{"key": key, "uri": "in.gov.pan-PANCR-1"} for key in INCOME_PAPERS]
    async with client(twins.one, world.asha) as caller:
        first = await ask(caller, SUBMIT, wanted("key", INCOME, documents=papers))
        assert codes(first) == []
        world.locker.failure = Unavailable(Source.DIGILOCKER, "HTTP_503")
        again = await ask(caller, SUBMIT, wanted("key", INCOME, documents=papers))
    assert again.content == first.content


async def test_fifty_callers_at_once_get_equal_octets_or_are_told_that_it_is_in_progress(twins: Twins):
    world = twins.world
    async with client(twins.one, world.asha) as one, client(twins.other, world.asha) as other:
        answers = await asyncio.gather(*(ask((one, other)[n % 2], SUBMIT, wanted("key")) for n in range(50)))
        last = await ask(one, SUBMIT, wanted("key"))
    done = {answer.content for answer in answers if codes(answer) == []}
    assert done == {last.content}
    assert {code for answer in answers for code in codes(answer)} <= {"IN_PROGRESS"}


async def test_other_bodies_callers_and_languages_are_not_confused(twins: Twins):
    world = twins.world
    async with client(twins.one, world.asha) as asha, client(twins.one, world.sunil) as sunil:
        first = await ask(asha, SUBMIT, wanted("key"))
        other_body = await ask(asha, SUBMIT, wanted("key", form=[]))
        other_caller = await ask(sunil, SUBMIT, wanted("key"))
        other_operation = await ask(asha, WITHDRAW, {"input": {"applicationId": "bm8=", "idempotencyKey": "key"}})
        header = await ask(asha, SUBMIT, wanted("key"), **{"idempotency-key": "key"})
    async with client(twins.one, world.asha, Language.EN) as asha:
        english = await ask(asha, SUBMIT, wanted("key"))
    assert codes(other_body) == ["IDEMPOTENCY_KEY_REUSED"]
    assert codes(other_caller) == []
    assert other_caller.content != first.content
    assert codes(other_operation) != ["IDEMPOTENCY_KEY_REUSED"]
    assert header.json()["data"] == english.json()["data"] == first.json()["data"]
    assert english.headers["content-language"] == "en"


async def test_a_key_that_is_missing_or_too_long_is_refused(twins: Twins):
    async with client(twins.one, twins.world.asha) as caller:
        missing = wanted("key")
        del missing["input"]["idempotencyKey"]
        assert codes(await ask(caller, SUBMIT, missing)) == ["IDEMPOTENCY_KEY_MISSING"]
        assert codes(await ask(caller, SUBMIT, wanted("k" * 256))) == ["BAD_INPUT"]
        differing = await ask(caller, SUBMIT, wanted("key"), **{"idempotency-key": "another"})
        assert codes(differing) == ["BAD_INPUT"]


async def test_a_refusal_is_not_kept(twins: Twins):
    world = twins.world
    held = await world.submit(world.asha, FREE, idempotency_key="earlier")
    async with client(twins.one, world.asha) as caller:
        assert codes(await ask(caller, SUBMIT, wanted("key"))) == ["ALREADY_APPLIED"]
        await withdraw_application(twins.one, world.asha, Withdraw(held.id, "back"))
        assert codes(await ask(caller, SUBMIT, wanted("key"))) == []


async def test_an_answer_that_says_itself_whether_it_is_a_replay_says_so(twins: Twins):
    async with client(twins.one, twins.world.asha) as caller:
        for replayed in (False, True):
            answer = await ask(caller, TELLING, wanted("key"))
            assert answer.json()["data"]["submitApplication"]["submission"]["replayed"] is replayed


async def test_an_answer_that_could_not_be_kept_is_given_all_the_same(twins: Twins, monkeypatch):
    world = twins.world

    async def full(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("full")

    async with client(twins.one, world.asha) as caller:
        with monkeypatch.context() as patch:
            patch.setattr(StoredReplays.keep.__globals__["idempotency"], "complete", _only_answers(full))
            first = await ask(caller, SUBMIT, wanted("key"))
        again = await ask(caller, SUBMIT, wanted("key"))
    assert codes(first) == codes(again) == []
    assert again.json()["data"]["submitApplication"]["application"]["number"] in first.text


def _only_answers(failing: Any) -> Any:
    complete = idempotency.complete

    async def choose(tx: Any, scope: str, *rest: Any) -> None:
        await (failing if scope.endswith(":answer") else complete)(tx, scope, *rest)

    return choose


@pytest.mark.parametrize("erased", [True, False])
async def test_the_erasure_of_a_person_deletes_the_answers_that_she_got(twins: Twins, erased):
    world = twins.world
    async with client(twins.one, world.asha) as caller:
        first = await ask(caller, SUBMIT, wanted("key"))
        case = from_global_id(first.json()["data"]["submitApplication"]["application"]["id"])[1]
        await withdraw_application(twins.one, world.asha, Withdraw(case, "back"))
        if erased:
            await erase_person(twins.one, world.asha, world.asha.person_id or "")
        again = await ask(caller, SUBMIT, wanted("key"))
    assert (again.content == first.content) is not erased

"""The demo's people against the real sandboxes: what seeding wrote is what the partners know."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.benefits.benefits import benefits_of
from actions.benefits.payment_enquiries import ask_due
from actions.documents.department_documents import department_certificates_of
from actions.kernel import Environment
from actions.payments.reconciliation import reconcile
from actions.umang.ration import ration_card_of
from demo.seed.people import DemoPeople, cast_of, citizen_subject
from demo.seed.seed import seed
from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import Language, ManualClock, Source, SourceState, ist_date
from domain.reconciliation.finance_cases import DifferenceKind
from domain.reconciliation.reconciliation import RunState
from integrations.apisetu import ApiSetu, ApiSetuSettings
from integrations.dbt_finance import DbtFinance, DbtFinanceSettings
from integrations.umang import Umang, UmangSettings
from sandbox.apisetu.server import create_sandbox as create_apisetu
from sandbox.city import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.server import create_sandbox as create_dbt
from sandbox.umang.server import create_sandbox as create_umang
from store.benefits import benefits
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.support.actions import DEMO, FakeRenderer
from tests.support.remotes import remote_over

FEW = {**DEMO, "histories": {**DEMO["histories"], "states": {"DRAFT": 1}, "delivered_certificates": 0, "people": {}}}
"""Only the benefits, which are what partners must agree with."""


class City:
    """Three sandboxes, and the clients that talk to them."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self._folder, self._clock = folder, clock
        self.sandboxes: list[Sandbox] = []

    def partners(self, env: Environment) -> Environment:
        apisetu, given = self._start("apisetu", create_apisetu)
        setu = ApiSetu(self._remote(apisetu, Source.API_SETU), ApiSetuSettings.from_onboarding(given), self._clock)
        treasury, given = self._start("dbt_finance", create_dbt)
        dbt = DbtFinance(
            self._remote(treasury, Source.DBT_FINANCE), DbtFinanceSettings.from_onboarding(given), self._clock
        )
        gateway, given = self._start("umang", create_umang)
        umang = Umang(self._remote(gateway, Source.UMANG), UmangSettings.from_onboarding(given), self._clock, env.ids)
        return replace(env, partners=replace(env.partners, apisetu=setu, dbt=dbt, umang=umang))

    def _start(self, system: str, create: Any) -> tuple[Sandbox, dict[str, Any]]:
        onboarding = self._folder / f"{system}.json"
        clock = SandboxClock(base=self._clock)
        home = SandboxHome(
            system, self._folder / system, onboarding, clock, DEMO, "http://gateway.test", "http://sandbox.test"
        )
        self.sandboxes.append(create(home))
        return self.sandboxes[-1], json.loads(onboarding.read_text())

    def _remote(self, sandbox: Sandbox, source: Source) -> Any:
        return remote_over(sandbox.app, source, clock=self._clock)


@pytest.fixture
def city(tmp_path: Path, store_clock: ManualClock) -> Iterator[City]:
    city = City(tmp_path / "city", store_clock)
    yield city
    for sandbox in city.sandboxes:
        sandbox.close()


@pytest.fixture
async def seeded(catalogued: Environment, city: City) -> tuple[Environment, DemoPeople]:
    env = city.partners(catalogued)
    await seed(env, FEW, progress=lambda done, of: None, renderer=FakeRenderer())
    async with env.store.read_transaction() as tx:
        return env, await cast_of(tx, FEW)


async def test_nothing_of_the_seeding_reached_a_partner(seeded: tuple[Environment, DemoPeople], city: City):
    assert [sandbox.ledger.entries(0) for sandbox in city.sandboxes] == [[], [], []]


async def test_every_scripted_payment_is_known_to_the_treasury_in_its_state(seeded: tuple[Environment, DemoPeople]):
    env, cast = seeded
    while (await ask_due(env)).asked:  # the worker's round
        pass
    states: Counter[PaymentStatus] = Counter()
    for citizen_id in cast.citizens.values():
        view = await benefits_of(env, citizen_subject(citizen_id), citizen_id)
        assert view.complete
        made = [one.instalment for node in view.nodes for one in node.instalments]
        states.update(one.status for one in made if one.bill_number in DEMO["payments"])
    assert {status.value: count for status, count in states.items()} == Counter(
        scripted["state"] for scripted in DEMO["payments"].values()
    )


async def test_the_benefits_of_the_demos_default_citizen_cost_two_calls_at_most_and_none_while_the_answer_is_kept(
    seeded: tuple[Environment, DemoPeople], city: City
):
    env, cast = seeded
    citizen_id = cast.citizens["asha-negi"]
    treasury = city.sandboxes[1].ledger
    while (await ask_due(env)).asked:  # the worker's round, as soon as the demo runs
        pass
    before = len(treasury.entries())

    first = await benefits_of(env, citizen_subject(citizen_id), citizen_id)
    calls = treasury.entries()[before:]
    again = await benefits_of(env, citizen_subject(citizen_id), citizen_id)

    assert first.complete
    assert 1 <= len(calls) <= 2
    assert len(treasury.entries()) == before + len(calls)
    told = [(source, state) for source, state, _ in first.provenances if source is Source.DBT_FINANCE]
    assert told == [(Source.DBT_FINANCE, SourceState.LIVE), (Source.DBT_FINANCE, SourceState.CACHED)]
    assert [state for source, state, _ in again.provenances if source is Source.DBT_FINANCE] == [SourceState.CACHED] * 2
    heard = {one.instalment.status for node in first.nodes for one in node.instalments if one.state is not None}
    assert heard <= {PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK}


async def test_before_the_workers_first_round_they_cost_two_calls_at_most_and_none_while_the_answer_is_kept(
    seeded: tuple[Environment, DemoPeople], city: City
):
    env, cast = seeded
    citizen_id = cast.citizens["asha-negi"]

    view = await benefits_of(env, citizen_subject(citizen_id), citizen_id)
    calls = [entry["effect"] for entry in city.sandboxes[1].ledger.entries() if entry["effect"] != "session opened"]
    await benefits_of(env, citizen_subject(citizen_id), citizen_id)

    assert view.complete
    assert calls == ["PIS answered", "PIS answered"]
    assert len(city.sandboxes[1].ledger.entries()) == 1 + len(calls)


async def test_recorded_consents_open_every_department_document(seeded: tuple[Environment, DemoPeople]):
    env, cast = seeded
    for person in DEMO["people"]:
        citizen_id = cast.citizens[person["key"]]
        answers = await department_certificates_of(env, citizen_subject(citizen_id), citizen_id)
        assert [answer.failure for answer in answers] == [None] * len(person["department_documents"])


async def test_ration_cards_are_those_of_the_demo(seeded: tuple[Environment, DemoPeople]):
    env, cast = seeded
    citizen_id = cast.citizens["asha-negi"]
    card = await ration_card_of(env, citizen_subject(citizen_id), citizen_id, Language.EN)
    asha = next(person for person in DEMO["people"] if person["key"] == "asha-negi")
    assert card is not None
    assert (card.value.number, len(card.value.members)) == (
        asha["ration_card"]["number"],
        len(asha["ration_card"]["members"]),
    )


async def test_the_books_of_a_new_demo_agree_with_the_treasury(
    seeded: tuple[Environment, DemoPeople], store_clock: ManualClock
):
    env, _ = seeded
    store_clock.advance(timedelta(hours=2))
    asked = await ask_due(env)
    assert asked.asked > 0
    assert asked.unanswered == 0
    run = await reconcile(env, Rail.IFMS, ist_date(store_clock.now()) - timedelta(days=1))
    async with env.store.read_transaction() as tx:
        [case] = await finance_cases.cases(None, CaseFilter()).page(tx, limit=50)
        shown = await benefits.instalment(tx, case.instalment_id or "")
    assert run.state is RunState.ENDED
    # The one that demo/README.md tells of: a grant that has waited at the bank for weeks.
    assert case.kind is DifferenceKind.TOO_LONG_IN_FLIGHT
    assert shown is not None
    assert DEMO["payments"][shown.bill_number]["person"] == "deepa-joshi"

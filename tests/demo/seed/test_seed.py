"""The demo after seeding: every state, true histories, and nothing that leaves the house."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, cast

import pytest
from stdnum.in_ import aadhaar

from actions.benefits.plans import arrears_paise
from actions.benefits.sanction import plan_of
from actions.catalogue.form_import import import_forms
from actions.documents.paper_judgements import JUDGE
from actions.kernel import Environment
from demo.seed.figures import MOST
from demo.seed.people import DemoPeople, cast_of, synthetic_aadhaar
from demo.seed.plan import choice, plans, seeded_sanction_number
from demo.seed.seed import BATCH, PEOPLE_SINCE, seed
from demo.seeding import strength_rows
from domain.appeals.appeals import TRANSITIONS as APPEAL_STEPS
from domain.appeals.appeals import AppealLevel, AppealState
from domain.appeals.delays import ReasonFilter
from domain.applications.applications import Application
from domain.applications.lifecycle import TRANSITIONS, Status
from domain.benefits.benefits import Instalment, Sanction
from domain.benefits.bills import bill_number, end_to_end_id
from domain.benefits.plans import REPEATED, demo_day
from domain.catalogue.definitions import DraftState
from domain.doorstep import VisitState
from domain.feedback.grievances import GrievanceState
from domain.kernel import OfficerLevel, Posting, Role, ist_date
from domain.officers.changes import BatchState
from domain.rosters.rosters import RosterState, RowState
from store import doorstep
from store.appeals import appeal_course, appeals, delays
from store.applications import applications, timeline
from store.benefits import benefits
from store.catalogue import catalogue, service_drafts
from store.certificates import certificates
from store.database import audit
from store.documents import department_documents
from store.feedback import conversations, feedback, grievances
from store.identity import people
from store.officers import batches
from store.platform import outbox
from store.platform.outbox import OutboxState
from store.rosters import roster_rows, rosters
from store.statistics import saved_views
from tests.support.actions import DEMO, ROOT, FakeRenderer
from tests.support.figures import wrong_figures
from tests.support.state import form_files
from tests.support.stored import outbox_listing

BY_ROSTERS = 7
"""Applications that the school and the camp of the demo filed, for people who are not of the cast."""


@dataclass
class Sown:
    env: Environment
    cast: DemoPeople
    all: list[Application]
    progress: list[tuple[int, int]]

    def of(self, person: str) -> list[Application]:
        return [one for one in self.all if one.citizen_id == self.cast.citizens[person]]


@pytest.fixture
async def sown(catalogued: Environment) -> Sown:
    """The whole demo, sown with a renderer that only counts."""
    env = catalogued
    assert not (await import_forms(env.store, form_files())).refused
    progress: list[tuple[int, int]] = []
    done = await seed(env, DEMO, progress=lambda done, of: progress.append((done, of)), renderer=FakeRenderer())
    assert done
    async with env.store.read_transaction() as tx:
        people_of_demo = await cast_of(tx, DEMO)
        held = [
            one
            for citizen_id in people_of_demo.citizens.values()
            for one in await applications.page_of_citizen(tx, citizen_id, limit=100)
        ]
    return Sown(env, people_of_demo, held, progress)


@pytest.mark.long
async def test_the_demo_is_large_true_and_quiet(sown: Sown):
    """One seeding for all these, since each takes some seconds."""
    await _every_state_is_there(sown)
    await _histories_are_lawful_and_in_order(sown)
    assert await audit.verify(sown.env.store)
    await _nothing_is_left_to_be_sent(sown)
    await _payments_are_those_that_the_sandbox_scripts(sown)
    await _the_default_citizen_has_something_to_show(sown)
    await _care_is_there(sown)
    await _figures_are_filled_and_right(sown)
    await _appeals_are_of_every_state_and_lawful(sown)
    await _a_school_and_a_camp_filed_their_rosters(sown)
    await _a_batch_and_a_definition_wait_for_administrators(sown)
    await _sowing_again_does_nothing(sown)


async def _a_school_and_a_camp_filed_their_rosters(sown: Sown) -> None:
    async with sown.env.store.read_transaction() as tx:
        page = await rosters.rosters_of((), [Posting(Role.SYSTEM)]).page(tx, limit=5)
        progress = await roster_rows.progress(tx, [one.id for one in page])
        rows = [row for one in page for row in await roster_rows.next_ready(tx, one.id, 1)]
    assert {one.kind.value: progress[one.id].total for one in page} == {"SCHOOL": 6, "CAMP": 2}
    assert sum(progress[one.id].by_state[RowState.FILED] for one in page) == BY_ROSTERS
    assert rows == []
    assert {one.state for one in page} == {RosterState.FILED}


async def _a_batch_and_a_definition_wait_for_administrators(sown: Sown) -> None:
    async with sown.env.store.read_transaction() as tx:
        drafts = await service_drafts.latest(tx, None, 9)
        proposed = await batches.in_states().page(tx, limit=9)
    assert [one.state for one in drafts] == [DraftState.DRAFTED]
    assert [one.state for one in proposed] == [BatchState.WAITING]


async def _every_state_is_there(sown: Sown) -> None:
    states = Counter(one.status for one in sown.all)
    assert len(sown.all) >= 500
    assert set(states) == set(Status)
    assert sown.progress[-1] == (len(sown.all), len(sown.all))
    assert len({one.number for one in sown.all}) == len(sown.all)
    assert {one.district for one in sown.all} >= {"45", "47", "49", "50", "51", "52", "53", "56"}
    assert all(one.officer_id for one in sown.all if one.status is not Status.DRAFT)


async def _histories_are_lawful_and_in_order(sown: Sown) -> None:
    now = sown.env.clock.now()
    async with sown.env.store.read_transaction() as tx:
        histories = await timeline.timelines(tx, [one.id for one in sown.all])
    for one in sown.all:
        steps = histories[one.id]
        assert [step.sequence for step in steps] == list(range(1, one.version + 1))
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].at <= now
        assert steps[-1].after is one.status
        assert one.updated_at == steps[-1].at
        for before, after in pairwise(steps):
            assert TRANSITIONS[before.after, after.move] is after.after
    assert any(one.due_at and one.due_at < now and one.status is Status.IN_SCRUTINY for one in sown.all)
    assert min(one.created_at for one in sown.all) > now - PEOPLE_SINCE


async def _nothing_is_left_to_be_sent(sown: Sown) -> None:
    assert cast("Any", sown.env.partners.digilocker).calls == 0
    assert cast("Any", sown.env.partners.dbt).instructed == []
    async with sown.env.store.write_transaction() as tx:
        late = (await outbox.counts(tx)).oldest_seconds
        waiting = await outbox_listing(tx, OutboxState.PENDING, 1_000)
        due = await outbox.claim(tx, "worker", 1_000, 60)
        issued = await certificates.of_applications(tx, [one.id for one in sown.all])
    resting = {one.id for one in sown.all if one.status is Status.APPROVED}
    pending = [message for message in waiting if message.topic != JUDGE]
    assert late == 0
    assert {message.topic for message in due} <= {JUDGE}  # which asks nobody outside
    assert {message.application_id for message in pending} == resting
    assert {message.topic for message in pending} == {"certificate.issue"}
    assert 30 <= len(issued) <= 60


async def _payments_are_those_that_the_sandbox_scripts(sown: Sown) -> None:
    today = ist_date(sown.env.clock.now())
    made = {}
    async with sown.env.store.read_transaction() as tx:
        for citizen_id in sown.cast.citizens.values():
            for sanction in await benefits.sanctions_of_citizen(tx, citizen_id):
                paid = (await benefits.instalments(tx, [sanction.id])).get(sanction.id, [])
                _are_those_of_its_plan(sanction, paid, today)
                made.update({one.bill_number: (one, sanction.scheme_code) for one in paid})
    assert set(made) == set(DEMO["payments"])
    for bill, scripted in DEMO["payments"].items():
        instalment, scheme = made[bill]
        assert (instalment.end_to_end_id, instalment.amount_paise) == (
            scripted["end_to_end_id"],
            scripted["amount_paise"],
        )
        begins = demo_day(today, scripted["days_ago"], scripted.get("months_ago", 0))
        assert (scheme, instalment.period_from) == (scripted["scheme"], begins)
        assert sown.cast.citizens[scripted["person"]] == instalment.citizen_id


def _are_those_of_its_plan(sanction: Sanction, paid: list[Instalment], today: date) -> None:
    """Calendar months without a gap, one instalment each until today, none of days to come."""
    if not paid:
        assert sanction.amount_paise is None
        return
    plan = plan_of(sanction)
    assert plan is not None
    begun = list(takewhile(lambda period: period.begins <= today, plan.periods()))
    assert [(one.period_from, one.period_to) for one in paid] == [(period.begins, period.ends) for period in begun]
    assert arrears_paise(sanction, paid, [], today) == 0
    if sanction.period in REPEATED:
        assert sanction.next_due_on == begun[-1].ends + timedelta(days=1) > today


async def _care_is_there(sown: Sown) -> None:
    ids = [one.id for one in sown.all]
    async with sown.env.store.read_transaction() as tx:
        said = await feedback.of_applications(tx, ids)
        complaints = [one for held in (await grievances.of_applications(tx, ids)).values() for one in held]
        visits = [one for held in (await doorstep.of_applications(tx, ids)).values() for one in held]
        waiting = await conversations.of_helpline().page(tx, limit=9)
    assert len(said) >= 8
    assert [one.citizen_id for one in waiting] == [sown.cast.citizens["asha-negi"]]
    assert {one.state for one in complaints} == set(GrievanceState)
    wanted = {VisitState.SCHEDULED, VisitState.OUT, VisitState.FAILED, VisitState.HANDED_OVER}
    assert {one.state for one in visits} == wanted
    assert all(one.created_at <= sown.env.clock.now() for one in (*complaints, *visits))


async def _figures_are_filled_and_right(sown: Sown) -> None:
    assert await wrong_figures(sown.env) == []
    everywhere = [Posting(Role.SYSTEM)]
    async with sown.env.store.read_transaction() as tx:
        assert 5 <= await delays.reasons(everywhere, ReasonFilter()).count(tx) <= MOST
        views = [await saved_views.of_officer(tx, officer) for officer in sown.cast.officers]
    assert sum(map(bool, views)) > len(views) / 2  # a developer has no office


async def _the_default_citizen_has_something_to_show(sown: Sown) -> None:
    asha = sown.cast.citizens["asha-negi"]
    assert len(sown.of("asha-negi")) >= 5
    async with sown.env.store.read_transaction() as tx:
        assert len(await benefits.sanctions_of_citizen(tx, asha)) == 2
        assert len(await certificates.of_citizen(tx, asha)) >= 2
        held = await department_documents.of_citizen(tx, asha)
        citizen = (await people.citizens(tx, [asha]))[asha]
    assert {one.publisher for one in held} == {"edistrictuk", "onorc"}
    number = synthetic_aadhaar("asha-negi")
    assert citizen.aadhaar_last4 == number[-4:]
    vault = sown.env.vault
    assert await vault.reveal(citizen.aadhaar_reference or "", purpose="TEST", by="test") == number


async def _appeals_are_of_every_state_and_lawful(sown: Sown) -> None:
    async with sown.env.store.read_transaction() as tx:
        held = await appeals.of_applications(tx, [one.id for one in sown.all])
        found = [appeal for of_one in held.values() for appeal in of_one]
        told = await appeal_course.events(tx, [one.id for one in found])
    assert {one.state for one in found} == set(AppealState)
    assert {one.level for one in found} == set(AppealLevel)
    for one in found:
        steps = told[one.id]
        assert [step.sequence for step in steps] == list(range(1, one.version + 1))
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].at <= sown.env.clock.now()
        assert all(APPEAL_STEPS[before.after, after.move] is after.after for before, after in pairwise(steps))


async def _sowing_again_does_nothing(sown: Sown) -> None:
    assert not await seed(sown.env, DEMO, progress=lambda done, of: None, renderer=FakeRenderer())


async def test_a_seeding_that_was_cut_off_goes_on_where_it_stopped(catalogued: Environment):
    env = catalogued

    class Cut(Exception):
        pass

    def cut(done: int, _of: int) -> None:
        if done >= 2 * BATCH:
            raise Cut

    few = {**DEMO, "histories": _few()}
    with pytest.raises(Cut):
        await seed(env, few, progress=cut, renderer=FakeRenderer())
    progress: list[int] = []
    assert await seed(env, few, progress=lambda done, _of: progress.append(done), renderer=FakeRenderer())
    async with env.store.read_transaction() as tx:
        found = await cast_of(tx, few)
        total = sum([await applications.count_of_citizen(tx, one) for one in found.citizens.values()])
    assert total == progress[-1] > 2 * BATCH


def _few() -> dict[str, Any]:
    states = {"DRAFT": 60, "FEE_PENDING": 50}
    return {**DEMO["histories"], "states": states, "delivered_certificates": 0, "people": {}, "benefits": []}


async def test_a_demo_that_does_not_fit_the_catalogue_is_refused(catalogued: Environment):
    env = catalogued
    async with env.store.read_transaction() as tx:
        schemes = await catalogue.schemes(tx)
        services = await catalogue.services_by_codes(tx, [one["code"] for one in DEMO["histories"]["services"]])
    greedy = {**DEMO, "histories": {**_few(), "states": {"BENEFIT_SANCTIONED": 1000}}}
    with pytest.raises(ValueError, match="too few"):
        plans(greedy, services, schemes, ist_date(env.clock.now()))


def test_a_state_that_says_nothing_of_the_strength_of_sign_ins_is_taken(tmp_path: Path):
    assert strength_rows(tmp_path) == ()


def test_synthetic_aadhaar_numbers_are_valid_begin_with_9999_and_differ():
    numbers = [synthetic_aadhaar(person["key"]) for person in DEMO["people"]]
    assert all(aadhaar.is_valid(number) and number.startswith("9999") for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_no_aadhaar_number_is_in_the_demo_files():
    for file in (ROOT / "demo").glob("*.json"):
        runs = re.findall(r"(?<!\d)\d{12}(?!\d)", file.read_text(encoding="utf-8"))
        assert [run for run in runs if aadhaar.is_valid(run)] == []


def test_the_people_are_as_others_expect_them():
    keys = {person["key"] for person in DEMO["people"]}
    officers = {officer["key"]: officer for officer in DEMO["officers"]}
    assert len(keys) == len(DEMO["people"]) >= 25
    assert len({person["district"] for person in DEMO["people"]}) >= 5
    assert len({person["mobile"] for person in DEMO["people"]}) == len(keys)
    asha = next(person for person in DEMO["people"] if person["key"] == "asha-negi")
    assert len(asha["locker_documents"]) >= 2
    assert asha["ration_card"]
    assert asha["department_documents"]
    for key, level in (
        ("officer-dehradun-sadar", OfficerLevel.DESIGNATED),
        ("sdm-dehradun", OfficerLevel.FIRST_APPELLATE),
        ("dm-dehradun", OfficerLevel.SECOND_APPELLATE),
    ):
        assert officers[key]["postings"][0]["level"] == level.value
    for key, role in (("commission-1", Role.COMMISSION), ("finance-1", Role.FINANCE_OFFICER), ("admin-1", Role.ADMIN)):
        assert officers[key]["postings"][0]["role"] == role.value
    assert {"dswo-dehradun", "department-admin-1", "auditor-1", "developer-1"} <= set(officers)
    assert "operator-1" in {operator["key"] for operator in DEMO["operators"]}


def test_scripted_payments_follow_from_the_sanction_numbers():
    for line in DEMO["histories"]["benefits"]:
        number = seeded_sanction_number(line["person"], line["scheme"])
        for sequence in range(1, line["instalments"] + 1):
            scripted = DEMO["payments"][bill_number(number, sequence)]
            assert scripted["end_to_end_id"] == end_to_end_id(number, sequence)


def test_choices_depend_on_the_text_alone():
    assert choice("a", 1000) == choice("a", 1000)
    assert len({choice(str(text), 1000) for text in range(50)}) > 40


async def test_the_clock_of_the_caller_is_left_alone(catalogued: Environment):
    env = catalogued
    before = env.clock.now()
    few = {**DEMO, "histories": {**_few(), "states": {"DRAFT": 2}}}
    await seed(env, few, progress=lambda done, of: None, renderer=FakeRenderer())
    assert env.clock.now() == before

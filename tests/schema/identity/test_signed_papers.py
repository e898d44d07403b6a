"""Signed papers in the graph: who finds, reads, disputes and checks what an operator filed on one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.identity.paper_checks import draw_papers, open_paper
from domain.applications.applications import Application
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.identity.assisting import AssistanceState
from domain.kernel import Bilingual, Language, OfficerLevel, Posting, Role, Source, Subject, TypeCode, show_number
from integrations.calling.monitor import SourceMonitor
from schema.kernel import node_id
from store.catalogue import centres
from store.identity import assistances, people
from store.identity.accesses import of_citizen
from tests.support.assisting import again, filed_by_paper, signed_in
from tests.support.graph import Down, World
from tests.support.law import DEPARTMENT, enter_officer

QUEUE = """query ($filter: QueueFilter) { viewer { ... on Officer {
  queue(first: 20, filter: $filter) { totalCount nodes { number filedByPaper withheld signedPaper { mediaType } } }
  queueCounts(filter: $filter) { total } } } }"""
CASE = """query ($number: String!, $told: Language) { application(by: {number: $number}) { filedByPaper
  paperNotice(language: $told) paperCheck { drawnAt seenAt finding findingLabel answeredAt officer { name } } } }"""
SCAN = "query ($number: String!) { application(by: {number: $number}) { signedPaper { url bytes } } }"
DISPUTE = """mutation ($input: DisputePaperInput!) { disputePaper(input: $input) {
  caseNumber userErrors { code path } submission { replayed } } }"""
ANSWER = """mutation ($input: AnswerPaperCheckInput!) { answerPaperCheck(input: $input) {
  application { number paperCheck { finding } } userErrors { code path } } }"""
TO_CHECK = {"paperToCheck": True}


class Office:
    """A world of people asked by the graph."""

    def __init__(self, world: Any, graph: Any) -> None:
        self.world = world
        self.asked = World(graph, world.env, SourceMonitor([Source.DIGILOCKER]), Down())

    async def data(self, query: str, subject: Subject, **variables: Any) -> Any:
        answer = await self.asked.ask(query, subject, Language.EN, **variables)
        assert answer["errors"] == []
        return answer["data"]

    async def case(self, subject: Subject, filed: Application, **variables: Any) -> Any:
        return (await self.data(CASE, subject, number=filed.number, **variables))["application"]

    async def open(self, subject: Subject, filed: Application) -> Any:
        return (await self.data(SCAN, subject, number=filed.number))["application"]["signedPaper"]

    async def queue(self, subject: Subject, wanted: dict[str, Any]) -> Any:
        return (await self.data(QUEUE, subject, filter=wanted))["viewer"]

    async def to_check(self, subject: Subject) -> set[str]:
        return {row["number"] for row in (await self.queue(subject, TO_CHECK))["queue"]["nodes"]}

    async def answer(self, subject: Subject, filed: Application, finding: str, key: str = "a") -> Any:
        given = {"applicationId": node_id(TypeCode.APPLICATION, filed.id), "finding": finding, "idempotencyKey": key}
        return (await self.data(ANSWER, subject, input=given))["answerPaperCheck"]

    async def draw(self) -> int:
        """Draw on the next day what was filed today."""
        self.world.clock.advance(timedelta(days=1))
        return await draw_papers(self.world.env)


@pytest.fixture
async def office(peopled, graph) -> Office:
    return Office(peopled, graph)


@pytest.fixture
async def filed(office: Office) -> Application:
    return await filed_by_paper(office.world, await signed_in(office.world), "Kamla Bisht")


@pytest.fixture
async def tehsil(office: Office) -> Subject:
    """An officer of the tehsil alone, to whom nothing was assigned."""
    post = Posting(Role.OFFICER, DEPARTMENT, "49", "304", OfficerLevel.DESIGNATED)
    return await enter_officer(office.world.env, "tehsil", post)


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["userErrors"]]


async def test_the_queue_lists_and_counts_what_was_filed_by_paper_alone(office, filed):
    await office.world.submit(office.world.asha)

    found = await office.queue(office.world.registrar, {"filedByPaper": True})

    assert [row["number"] for row in found["queue"]["nodes"]] == [filed.number]
    assert (found["queue"]["totalCount"], found["queueCounts"]["total"]) == (1, 1)
    everything = await office.queue(office.world.registrar, {})
    assert sorted(row["filedByPaper"] for row in everything["queue"]["nodes"]) == [False, True]


async def test_the_notice_to_be_printed_names_operator_centre_and_number_in_both_languages(office, filed):
    operator = await again(office.world, await signed_in(office.world))
    english = (await office.case(office.world.registrar, filed, told="EN"))["paperNotice"]
    hindi = (await office.case(office.world.registrar, filed, told="HI"))["paperNotice"]

    async with office.world.env.store.read_transaction() as tx:
        name = (await people.operators(tx, [operator.person_id or ""]))[operator.person_id or ""].name
    for text, person in ((english, name.in_language(Language.EN)), (hindi, name.in_language(Language.HI))):
        assert all(part in text for part in ("CSC-49-1", person))
        assert show_number(filed.number) in text


async def test_in_staging_the_notice_to_be_printed_says_first_that_it_is_a_specimen(office, filed):
    env = office.world.env
    office.asked = replace(office.asked, environment=replace(env, rules=replace(env.rules, specimen=True)))

    told = (await office.case(office.world.registrar, filed, told="EN"))["paperNotice"]

    assert told.startswith("SPECIMEN: ")


async def test_there_is_no_notice_scan_or_check_of_what_was_filed_otherwise(office):
    own = await office.world.submit(office.world.asha)

    told = await office.case(office.world.registrar, own)

    assert told == {"filedByPaper": False, "paperNotice": None, "paperCheck": None}
    assert await office.open(office.world.registrar, own) is None


async def test_the_office_disputes_a_paper_once_and_a_repetition_gives_the_same_case(office, filed):
    given = {"number": filed.number, "idempotencyKey": "d"}

    done = (await office.data(DISPUTE, office.world.registrar, input=given))["disputePaper"]
    again_ = (await office.data(DISPUTE, office.world.registrar, input=given))["disputePaper"]

    assert (codes(done), done["submission"], again_["submission"]) == ([], {"replayed": False}, {"replayed": True})
    assert again_["caseNumber"] == done["caseNumber"]


async def test_an_operator_of_another_centre_disputes_a_paper_and_its_own_centre_does_not(office, filed):
    operator = await signed_in(office.world)
    refused = await office.data(DISPUTE, operator, input={"number": filed.number, "idempotencyKey": "d"})
    assert codes(refused["disputePaper"]) == ["NOT_FOUND"]
    async with office.world.env.store.write_transaction() as tx:
        elsewhere = Centre("CSC-49-2", CentreKind.CSC, Bilingual(None, "CSC"), "49", None, open=True)
        await centres.save_centres(tx, [elsewhere])
        await centres.bind(tx, [Binding(operator.person_id or "", elsewhere.code, None)])

    done = await office.data(DISPUTE, operator, input={"number": filed.number, "idempotencyKey": "e"})

    assert codes(done["disputePaper"]) == []


async def test_who_decides_opens_the_scan_and_the_citizen_sees_that(office, filed):
    told = await office.open(office.world.registrar, filed)

    address = told["url"].split("/files/")[1]
    async with office.world.env.store.read_transaction() as tx:
        paper = (await assistances.papers_of_applications(tx, [filed.id]))[filed.id]
        receipts = await of_citizen(tx, filed.citizen_id, 20)
    assert address.startswith(f"{paper.paper_sha256}?")
    assert [(one.object_id, one.purpose) for one in receipts if one.object_kind == "ASSISTANCE"] == [
        (paper.id, "DECIDE")
    ]


async def test_the_scan_is_open_to_the_citizen_and_closed_to_the_operator_who_filed_and_to_other_places(office, filed):
    env, operator = office.world.env, await again(office.world, await signed_in(office.world))
    async with env.store.read_transaction() as tx:
        paper = (await assistances.papers_of_applications(tx, [filed.id]))[filed.id]
    herself = replace(office.world.asha, person_id=filed.citizen_id)

    shown = [
        await open_paper(env, subject, filed, paper, stated=None, withheld=False) is not None
        for subject in (herself, office.world.asha, operator, office.world.elsewhere)
    ]

    assert shown == [True, False, False, False]


async def test_a_colleague_s_scan_is_not_opened_from_a_queue(office, filed, tehsil):
    found = await office.queue(tehsil, {"filedByPaper": True})

    assert [(row["withheld"], row["signedPaper"]) for row in found["queue"]["nodes"]] == [(True, None)]


async def test_papers_of_yesterday_are_drawn_for_the_district_s_queue_and_drawing_again_draws_no_more(office, filed):
    assert await draw_papers(office.world.env) == 0

    assert (await office.draw(), await draw_papers(office.world.env)) == (1, 0)

    assert await office.to_check(office.world.registrar) == {filed.number}
    assert await office.to_check(office.world.elsewhere) == set()


async def test_of_many_papers_the_fewest_and_else_the_share_are_drawn_the_same_on_every_day(office):
    operator = await signed_in(office.world)
    filed = [await filed_by_paper(office.world, operator, f"Kamla {number}") for number in range(4)]

    assert await office.draw() == 2

    drawn = await office.to_check(office.world.registrar)
    assert len(drawn) == 2
    assert drawn < {one.number for one in filed}
    office.world.clock.advance(timedelta(days=1))
    assert await draw_papers(office.world.env) == 0


async def test_the_district_opens_a_drawn_paper_and_confirms_it(office, filed, tehsil):
    await office.draw()
    await office.open(office.world.registrar, filed)
    waiting = (await office.case(office.world.registrar, filed))["paperCheck"]
    assert (waiting["finding"], waiting["seenAt"] is None) == (None, False)

    done = await office.answer(office.world.registrar, filed, "GENUINE")

    assert (codes(done), done["application"]["paperCheck"]) == ([], {"finding": "GENUINE"})
    told = (await office.case(office.world.registrar, filed))["paperCheck"]
    assert told["findingLabel"] == "Signed by her, for this application"
    assert told["officer"] is not None
    assert await office.to_check(office.world.registrar) == set()


async def test_nobody_answers_for_a_paper_that_she_did_not_open_or_that_was_answered(office, filed):
    await office.draw()
    assert codes(await office.answer(office.world.registrar, filed, "GENUINE", "unseen")) == ["STEP_NOT_ALLOWED"]
    await office.open(office.world.registrar, filed)
    await office.answer(office.world.registrar, filed, "UNSIGNED", "first")

    again_ = await office.answer(office.world.registrar, filed, "GENUINE", "second")

    assert codes(again_) == ["STEP_NOT_ALLOWED"]
    assert (await office.case(office.world.registrar, filed))["paperCheck"]["finding"] == "UNSIGNED"


async def test_an_officer_of_a_tehsil_answers_for_no_paper_and_the_authority_above_her_does(office, filed, tehsil):
    above = Posting(Role.APPELLATE, DEPARTMENT, "49", None, OfficerLevel.FIRST_APPELLATE)
    appellate = await enter_officer(office.world.env, "above", above)
    await office.draw()
    assert await office.to_check(tehsil) == set()
    assert codes(await office.answer(tehsil, filed, "GENUINE")) == ["NOT_FOUND"]
    await office.open(appellate, filed)

    assert codes(await office.answer(appellate, filed, "ILLEGIBLE")) == []


async def test_a_drawn_paper_of_a_colleague_s_case_is_opened_from_the_queue_and_the_receipt_says_so(office, filed):
    colleague = Posting(Role.OFFICER, DEPARTMENT, "49", None, OfficerLevel.DESIGNATED)
    other = await enter_officer(office.world.env, "colleague", colleague)
    await office.draw()

    [row] = (await office.queue(other, TO_CHECK))["queue"]["nodes"]

    assert (row["withheld"], row["signedPaper"]) == (True, {"mediaType": "PNG"})
    async with office.world.env.store.read_transaction() as tx:
        receipts = await of_citizen(tx, filed.citizen_id, 20)
    assert ("ASSISTANCE", "SUPERVISE") in {(one.object_kind, one.purpose) for one in receipts}


async def test_a_doubt_ends_what_the_paper_still_lets_do(office):
    office.world.clock.advance(timedelta(hours=11))  # to 23 hours in India
    filed = await filed_by_paper(office.world, await signed_in(office.world), "Kamla Bisht", minutes=120)
    office.world.clock.advance(timedelta(minutes=90))
    await draw_papers(office.world.env)
    await office.open(office.world.registrar, filed)

    await office.answer(office.world.registrar, filed, "ANOTHER_PERSON")

    async with office.world.env.store.read_transaction() as tx:
        paper = (await assistances.papers_of_applications(tx, [filed.id]))[filed.id]
    assert paper.state is AssistanceState.ENDED

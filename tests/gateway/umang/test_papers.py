"""Papers that come in through UMANG: on a draft, on a case that asked for them, and while the locker is away."""

from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import NewDocument, SaveDraft, save_draft
from domain.applications.applications import Channel, DeliveryMode, RejectionGround
from domain.kernel import Source
from gateway.umang import writes
from integrations.calling.errors import Unavailable
from store.applications import timeline
from tests.support.files import hand_in
from tests.support.graph import CITIZEN, LOCKER_URI, NEIGHBOUR, OFFICER
from tests.support.umang import Portal
from tests.support.umang_applying import INCOME, PAPER, PLACE, filed, fits, the_application


async def test_a_document_is_attached_to_a_draft_which_is_handed_in_later(portal: Portal):
    draft = await portal.call("attachDocument", serviceCode="ES09", **PLACE, **PAPER)
    assert (draft["rc"], draft["pd"]["status"]) == ("APSK0000", "DRAFT")
    number = draft["pd"]["applicationId"]
    assert [paper["key"] for paper in draft["pd"]["documents"]] == ["id-proof"]
    fits(portal, "attachDocument", draft)

    again = await portal.call("attachDocument", applicationId=number, **PAPER)
    assert len(again["pd"]["documents"]) == 1
    done = await portal.call("applyService", applicationId=number)
    assert (done["rc"], done["pd"]["applicationId"], done["pd"]["status"]) == ("APSK0000", number, "IN_SCRUTINY")


async def test_a_draft_keeps_how_its_result_is_wanted(portal: Portal):
    papers = (NewDocument("id-proof", LOCKER_URI),)
    wanted = SaveDraft(
        "ES09", "49", "304", Channel.WEB, DeliveryMode.COUNTER, {"purpose": "school"}, "key-0001", documents=papers
    )
    await save_draft(portal.env, CITIZEN, wanted)
    draft = await the_application(portal)
    done = await portal.call("applyService", applicationId=draft.number)

    assert done["rc"] == "APSK0000", done
    assert (await the_application(portal)).delivery is DeliveryMode.COUNTER


async def test_what_changes_a_draft_while_a_paper_is_attached_is_not_lost(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
):
    number = (await portal.call("attachDocument", serviceCode="ES09", **PLACE, **PAPER))["pd"]["applicationId"]
    read, looks = writes.find_application, []

    async def overtaken(graph: Any, document: str, asked: str) -> Any:
        case = await read(graph, document, asked)
        looks.append(case["version"])
        if len(looks) == 1:
            held = await the_application(portal)
            answers = {"purpose": "school"}
            change = SaveDraft("ES09", "49", "304", Channel.WEB, DeliveryMode.PORTAL, answers, "k", draft_id=held.id)
            await save_draft(portal.env, CITIZEN, change)
        return case

    monkeypatch.setattr(writes, "find_application", overtaken)
    view = await portal.call("attachDocument", applicationId=number, **PAPER)

    assert (view["rc"], len(looks)) == ("APSK0000", 2), view
    assert (await the_application(portal)).form["purpose"] == "school"


async def test_a_document_that_the_officer_asked_for_answers_his_query(portal: Portal):
    number = (await filed(portal))["applicationId"]
    held = await the_application(portal)
    ground = RejectionGround.DOCUMENT_NOT_LEGIBLE
    query = Decide(held.id, Verdict.RAISE_QUERY, "q", ground=ground, reason="Unreadable", documents=("id-proof",))
    await decide_application(portal.env, OFFICER, query)
    answered = await portal.call("attachDocument", applicationId=number, **PAPER, text="Here it is")

    assert (answered["rc"], answered["pd"]["status"]) == ("APSK0000", "IN_SCRUTINY")


async def test_nothing_can_be_attached_to_a_case_that_did_not_ask(portal: Portal):
    number = (await filed(portal))["applicationId"]
    view = await portal.call("attachDocument", applicationId=number, **PAPER)

    assert (view["rc"], view["pd"]["errors"][0]["code"]) == ("APSK0422", "TRANSITION_NOT_ALLOWED")


async def test_an_uploaded_paper_is_named_by_its_reference_and_a_foreign_one_is_none(portal: Portal):
    own, foreign = await hand_in(portal.env, CITIZEN), await hand_in(portal.env, NEIGHBOUR, "another's paper")
    refused, done = [
        await portal.call("applyService", **{**INCOME, "documents": [{**PAPER, "uri": uri, "source": "UPLOAD"}]})
        for uri in (foreign.reference, own.reference)
    ]

    assert (refused["rc"], refused["pd"]["errors"][0]["code"]) == ("APSK0422", "DOCUMENT_UNKNOWN"), refused
    assert done["rc"] == "APSK0000", done
    async with portal.env.store.read_transaction() as tx:
        held = await timeline.documents(tx, [(await the_application(portal)).id])
    assert [(paper.source, paper.sha256) for papers in held.values() for paper in papers] == [("UPLOAD", own.sha256)]


async def test_without_the_locker_an_application_with_its_paper_is_still_taken(portal: Portal):
    portal.world.down.errors[Source.DIGILOCKER] = Unavailable(Source.DIGILOCKER, "timeout")
    view = await portal.call("applyService", **INCOME)

    assert (view["rc"], view["pd"]["status"]) == ("APSK0000", "IN_SCRUTINY")

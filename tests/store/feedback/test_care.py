"""What citizens say and get at the door, on both databases: pages, averages, counts of tries, sealed texts."""

import base64
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.doorstep import DoorstepAgent, Handover, HandOverProof, Slot, SlotWindow, Visit, VisitPurpose, VisitState
from domain.feedback.feedback import Feedback, Suggestion, SuggestionState
from domain.feedback.grievances import Grievance, GrievanceCategory, GrievanceReply, GrievanceState
from domain.kernel import ManualClock, Posting, Role
from store import doorstep
from store.applications import applications
from store.database import AlreadyThere, Store, Transaction, VersionConflict
from store.feedback import feedback, grievances, suggestions, tracking
from store.identity import people
from tests.store.builders import application, citizen, officer, operator
from tests.support.databases import NOW

EVERYWHERE = [Posting(Role.AUDITOR)]
HOUR = timedelta(hours=1)
SLOT = Slot(date(2026, 11, 25), SlotWindow.MIDDAY)


async def people_and_case(tx: Transaction) -> None:
    await people.add_citizen(tx, citizen())
    await people.add_officer(tx, officer("o1"))
    await people.add_operator(tx, operator())
    for key in ("a1", "a2", "a3"):
        await applications.add(tx, application(key))
    await doorstep.add_agent(tx, DoorstepAgent("p1", "57", None))


def said(key: str, rating: int, **changes) -> Feedback:
    plain = Feedback(key, "c1", "ES09", "revenue-department", "57", "358", "o1", rating, "ठीक", NOW, NOW)
    return replace(plain, **changes)


def complaint(key: str, **changes) -> Grievance:
    plain = Grievance(
        id=key,
        number=f"6{key}",
        application_id="a1",
        citizen_id="c1",
        service_code="ES09",
        department="revenue-department",
        district="57",
        tehsil="358",
        category=GrievanceCategory.DELAY,
        text="विलम्ब",
        state=GrievanceState.OPEN,
        due_at=NOW + HOUR,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)


def proposal(key: str, **changes) -> Suggestion:
    plain = Suggestion(
        id=key,
        citizen_id="c1",
        officer_id=None,
        service_code="ES09",
        department="revenue-department",
        district="57",
        text="सुझाव",
        state=SuggestionState.RECEIVED,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)


def visit(key: str = "v1", **changes) -> Visit:
    plain = Visit(
        id=key,
        application_id="a1",
        citizen_id="c1",
        purpose=VisitPurpose.DELIVERY,
        sequence=1,
        state=VisitState.SCHEDULED,
        slot=SLOT,
        agent_id="p1",
        department="revenue-department",
        district="57",
        tehsil="358",
        fee_paise=5000,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)


async def test_averages_are_by_service_and_officer_in_hundredths(store: Store):
    async with store.write_transaction() as tx:
        await people_and_case(tx)
        for key, rating in (("a1", 5), ("a2", 4)):
            assert await feedback.add(tx, said(key, rating))
        assert not await feedback.add(tx, said("a1", 1))
        await feedback.add(tx, said("a3", 1, officer_id=None, service_code="ES90", department=None))
        levels = await feedback.levels(tx, EVERYWHERE, NOW - HOUR)
        assert [(one.officer_id, one.service_code, one.ratings, one.average) for one in levels] == [
            (None, "ES90", 1, 100),
            ("o1", "ES09", 2, 450),
        ]
        here = [Posting(Role.DEPARTMENT_ADMIN, "revenue-department")]
        assert [one.service_code for one in await feedback.levels(tx, here, NOW - HOUR)] == ["ES09"]
        assert await feedback.levels(tx, [], NOW - HOUR) == []
        assert await feedback.levels(tx, EVERYWHERE, NOW + HOUR) == []
        await feedback.replace(tx, said("a1", 3, text=None))
        assert (await feedback.of_applications(tx, ["a1", "a9"])) == {"a1": said("a1", 3, text=None)}
        first = await feedback.of_office(here).page(tx, limit=1)
        rest = await feedback.of_office(here).page(tx, place=(NOW, first[0].application_id), limit=5)
        assert [one.application_id for one in (*first, *rest)] == ["a2", "a1"]
        assert await feedback.of_office(here).count(tx) == 2


async def test_grievances_are_paged_by_due_date_and_saved_by_version(store: Store):
    async with store.write_transaction() as tx:
        await people_and_case(tx)
        for key, hours in (("g1", 3), ("g2", 1), ("g3", 2)):
            await grievances.add(tx, complaint(key, due_at=NOW + hours * HOUR))
        with pytest.raises(AlreadyThere):
            await grievances.add(tx, complaint("g4", number="6g1"))
        listed = grievances.of_office(EVERYWHERE, {GrievanceState.OPEN})
        page = await listed.page(tx, limit=2)
        assert [one.id for one in page] == ["g2", "g3"]
        rest = await listed.page(tx, place=(page[1].due_at, "g3"), limit=2)
        assert [one.id for one in rest] == ["g1"]
        assert [one.id for one in await grievances.overdue(tx, NOW + 2 * HOUR, 5)] == ["g2"]
        saved = await grievances.save(tx, replace(page[0], state=GrievanceState.ANSWERED), 1)
        assert saved.version == 2
        with pytest.raises(VersionConflict) as caught:
            await grievances.save(tx, page[0], 1)
        assert (caught.value.present_version, caught.value.present_status) == (2, "ANSWERED")
        await grievances.add_reply(tx, GrievanceReply("r1", "g2", "o1", "उत्तर", NOW))
        assert (await grievances.replies(tx, ["g2"]))["g2"] == [GrievanceReply("r1", "g2", "o1", "उत्तर", NOW)]
        waiting = await grievances.waiting_grievance(tx, "a1", GrievanceCategory.DELAY)
        assert waiting is not None
        assert waiting.id == "g1"


async def test_suggestions_are_found_by_author_and_by_office(store: Store):
    async with store.write_transaction() as tx:
        await people_and_case(tx)
        await suggestions.add(tx, proposal("s1"))
        await suggestions.add(tx, proposal("s2", citizen_id=None, officer_id="o1", department="other"))
        assert [one.id for one in await suggestions.of_author("o1").page(tx, limit=5)] == ["s2"]
        here = [Posting(Role.DEPARTMENT_ADMIN, "revenue-department")]
        assert await suggestions.of_office(here, frozenset(SuggestionState)).page(tx, limit=5) == [proposal("s1")]
        replied = replace(proposal("s1"), state=SuggestionState.ACCEPTED, reply="हाँ", replied_by="o1", replied_at=NOW)
        assert (await suggestions.save(tx, replied, 1)).version == 2
        again = await suggestions.get(tx, "s1")
        assert again is not None
        assert (again.reply, again.state) == ("हाँ", SuggestionState.ACCEPTED)


async def test_visits_keep_their_sequence_slot_and_proof(store: Store):
    async with store.write_transaction() as tx:
        await people_and_case(tx)
        await doorstep.add(tx, visit())
        with pytest.raises(AlreadyThere):
            await doorstep.add(tx, visit("v2"))
        assert await doorstep.taken_slots(tx, ["p1"], SLOT.on) == {("p1", SLOT): 1}
        assert [one.operator_id for one in await doorstep.agents_for(tx, "57", "358")] == ["p1"]
        assert await doorstep.agents_for(tx, "58", None) == []
        hashes = doorstep.otp_hashes(tx, "v1", "123456")
        out = replace(visit(), state=VisitState.OUT, otp="123456", otp_hash=hashes[0], otp_expires_at=NOW)
        saved = await doorstep.save(tx, out, 1)
        assert await doorstep.get(tx, "v1") == saved
        proof = Handover(HandOverProof.SIGNED_PAPER, "0" * 64, "रमेश")
        over = replace(saved, state=VisitState.HANDED_OVER, handover=proof, otp=None, otp_hash=None, closed_at=NOW)
        assert (await doorstep.save(tx, over, 2)).handover == proof
        assert await doorstep.taken_slots(tx, ["p1"], SLOT.on) == {}
        listed = await doorstep.page_of_agent(tx, "p1", frozenset(VisitState), place=None, limit=5)
        assert [one.handover for one in listed] == [proof]
        assert doorstep.otp_hashes(tx, "v2", "123456") != hashes


async def test_tries_are_counted_in_windows_and_forgotten(store: Store, store_clock: ManualClock):
    async with store.write_transaction() as tx:
        for place in range(3):
            assert (await tracking.count_try(tx, "number", "1", window=HOUR))[0] == place + 1
        await tracking.settle_try(tx, "number", "1", forgiven=True)
        await tracking.settle_try(tx, "number", "1", forgiven=False)
        assert (await tracking.count_try(tx, "number", "1", window=HOUR))[0] == 3
        assert (await tracking.count_try(tx, "client", "1", window=HOUR))[0] == 1
    store_clock.advance(HOUR)
    async with store.write_transaction() as tx:
        assert await tracking.count_try(tx, "number", "1", window=HOUR) == (1, store_clock.now())
        await tracking.forget_before(tx, store_clock.now())
        assert (await tracking.count_try(tx, "client", "1", window=HOUR))[0] == 1


async def test_no_text_code_or_name_can_be_read_from_the_files(sqlite_store: Store, tmp_path: Path):
    canaries = ("Canary-Feedback", "Canary-Grievance", "Canary-Reply", "Canary-Idea", "Canary-Witness", "946102")
    said_, wrong, reply, idea, witness, code = canaries
    async with sqlite_store.write_transaction() as tx:
        await people_and_case(tx)
        await feedback.add(tx, said("a1", 5, text=said_))
        await grievances.add(tx, complaint("g1", text=wrong))
        await grievances.add_reply(tx, GrievanceReply("r1", "g1", "o1", reply, NOW))
        await suggestions.add(tx, proposal("s1", text=idea, reply=idea))
        proof = Handover(HandOverProof.SIGNED_PAPER, "0" * 64, witness)
        hashed = doorstep.otp_hashes(tx, "v1", code)[0]
        await doorstep.add(tx, visit(handover=proof, otp=code, otp_hash=hashed))
        await tracking.count_try(tx, "client", code, window=HOUR)
    await sqlite_store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    for canary in canaries:
        for form in (canary.encode(), base64.b64encode(canary.encode())[:-4]):
            assert len(form) < 5 or form not in content

"""Doorstep delivery: slots, agents, codes, papers, failures, the fee, and who may not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, Withdraw, answer_query, withdraw_application
from actions.certificates.issue import issue_certificate
from actions.documents.file_links import link_to
from actions.doorstep.doorstep import (
    BookVisit,
    ChangeVisit,
    assign_visit,
    book_visit,
    cancel_visit,
    offered_slots,
    reschedule_visit,
)
from actions.doorstep.rounds import (
    FailVisit,
    HandOver,
    RecordVisitFee,
    SetOut,
    announce_deliveries,
    fail_visit,
    hand_over,
    record_visit_fee,
    set_out,
)
from actions.doorstep.views import code_for, count_visit_tasks, possible_agents, visit_tasks
from actions.identity.one_time_codes import count_entry, settle_entry
from actions.identity.sessions import mint_session_token, subject_for_token
from actions.kernel import UnitOfWork
from domain.applications.applications import Application, DeliveryMode, RejectionGround
from domain.applications.lifecycle import Status
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.doorstep import (
    OPEN,
    HandOverProof,
    VisitFailure,
    VisitPurpose,
    VisitState,
)
from domain.feedback.notices import NoticeKind
from domain.kernel import ANONYMOUS, Bilingual, ErrorCode, NotSignedIn, PersonKind, Problems, Provider, Role, ist_date
from integrations.etaal.models import etaal_channel
from store import doorstep
from store.applications import applications, timeline
from store.catalogue import centres
from store.database import Transaction
from store.etaal import ledger, ledger_seal
from store.feedback import notices
from store.identity import accesses
from store.identity.sessions import Session, add_session
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.doorstep import DELIVERY, Door, a_door
from tests.support.files import hand_in
from tests.support.stored import audit_lines_of
from tests.support.worlds import wrong


@pytest.fixture
async def door(world: World) -> Door:
    return await a_door(world)


async def refused(call: Any) -> Any:
    with pytest.raises(Problems) as caught:
        await call
    return caught.value.problems[0]


async def test_the_code_hands_over_and_the_application_is_delivered_and_counted(door: Door):
    env = door.world.env
    visit = await door.book()
    assert (visit.state, visit.otp) == (VisitState.SCHEDULED, None)
    visit = await door.out(visit)
    assert visit.state is VisitState.OUT
    request = HandOver(visit.id, "h", otp=door.code(visit))
    over, replayed = await hand_over(env, door.hers(visit), request)
    assert (over.state, over.handover.proof if over.handover else None) == (VisitState.HANDED_OVER, HandOverProof.OTP)
    assert (over.otp, over.otp_hash, replayed) == (None, None, False)
    assert (await hand_over(env, door.hers(visit), request))[1] is True
    await ledger_seal.seal(door.world.env.store)
    async with env.store.read_transaction() as tx:
        case = await applications.get(tx, door.case.id)
        steps = (await timeline.timelines(tx, [door.case.id]))[door.case.id]
        counts = await ledger.counts_on(tx, ist_date(door.world.clock.now()))
    assert case is not None
    assert (case.status, case.delivered_at) == (Status.DELIVERED, door.world.clock.now())
    assert steps[-1].actor_role == "DOORSTEP_AGENT"
    assert [(one.channel, one.count) for one in counts if one.service_code == FREE] == [("DOORSTEP", 1)]
    assert etaal_channel("DOORSTEP") == "ASSISTED"
    assert await wrong(env) == []


async def test_a_delivery_is_announced_once_on_the_day_before_it_comes(door: Door):
    async def announced() -> int:
        async with door.world.env.store.read_transaction() as tx:
            told = await notices.of_citizen(door.world.asha.person_id or "").page(tx, limit=100)
        return [one.kind for one in told].count(NoticeKind.DELIVERY_COMING)

    visit = await door.book()
    day_before = visit.slot.starts_at - timedelta(days=1)
    door.world.clock.set(day_before - timedelta(days=1))
    await announce_deliveries(door.world.env)
    assert await announced() == 0

    door.world.clock.set(day_before)
    for _ in range(2):
        await announce_deliveries(door.world.env)
    assert await announced() == 1


async def test_the_code_is_six_digits_for_the_citizen_only_and_kept_as_a_hash(door: Door):
    visit = await door.out(await door.book())
    code = door.code(visit)
    assert len(code) == 6
    assert code.isdigit()
    world = door.world
    for stranger in (world.sunil, world.operator, world.registrar, door.hers(visit), ANONYMOUS):
        assert code_for(stranger, visit, world.clock.now()) is None
    async with world.env.store.read_transaction() as tx:
        (row,) = (await tx.connection.execute(doorstep.visits_table.select())).all()
    assert code not in row.otp_hash
    assert code.encode() not in row.otp
    world.clock.advance(timedelta(days=10))
    assert code_for(world.asha, visit, world.clock.now()) is None


async def test_five_wrong_codes_end_the_code_and_the_same_request_is_counted_once(door: Door):
    visit = await door.out(await door.book())
    agent, env = door.hers(visit), door.world.env
    right = door.code(visit)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for left in (4, 3, 2, 1, 0):
        for _ in range(2):
            problem = await refused(hand_over(env, agent, HandOver(visit.id, f"w{left}", otp=wrong)))
            assert (problem.code, problem.params) == (ErrorCode.OTP_WRONG, {"left": str(left)})
    locked = await refused(hand_over(env, agent, HandOver(visit.id, "r", otp=right)))
    assert locked.code is ErrorCode.OTP_EXPIRED
    async with env.store.read_transaction() as tx:
        case = await applications.get(tx, door.case.id)
    assert case is not None
    assert case.status is Status.CERTIFICATE_ISSUED


async def test_an_agent_is_refused_every_code_after_ten_wrong_ones_of_a_day(door: Door):
    env = door.world.env
    visit = await door.out(await door.book())
    agent = door.hers(visit)

    async def enter_wrongly(tx: Transaction) -> None:
        acting = UnitOfWork(env, tx, agent)
        await settle_entry(acting, await count_entry(acting, "somebody else", ()), "somebody else", right=False)

    for _ in range(10):
        await env.store.carry_out(enter_wrongly)

    closed = await refused(hand_over(env, agent, HandOver(visit.id, "r", otp=door.code(visit))))

    assert closed.code is ErrorCode.RATE_LIMITED


async def test_a_code_expires(door: Door):
    visit = await door.out(await door.book())
    code = door.code(visit)
    door.world.clock.advance(timedelta(days=10))
    late = await refused(hand_over(door.world.env, door.hers(visit), HandOver(visit.id, "h", otp=code)))
    assert late.code is ErrorCode.OTP_EXPIRED


async def test_a_signed_paper_with_a_witness_proves_it_too(door: Door):
    env = door.world.env
    visit = await door.out(await door.book())
    agent = door.hers(visit)
    unknown = HandOver(visit.id, "u", paper_sha256="0" * 64, witness="Ramesh")
    assert (await refused(hand_over(env, agent, unknown))).code is ErrorCode.UPLOAD_UNKNOWN
    foreign = (await hand_in(env, door.world.asha, "hers")).reference
    not_theirs = HandOver(visit.id, "f", paper_sha256=foreign, witness="Ramesh")
    assert (await refused(hand_over(env, agent, not_theirs))).code is ErrorCode.UPLOAD_UNKNOWN
    sha256 = (await hand_in(env, agent, "signed")).reference
    alone = HandOver(visit.id, "a", paper_sha256=sha256)
    assert (await refused(hand_over(env, agent, alone))).path == ("input", "witness")
    over, _ = await hand_over(env, agent, HandOver(visit.id, "h", paper_sha256=sha256, witness="Ramesh Negi"))
    assert over.handover is not None
    assert (over.handover.proof, over.handover.witness) == (HandOverProof.SIGNED_PAPER, "Ramesh Negi")
    for reader in (door.world.asha, door.world.registrar, agent):
        assert await link_to(env, reader, sha256) is not None
    assert await link_to(env, door.far, sha256) is None
    nothing = await refused(hand_over(env, agent, HandOver(visit.id, "n")))
    assert nothing.code is ErrorCode.STEP_NOT_ALLOWED


async def test_three_failures_end_the_doorstep(door: Door):
    env = door.world.env
    for place in range(3):
        visit = await door.out(await door.book(f"b{place}"))
        assert visit.sequence == place + 1
        request = FailVisit(visit.id, VisitFailure.NOBODY_HOME, f"f{place}")
        failed, _ = await fail_visit(env, door.hers(visit), request)
        assert (failed.state, failed.failure, failed.otp) == (VisitState.FAILED, VisitFailure.NOBODY_HOME, None)
    with pytest.raises(Problems) as caught:
        await door.book("b4")
    assert caught.value.code is ErrorCode.VISITS_EXHAUSTED


async def test_a_new_slot_is_a_new_visit_and_the_old_one_is_closed(door: Door):
    env, asha = door.world.env, door.world.asha
    visit = await door.book()
    slots = await offered_slots(env, asha, door.case.id, DELIVERY)
    moved, _ = await reschedule_visit(env, asha, ChangeVisit(visit.id, "m", slot=slots[4]))
    assert (moved.sequence, moved.slot, moved.state) == (2, slots[4], VisitState.SCHEDULED)
    async with env.store.read_transaction() as tx:
        old = await doorstep.get(tx, visit.id)
    assert old is not None
    assert old.state is VisitState.RESCHEDULED
    cancelled, _ = await cancel_visit(env, asha, ChangeVisit(moved.id, "c"))
    assert cancelled.state is VisitState.CANCELLED
    too_late = await refused(cancel_visit(env, asha, ChangeVisit(moved.id, "c2")))
    assert too_late.code is ErrorCode.STEP_NOT_ALLOWED


async def test_only_offered_slots_with_room_are_booked_and_only_once(door: Door):
    env, asha = door.world.env, door.world.asha
    slots = await offered_slots(env, asha, door.case.id, DELIVERY)
    yesterday = replace(slots[0], on=slots[0].on - timedelta(days=7))
    gone = await refused(book_visit(env, asha, BookVisit(door.case.id, DELIVERY, yesterday, "y")))
    assert gone.code is ErrorCode.SLOT_NOT_OFFERED
    full = replace(env, rules=replace(env.rules, care=replace(env.rules.care, doorstep_visits_per_slot=1)))
    await door.book()
    twin = await refused(book_visit(env, asha, BookVisit(door.case.id, DELIVERY, slots[1], "t")))
    assert twin.code is ErrorCode.VISIT_NOT_POSSIBLE
    second = await world_case(door)
    await book_visit(full, door.world.sunil, BookVisit(second.id, DELIVERY, slots[0], "s"))
    assert slots[0] not in await offered_slots(full, asha, door.case.id, DELIVERY)


async def world_case(door: Door) -> Application:
    world = door.world
    request = {"delivery": DeliveryMode.DOORSTEP, "idempotency_key": "second"}
    case = await world.approved(world.sunil, FREE, world.registrar, **request)
    await issue_certificate(world.env, case.id, FakeRenderer())
    return case


async def test_visits_are_shared_among_the_agents_of_the_place(door: Door):
    first = await door.book()
    second = await world_case(door)
    slots = await offered_slots(door.world.env, door.world.sunil, second.id, DELIVERY)
    other, _ = await book_visit(door.world.env, door.world.sunil, BookVisit(second.id, DELIVERY, slots[0], "s"))
    assert {first.agent_id, other.agent_id} == {door.agent.person_id, door.second.person_id}


async def test_an_officer_of_the_place_gives_a_visit_to_another_agent(door: Door):
    env, registrar = door.world.env, door.world.registrar
    visit = await door.book()
    near = await possible_agents(env, registrar, visit)
    assert {one.id for one in near} == {door.agent.person_id, door.second.person_id}
    assert await possible_agents(env, door.world.asha, visit) == []
    other = door.second if door.hers(visit) is door.agent else door.agent
    before = door.hers(visit)
    given, _ = await assign_visit(env, registrar, ChangeVisit(visit.id, "a", agent_id=other.person_id))
    assert given.agent_id == other.person_id
    lost = await refused(set_out(env, before, SetOut(visit.id, "o")))
    assert lost.code is ErrorCode.NOT_FOUND
    wrong = await refused(assign_visit(env, registrar, ChangeVisit(visit.id, "f", agent_id=door.far.person_id)))
    assert wrong.code is ErrorCode.AGENT_UNKNOWN


async def test_the_fee_is_recorded_before_the_hand_over(door: Door):
    door.world.env = env = replace(
        door.world.env,
        rules=replace(door.world.env.rules, care=replace(door.world.env.rules.care, doorstep_fee_paise=5000)),
    )
    visit = await door.out(await door.book())
    agent = door.hers(visit)
    unpaid = await refused(hand_over(env, agent, HandOver(visit.id, "h", otp=door.code(visit))))
    assert unpaid.code is ErrorCode.FEE_NOT_PAID
    less = await refused(record_visit_fee(env, agent, RecordVisitFee(visit.id, "R-1", 4999, "less")))
    assert less.code is ErrorCode.FEE_MISMATCH
    paid, _ = await record_visit_fee(env, agent, RecordVisitFee(visit.id, "R-1", 5000, "fee"))
    assert (paid.fee_receipt, paid.version) == ("R-1", visit.version + 1)
    twice = await refused(record_visit_fee(env, agent, RecordVisitFee(visit.id, "R-2", 5000, "again")))
    assert twice.code is ErrorCode.STEP_NOT_ALLOWED
    failed = FailVisit(visit.id, VisitFailure.ROAD_CLOSED, "f")
    await fail_visit(env, agent, failed)
    assert (await door.book("next")).fee_receipt == "R-1"


async def test_strangers_find_no_visit(door: Door):
    world = door.world
    visit = await door.book()
    for stranger in (world.sunil, world.elsewhere, door.far):
        for call in (
            cancel_visit(world.env, stranger, ChangeVisit(visit.id, "c")),
            set_out(world.env, stranger, SetOut(visit.id, "o")),
            hand_over(world.env, stranger, HandOver(visit.id, "h", otp="000000")),
            fail_visit(world.env, stranger, FailVisit(visit.id, VisitFailure.ROAD_CLOSED, "f")),
            record_visit_fee(world.env, stranger, RecordVisitFee(visit.id, "R", 1, "r")),
            assign_visit(world.env, stranger, ChangeVisit(visit.id, "a", agent_id="x")),
            offered_slots(world.env, stranger, door.case.id, DELIVERY),
        ):
            assert (await refused(call)).code is ErrorCode.NOT_FOUND
    for call in (
        set_out(world.env, world.asha, SetOut(visit.id, "o")),
        assign_visit(world.env, world.asha, ChangeVisit(visit.id, "a", agent_id=door.agent.person_id)),
    ):
        assert (await refused(call)).code is ErrorCode.NOT_FOUND
    with pytest.raises(NotSignedIn):
        await cancel_visit(world.env, ANONYMOUS, ChangeVisit(visit.id, "c"))


async def test_an_agent_sees_her_own_round_only_with_receipts_and_no_name_afterwards(door: Door):
    world = door.world
    visit = await door.out(await door.book())
    agent = door.hers(visit)
    other = door.second if agent is door.agent else door.agent
    (errand,) = await visit_tasks(world.env, agent, OPEN, place=None, limit=10)
    assert (errand.number, errand.recipient.en if errand.recipient else None) == (door.case.number, "Asha Negi")
    for stranger in (other, door.far, world.operator, world.asha, world.registrar):
        assert await visit_tasks(world.env, stranger, OPEN, place=None, limit=10) == []
        assert await count_visit_tasks(world.env, stranger, OPEN) == 0
    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 20)
    assert ("DOORSTEP_AGENT", "VISIT", "DELIVER") in {(one.role, one.object_kind, one.purpose) for one in receipts}
    await hand_over(world.env, agent, HandOver(visit.id, "h", otp=door.code(visit)))
    (done,) = await visit_tasks(world.env, agent, frozenset(VisitState), place=None, limit=10)
    assert (done.recipient, done.address) == (None, None)


async def test_papers_are_fetched_while_the_case_is_with_the_office(door: Door):
    world = door.world
    case = await world.submit(world.sunil, idempotency_key="pick-up")
    slots = await offered_slots(world.env, world.sunil, case.id, VisitPurpose.PICK_UP)
    assert await offered_slots(world.env, world.sunil, case.id, DELIVERY) == []
    request = BookVisit(case.id, VisitPurpose.PICK_UP, slots[0], "p")
    visit, _ = await book_visit(world.env, world.sunil, request)
    visit = await door.out(visit)
    code = code_for(world.sunil, visit, world.clock.now())
    await hand_over(world.env, door.hers(visit), HandOver(visit.id, "h", otp=code))
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, case.id)
    assert after is not None
    assert after.status is case.status
    none = await refused(book_visit(world.env, world.sunil, replace(request, purpose=DELIVERY, idempotency_key="d")))
    assert none.code is ErrorCode.VISIT_NOT_POSSIBLE


@pytest.mark.parametrize("on_the_way", [False, True], ids=["booked", "on the way"])
async def test_a_pick_up_is_called_off_with_the_application_that_is_withdrawn(door: Door, *, on_the_way: bool):
    world = door.world
    env = replace(
        world.env, rules=replace(world.env.rules, care=replace(world.env.rules.care, doorstep_visits_per_slot=1))
    )
    case = await world.submit(world.sunil, idempotency_key="pick-up")
    every_slot = await offered_slots(env, world.sunil, case.id, VisitPurpose.PICK_UP)
    request = BookVisit(case.id, VisitPurpose.PICK_UP, every_slot[0], "p")
    visit, _ = await book_visit(env, world.sunil, request)
    visit = await door.out(visit) if on_the_way else visit

    await withdraw_application(env, world.sunil, Withdraw(case.id, "w"))

    async with env.store.read_transaction() as tx:
        after = await doorstep.get(tx, visit.id)
        told = [one.kind for one in await notices.of_citizen(case.citizen_id).page(tx, limit=20)]
        taken = await doorstep.taken_slots(tx, [visit.agent_id], visit.slot.on)
        lines = [line.action for line in await audit_lines_of(tx, "VISIT", visit.id)]
    assert after is not None
    assert (after.state, after.otp, after.closed_at) == (VisitState.CANCELLED, None, world.clock.now())
    assert (told[0], taken, lines[-1]) == (NoticeKind.VISIT_CANCELLED, {}, "visit.call_off")
    assert await offered_slots(env, door.world.asha, door.case.id, DELIVERY) == every_slot
    assert await visit_tasks(env, door.hers(visit), OPEN, place=None, limit=10) == []
    assert (await refused(set_out(env, door.hers(visit), SetOut(visit.id, "late")))).code is ErrorCode.STEP_NOT_ALLOWED


async def test_a_pick_up_is_called_off_when_the_office_closes_the_case_and_no_other_visit_with_it(door: Door):
    world = door.world
    delivery = await door.book()
    case = await world.submit(world.sunil, idempotency_key="pick-up")
    slots = await offered_slots(world.env, world.sunil, case.id, VisitPurpose.PICK_UP)
    visit, _ = await book_visit(world.env, world.sunil, BookVisit(case.id, VisitPurpose.PICK_UP, slots[0], "p"))
    query = Decide(case.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Which ward?")
    await decide_application(world.env, world.registrar, query)
    async with world.env.store.read_transaction() as tx:
        assert (await doorstep.by_ids(tx, [visit.id]))[visit.id].state is VisitState.SCHEDULED
    await answer_query(world.env, world.sunil, AnswerQuery(case.id, "Ward 4", {}, "a"))
    returned = Decide(case.id, Verdict.REJECT, "r", ground=RejectionGround.NOT_ELIGIBLE, reason="Born elsewhere.")
    await decide_application(world.env, world.registrar, returned)
    async with world.env.store.read_transaction() as tx:
        found = await doorstep.by_ids(tx, [visit.id, delivery.id])
    assert found[visit.id].state is VisitState.CANCELLED
    assert found[delivery.id].state is VisitState.SCHEDULED


async def test_two_bookings_at_once_give_one_visit(door: Door):
    env, asha = door.world.env, door.world.asha
    slots = await offered_slots(env, asha, door.case.id, DELIVERY)
    calls = (book_visit(env, asha, BookVisit(door.case.id, DELIVERY, slots[place], str(place))) for place in range(4))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    assert all(isinstance(one, Problems) for one in results if isinstance(one, BaseException))


async def test_who_is_on_the_register_of_agents_signs_in_as_an_agent(door: Door):
    env = door.world.env
    now = env.clock.now()
    ends = now + timedelta(hours=1)
    async with env.store.write_transaction() as tx:
        await centres.save_centres(
            tx, [Centre("CSC-49-1", CentreKind.CSC, Bilingual(None, "CSC"), "49", None, open=True)]
        )
        await centres.bind(
            tx, [Binding(one.person_id or "", "CSC-49-1", None) for one in (door.agent, door.world.operator)]
        )
    for person, role in ((door.agent, Role.DOORSTEP_AGENT), (door.world.operator, Role.OPERATOR)):
        session = Session(
            env.ids.key(),
            PersonKind.OPERATOR,
            person.person_id or "",
            Provider.CSC_CONNECT,
            "HIGH",
            None,
            now,
            ends,
            None,
        )
        async with env.store.write_transaction() as tx:
            await add_session(tx, session)
        subject = await subject_for_token(env, mint_session_token(env, session))
        assert (subject.roles, subject.district) == (frozenset({role}), "49")

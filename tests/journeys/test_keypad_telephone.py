"""Every event that is told reaches a keypad telephone in Hindi: each walk raises its events by their own actions.

The walks of the demo are in test_messages.py; these go where a demo would need days, the Commission or a bank. What
they raise is planned and sent as the worker does, filled by the published operation, and given to the sandbox of SMS
over a socket.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.appeals.appeals import AppealVerdict, Imposed, choose_auto_appeal
from actions.appeals.awards import SettleAward, settle_award
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.renewal_reminders import remind_of_renewals
from actions.applications.respond import AnswerQuery, Withdraw, answer_query, withdraw_application
from actions.benefits.instalments import release_due
from actions.benefits.life_certificates import remind_of_certificates
from actions.benefits.orders import ResumeBenefit, SuspendBenefit, resume_benefit, suspend_benefit
from actions.benefits.payment_orders import OrderRecovery, ReissuePayment, order_recovery, reissue_payment
from actions.benefits.sanction import send_instruction
from actions.certificates.certificate_endings import (
    EndCertificate,
    correct_certificate,
    make_corrected,
    revoke_certificate,
)
from actions.certificates.issue import issue_certificate
from actions.clearances.clearances import AnswerClearance, answer_clearance
from actions.doorstep.doorstep import BookVisit, ChangeVisit, book_visit, cancel_visit, offered_slots
from actions.doorstep.rounds import FailVisit, HandOver, announce_deliveries, fail_visit, hand_over
from actions.feedback.grievances import (
    RaiseGrievance,
    ReplyToGrievance,
    escalate_overdue,
    raise_grievance,
    reply_to_grievance,
)
from actions.feedback.suggestions import MakeSuggestion, ReplyToSuggestion, make_suggestion, reply_to_suggestion
from actions.fees.wallet_refunds import send_refund
from actions.identity.code_sending import SEND, send_code
from actions.identity.record_claims import ClaimRecord, claim_record, confirm_claim
from actions.identity.record_joining import agree, join_due
from actions.kernel import UnitOfWork
from actions.payments.account_corrections import CorrectAccount, correct_account
from domain.appeals.appeals import AwardKind
from domain.applications.applications import RejectionGround
from domain.applications.deadline import breaches_at
from domain.applications.lifecycle import Move
from domain.benefits.benefits import PaymentStatus
from domain.benefits.recoveries import RecoveryGround, RecoveryWay
from domain.benefits.sanction_course import ResumeGround, StopGround
from domain.certificates.certificates import EndGround
from domain.doorstep import VisitFailure, VisitPurpose
from domain.feedback.feedback import SuggestionState
from domain.feedback.grievances import GrievanceCategory
from domain.feedback.messages import Message, MessageChannel, MessageSettings, MessageState
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeRules
from domain.identity.record_claims import COOLING_OFF, ClaimWay
from domain.kernel import (
    SYSTEM,
    Assurance,
    Bilingual,
    Language,
    PersonKind,
    Posting,
    Provider,
    Role,
    Source,
    Subject,
    ist_date,
)
from domain.platform.switches import Switchboard
from gateway.runtime.composition import Runtime
from gateway.worker.message_values import MessageValues
from integrations.calling.remote import Remote
from integrations.calling.transport import open_client
from integrations.sms import SmsGateway, SmsSettings
from sandbox.city.kit import Sandbox
from sandbox.sms.server import create_sandbox
from states.message_texts import message_texts
from states.packages import state_folder
from store import clearances
from store.database import require_there
from store.feedback import messages
from store.feedback.messages import messages_table
from store.feedback.notices import notices_table
from store.identity import identities, people, record_claims
from store.platform import outbox
from tests.actions.applications.test_renew import first_day, issue_licence, wait_until
from tests.journeys.test_messages import WALKED, text_of
from tests.store.builders import citizen
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.built import built
from tests.support.commission import a_court, appeal_now, filed
from tests.support.definitions import REVENUE, clearance_of, give_steps
from tests.support.doorstep import a_door
from tests.support.endings import correction, issued
from tests.support.fees import open_tills
from tests.support.law import appealed, appeals_of, authorities, enter_officer, heard, ordered, overdue, pass_days
from tests.support.law import refused as rejected
from tests.support.messages import carry_messages
from tests.support.pensions import FIRST, granted_pension, made, news
from tests.support.remotes import shared_resilience
from tests.support.served import served
from tests.support.sign_in import sandbox_home

K, MOBILE = NoticeKind, "9800000001"
GRAPH = built()
SECOND = "0193a000-0000-7000-8000-0000000000aa"
ALWAYS_AWAKE = MessageSettings((MessageChannel.SMS,), 0, 0)
PLACE = "Commission, Ring Road, Dehradun"


@dataclass
class Village:
    """A world whose citizens share one telephone, and the provider that brings texts to it."""

    world: World
    sms: Sandbox
    folder: Path

    @property
    def texts(self) -> list[str]:
        """What came, the latest first."""
        return list(self.sms.actions["texts"]({"mobile": MOBILE})["texts"])

    async def carried(self) -> list[Message]:
        """Carry what was told until nothing waits, as the worker does each second; the messages to the telephone."""
        nobody: Any = None
        env = self.world.env
        read = MessageValues(Runtime(env, shared_resilience(self.world.clock), Switchboard(), nobody), GRAPH).read
        waiting = True
        while waiting:
            await carry_messages(env, read)
            self.world.clock.advance(timedelta(seconds=1))
            async with env.store.read_transaction() as tx:
                told = (await tx.connection.execute(select(notices_table.c.to_send))).scalars().all()
                kept = [messages.MESSAGES.read(tx, row) for row in await tx.connection.execute(select(messages_table))]
            waiting = any(told) or any(each.send_at for each in kept)
        return kept


@pytest.fixture
async def village(sqlite_peopled: World, tmp_path: Path) -> AsyncIterator[Village]:
    world = sqlite_peopled
    home = sandbox_home(tmp_path, "sms", world.clock)
    made_sandbox = create_sandbox(home)
    given = SmsSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    async with served(made_sandbox.app) as url, open_client() as client:
        remote = Remote(Source.SMS, url, client=client, shared=shared_resilience(world.clock))
        rules = replace(world.env.rules, message_texts=message_texts(state_folder()))
        world.env = replace(
            world.env, rules=rules, partners=replace(world.env.partners, sms=SmsGateway(given, remote, remote))
        )
        async with world.env.store.write_transaction() as tx:
            for who in (world.asha, world.sunil):
                [known] = (await people.citizens(tx, [who.person_id or ""])).values()
                await people.update_citizen(tx, replace(known, mobile=MOBILE, language=Language.HI))
                await messages.choose(tx, known.id, ALWAYS_AWAKE)
        yield Village(world, made_sandbox, tmp_path)
    made_sandbox.close()


async def decide(world: World, case: Any, verdict: Verdict, **more: Any) -> Any:
    request = Decide(case.id, verdict, f"{verdict}-{case.id}", **more)
    return (await decide_application(world.env, world.registrar, request))[0]


async def is_asked_about_and_returned(village: Village) -> None:
    world = village.world
    case = await world.submit(world.asha)
    asked = {"ground": RejectionGround.FORM_INCOMPLETE, "reason": "Which hospital?"}
    await decide(world, case, Verdict.RAISE_QUERY, **asked)
    await answer_query(world.env, world.asha, AnswerQuery(case.id, "Doon", {}, "a"))
    await decide(world, case, Verdict.SEND_FOR_VERIFICATION)
    await decide(world, case, Verdict.REPORT_VERIFICATION, reason="As stated.")
    await decide(world, case, Verdict.REJECT, ground=RejectionGround.NOT_ELIGIBLE, reason="Not born here.")
    second = await world.submit(world.asha, idempotency_key="second")
    await decide(world, second, Verdict.RETURN_AS_INCOMPLETE, **asked)


async def is_filed_and_withdrawn_by_an_operator(village: Village) -> None:
    world = village.world
    case = await world.submit(world.operator)
    await withdraw_application(world.env, world.operator, Withdraw(case.id, "w"))


async def is_cleared_and_paid_for_after_the_approval(village: Village) -> None:
    world = village.world
    await give_steps(world, "SCRUTINY", clearance_of(REVENUE), "PAYMENT", "ISSUE", fee_paise=50_000)
    case = await world.submit(world.asha)
    async with world.env.store.read_transaction() as tx:
        [one] = (await clearances.of_applications(tx, [case.id]))[case.id]
    await answer_clearance(world.env, world.tehsildar, AnswerClearance(one.id, True, "It is.", "c"))
    await decide(world, case, Verdict.APPROVE)


async def is_issued_corrected_and_revoked(village: Village) -> None:
    world = village.world
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, EndGround.WRONG_FACTS, "Wrong", "r"))


async def has_a_licence_that_ends_soon(village: Village) -> None:
    licence = await issue_licence(village.world)
    await village.carried()
    wait_until(village.world, first_day(licence))
    assert await remind_of_renewals(village.world.env) == 1


async def is_brought_to_the_door(village: Village) -> None:
    world = village.world
    door = await a_door(world)
    first = await door.book("1")
    await cancel_visit(world.env, world.asha, ChangeVisit(first.id, "c"))
    second = await door.book("2")
    await village.carried()
    world.clock.advance(timedelta(days=(second.slot.on - ist_date(world.clock.now())).days - 1))
    assert await announce_deliveries(world.env) == 1
    second = await door.out(second)
    await fail_visit(world.env, door.hers(second), FailVisit(second.id, VisitFailure.NOBODY_HOME, "f"))
    third = await door.out(await door.book("3"))
    await hand_over(world.env, door.hers(third), HandOver(third.id, "h", otp=door.code(third)))
    case = await world.submit(world.asha, idempotency_key="papers")
    slots = await offered_slots(world.env, world.asha, case.id, VisitPurpose.PICK_UP)
    booked, _ = await book_visit(world.env, world.asha, BookVisit(case.id, VisitPurpose.PICK_UP, slots[0], "p"))
    booked = await door.out(booked)
    await hand_over(world.env, door.hers(booked), HandOver(booked.id, "hp", otp=door.code(booked)))


async def is_inspected(village: Village) -> None:
    world = village.world
    await give_steps(world, "SCRUTINY", "INSPECTION", "ISSUE")
    case = await decide(world, await world.submit(world.asha), Verdict.SEND_FOR_VERIFICATION)
    slots = await offered_slots(world.env, world.asha, case.id, VisitPurpose.INSPECTION)
    await book_visit(world.env, world.asha, BookVisit(case.id, VisitPurpose.INSPECTION, slots[0], "b"))


async def is_appealed_about(village: Village) -> None:
    world = village.world
    courts = await authorities(world)
    case = await rejected(world)
    await ordered(world, courts.bdo, await appealed(world, case), AppealVerdict.DISMISS)
    second = await heard(world, courts.dm, await appealed(world, case, "second"))
    until = ist_date(world.clock.now()) + timedelta(days=7)
    awards = {"compensation": Imposed(10_000, "For three journeys.")}
    directed = await ordered(world, courts.dm, second, AppealVerdict.DIRECT, direct_until=until, **awards)
    finance = await enter_officer(world.env, "finance", Posting(Role.FINANCE_OFFICER, None, "49", None))
    settled = SettleAward(directed.id, AwardKind.COMPENSATION, ist_date(world.clock.now()), "TV-1", "s")
    await settle_award(world.env, finance, settled)
    await decide(world, case, Verdict.APPROVE)
    await issue_certificate(world.env, case.id, FakeRenderer())


async def is_late(village: Village) -> None:
    world = village.world
    courts = await authorities(world)
    case = await overdue(world)
    await sweep(world.env)
    await village.carried()  # what is three days old goes no more
    pass_days(world, 3)
    await decide(world, case, Verdict.APPROVE)
    await issue_certificate(world.env, case.id, FakeRenderer())
    (appeal,) = await appeals_of(world.env, case.id)
    await ordered(world, courts.bdo, appeal, AppealVerdict.CLOSE)


async def is_late_and_her_appeal_lapses(village: Village) -> None:
    world = village.world
    await choose_auto_appeal(world.env, world.asha, wanted=False, key="out")
    case = await overdue(world)
    await sweep(world.env)
    await appealed(world, case)
    await village.carried()  # what is three days old goes no more
    pass_days(world, 60)
    await sweep(world.env)


async def goes_to_the_commission(village: Village) -> None:
    world = village.world
    with a_court(world.env, village.folder / "court") as court:
        appeal, number = await filed(world, court)
        for days in (3, 7):
            at = (world.clock.now() + timedelta(days=days)).isoformat()
            fixed = {"hearingId": "H1", "at": at, "place": PLACE}
            await court.act("tell", case=number, type="HEARING_FIXED", payload=fixed)
            world.clock.advance(timedelta(minutes=1))
        await court.tell(number, "HEARING_FIXED", hearingId="H1", cancelled=True)
        world.clock.advance(timedelta(hours=1))
        await court.tell(number, "DECIDED", outcome="DISMISSED", text="No ground.")
        world.clock.advance(timedelta(hours=1))
        until = ist_date(world.clock.now()) + timedelta(days=2)
        await court.tell(number, "DIRECTION", text="On review: give it.", until=until.isoformat())
        await village.carried()
        world.clock.set(breaches_at((await appeal_now(court, appeal.id)).next_at))
        await sweep(court.env)


async def is_paid_a_pension(village: Village) -> None:
    world = village.world
    pension = await granted_pension(world)
    [first] = await made(world, pension)
    await send_instruction(world.env, first.id)
    await news(world, first, PaymentStatus.AT_BANK)
    await news(world, first, PaymentStatus.RETURNED, return_code="53")
    await correct_account(world.env, world.sunil, CorrectAccount(pension.id, "50100077777700", "SBIN0000630", "new"))
    await reissue_payment(world.env, FIRST, ReissuePayment(pension.id, 1, "again"))
    second = (await made(world, pension))[-1]
    await send_instruction(world.env, second.id)
    await news(world, second, PaymentStatus.CREDITED)
    await order_recovery(
        world.env, FIRST, OrderRecovery(pension.id, 1_000, RecoveryGround.WRONG_AMOUNT, RecoveryWay.CHALLAN, "o")
    )
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.ENQUIRY_PENDING, "s"))
    resumed = ResumeBenefit(pension.id, ResumeGround.ENQUIRY_CLEARED, arrears=True, idempotency_key="r")
    await resume_benefit(world.env, world.welfare, resumed)
    await village.carried()
    world.clock.advance(timedelta(days=(date(2027, 11, 5) - ist_date(world.clock.now())).days))
    await release_due(world.env)
    await remind_of_certificates(world.env)


async def has_an_account_that_the_bank_refuses(village: Village) -> None:
    pension = await granted_pension(village.world)
    [first] = await made(village.world, pension)
    await news(village.world, first, PaymentStatus.BENEFICIARY_REJECTED)


async def gets_a_fee_back(village: Village) -> None:
    world = village.world
    rules = FeeRules(refund_after=frozenset({Move.WITHDRAW}), refund_source="a test")
    with open_tills(world, village.folder / "tills", rules) as tills:
        order = await tills.started(await tills.submitted(), world.operator)
        await tills.comes_back(order, await tills.pays(order))
        world.clock.advance(timedelta(days=1))
        await withdraw_application(tills.env, world.asha, Withdraw(order.application_id, "withdraw"))
        await send_refund(tills.env, order.id)
        world.clock.advance(timedelta(days=1))
        await tills.rounds()
        other = await tills.started(await tills.submitted(idempotency_key="2"), world.operator, key="pay 2")
        posted = await tills.pays(other)
        booked = {"reference": other.reference, "paise": other.total_paise - 100}
        await tills.csc.act("book_other_amount", booked)
        await tills.comes_back(other, posted)


async def complains_and_suggests(village: Village) -> None:
    world = village.world
    case = await world.submit(world.asha)
    given = RaiseGrievance(case.id, GrievanceCategory.DELAY, "Nobody answers.", "g")
    grievance, _ = await raise_grievance(world.env, world.asha, given)
    await reply_to_grievance(world.env, world.registrar, ReplyToGrievance(grievance.id, "Soon.", "r"))
    await raise_grievance(world.env, world.asha, RaiseGrievance(case.id, GrievanceCategory.CONDUCT, "Rude.", "g2"))
    await village.carried()  # what is three days old goes no more
    pass_days(world, 40)
    await escalate_overdue(world.env)
    suggestion, _ = await make_suggestion(world.env, world.asha, MakeSuggestion(FREE, None, "Open on Sunday.", "s"))
    admin = await enter_officer(world.env, "head", Posting(Role.DEPARTMENT_ADMIN, "panchayati-raj-development"))
    reply = ReplyToSuggestion(suggestion.id, SuggestionState.ACCEPTED, "We will.", "sr")
    await reply_to_suggestion(world.env, admin, reply)


async def enter_second_record(world: World) -> tuple[Subject, date]:
    """Another record of Asha's, by which she signed in, on the same telephone; and her day of birth."""
    async with world.env.store.write_transaction() as tx:
        [record] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        other = citizen(SECOND, name=Bilingual(None, "Asha Negi"), born_on=record.born_on, mobile=MOBILE)
        await people.add_citizen(tx, replace(other, aadhaar_reference=None, aadhaar_last4=None, language=Language.HI))
        await identities.add_identity(
            tx, Provider.MERI_PEHCHAAN, "DL-1", PersonKind.CITIZEN, SECOND, world.clock.now(), "SUBSTANTIAL"
        )
    assert record.born_on is not None
    strength = Assurance.SUBSTANTIAL
    return replace(world.asha, person_id=SECOND, session_id="s-1", assurance=strength), record.born_on


async def claims_her_record(village: Village) -> None:
    world = village.world
    case = await world.submit(world.asha)
    her, born_on = await enter_second_record(world)
    claim, _ = await claim_record(world.env, her, ClaimRecord(case.number, born_on, ClaimWay.CODE, "claim"))
    async with world.env.store.write_transaction() as tx:
        waiting = [one for one in await outbox.claim(tx, "test", 50, 30.0) if one.topic == SEND]
    for one in waiting:
        await send_code(world.env, one.payload)
    [code] = re.findall(r"\b[0-9]{6}\b", village.texts[0])
    await confirm_claim(world.env, her, claim.id, code, "code")


async def has_two_records_that_are_joined(village: Village) -> None:
    world = village.world
    case = await world.submit(world.asha)
    her, born_on = await enter_second_record(world)
    async with world.env.store.write_transaction() as tx:
        await messages.choose(tx, SECOND, ALWAYS_AWAKE)
    await world.submit(her, idempotency_key="own")
    claim, _ = await claim_record(world.env, her, ClaimRecord(case.number, born_on, ClaimWay.OFFICER, "claim"))
    async with world.env.store.write_transaction() as tx:
        await agree(UnitOfWork(world.env, tx, SYSTEM), require_there(await record_claims.get(tx, claim.id), "a claim"))
    await village.carried()
    world.clock.advance(COOLING_OFF)
    assert await join_due(world.env) == 1


Walk = Callable[[Village], Awaitable[None]]
WALKS: dict[Walk, set[NoticeKind]] = {
    is_asked_about_and_returned: {
        K.APPLICATION_ACKNOWLEDGED,
        K.QUERY_RAISED,
        K.QUERY_ANSWERED,
        K.VERIFICATION_ORDERED,
        K.REJECTED,
        K.RETURNED_AS_INCOMPLETE,
    },
    is_filed_and_withdrawn_by_an_operator: {K.APPLICATION_RECEIVED, K.WITHDRAWN},
    is_cleared_and_paid_for_after_the_approval: {K.CLEARANCE_ASKED, K.CLEARANCE_ANSWERED, K.FINAL_FEE_DUE},
    is_issued_corrected_and_revoked: {K.APPROVED, K.DELIVERED, K.CERTIFICATE_CORRECTED, K.CERTIFICATE_REVOKED},
    has_a_licence_that_ends_soon: {K.RENEWAL_DUE},
    is_brought_to_the_door: {
        K.CERTIFICATE_READY,
        K.VISIT_BOOKED,
        K.VISIT_CANCELLED,
        K.DELIVERY_COMING,
        K.VISIT_STARTED,
        K.VISIT_FAILED,
        K.DELIVERED,
        K.PAPERS_FETCHED,
    },
    is_inspected: {K.INSPECTION_FIXED},
    is_appealed_about: {
        K.APPEAL_DISMISSED,
        K.HEARING_FIXED,
        K.ORDER_TO_DELIVER,
        K.REOPENED,
        K.COMPENSATION_ORDERED,
        K.COMPENSATION_PAID,
        K.ORDER_OBEYED,
    },
    is_late: {K.DUE_DATE_PASSED, K.APPEAL_FILED, K.APPEAL_CLOSED},
    is_late_and_her_appeal_lapses: {K.DUE_DATE_PASSED, K.APPEAL_LAPSED},
    goes_to_the_commission: {K.HEARING_MOVED, K.HEARING_CANCELLED, K.DISMISSED_FINALLY, K.ORDER_IGNORED},
    is_paid_a_pension: {
        K.PAYMENT_SENT,
        K.PAYMENT_RETURNED,
        K.PAYMENT_ACCOUNT_CHANGED,
        K.PAYMENT_REISSUED,
        K.PAYMENT_CREDITED,
        K.RECOVERY_ORDERED,
        K.BENEFIT_STOPPED,
        K.BENEFIT_RESUMED,
        K.LIFE_CERTIFICATE_WANTED,
    },
    has_an_account_that_the_bank_refuses: {K.PAYMENT_ACCOUNT_REJECTED},
    gets_a_fee_back: {
        K.FEE_DUE,
        K.FEE_REFUND_REQUESTED,
        K.FEE_REFUND_SENT,
        K.FEE_REFUNDED,
        K.FEE_AMOUNT_DIFFERS,
    },
    complains_and_suggests: {K.GRIEVANCE_REPLIED, K.GRIEVANCE_ESCALATED, K.SUGGESTION_ANSWERED},
    claims_her_record: {K.ACCOUNT_LINKED},
    has_two_records_that_are_joined: {K.RECORDS_TO_BE_JOINED, K.RECORDS_JOINED},
}
"""The walks of a citizen, and the events each tells her of."""


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
async def test_a_citizen_reads_on_her_telephone_in_hindi_that_she(village: Village, walk: Walk):
    await walk(village)

    carried = await village.carried()
    assert {each.state for each in carried} == {MessageState.SENT}
    assert {each.kind for each in carried} >= WALKS[walk]
    assert [kind for kind in WALKS[walk] if not any(text_of(kind).fullmatch(text) for text in village.texts)] == []


def test_no_kind_of_notice_is_left_out():
    assert set().union(*WALKS.values(), WALKED) == set(NoticeKind)

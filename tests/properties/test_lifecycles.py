"""Random lives through the verbs: after every one the whole store is as it must be.

Source: docs/reliability.md section 5.11.
"""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from actions.appeals.appeals import (
    AppealVerdict,
    DecideAppeal,
    FileAppeal,
    RecordHearing,
    decide_appeal,
    file_appeal,
    record_hearing,
)
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import (
    AnswerQuery,
    RecordFee,
    Withdraw,
    answer_query,
    record_fee,
    withdraw_application,
)
from actions.applications.submit import SaveDraft, save_draft, submit_application
from actions.kernel.legal_clock import has_breached
from actions.officers.forward import ForwardCase, forward_application
from actions.officers.second_approvals import ConfirmDecision, SendBackDecision, confirm_decision, send_back_decision
from domain.appeals.appeals import PENDING, AppealLevel
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import OPEN, Move, Status, moves_from
from domain.kernel import ErrorCode, ManualClock, Problems, SeededIds, Subject, ist_date
from store.database import Store, audit
from store.statistics import figures
from tests.support.actions import FREE, INCOME, ORDER, PENSION, World, papers, request_for
from tests.support.bounds import QUICK, rounds
from tests.support.databases import NOW
from tests.support.figures import wrong_figures
from tests.support.law import appeals_of, authorities, enter_officer
from tests.support.papers import INCOME_PAPERS
from tests.support.worlds import PENSION_PAPERS, a_world, deliver_all, link_and_offer, wrong

EXAMPLES, STEPS = rounds(1, ci=3, full=300), rounds(20, ci=40, full=70)

SERVICES = {FREE: (), ORDER: (), INCOME: INCOME_PAPERS, PENSION: PENSION_PAPERS}
LAWFUL = {
    Verdict.APPROVE: Move.APPROVE,
    Verdict.REJECT: Move.REJECT,
    Verdict.RETURN_AS_INCOMPLETE: Move.RETURN_AS_INCOMPLETE,
    Verdict.RAISE_QUERY: Move.RAISE_QUERY,
    Verdict.SEND_FOR_VERIFICATION: Move.SEND_FOR_VERIFICATION,
    Verdict.REPORT_VERIFICATION: Move.REPORT_VERIFICATION,
}

REFUSALS = {
    ErrorCode.TRANSITION_NOT_ALLOWED,
    ErrorCode.PAUSE_LIMIT_REACHED,
    ErrorCode.PROPOSAL_WAITS,
    ErrorCode.CLEARANCE_PENDING,
    ErrorCode.SECOND_OFFICER_NEEDED,
}
"""Why a verdict may be refused in these lives."""

SECOND_PAIR = ORDER
"""The service that asks for a second pair of eyes in these lives."""

HANDED_ON = {
    ErrorCode.PROPOSAL_WAITS,
    ErrorCode.PROPOSAL_MISSING,
    ErrorCode.SECOND_OFFICER_NEEDED,
    ErrorCode.TRANSITION_NOT_ALLOWED,
    ErrorCode.OFFICER_UNSUITABLE,
    ErrorCode.CONFLICT,
    ErrorCode.NOT_FOUND,
    ErrorCode.PAUSE_LIMIT_REACHED,
}
"""Why handing on, confirming or sending back may be refused."""

APPEALED = {
    ErrorCode.NOT_APPEALABLE,
    ErrorCode.ALREADY_APPEALED,
    ErrorCode.APPEAL_TOO_LATE,
    ErrorCode.NOT_FOUND,
    ErrorCode.TRANSITION_NOT_ALLOWED,
    ErrorCode.HEARING_REQUIRED,
    ErrorCode.DATE_NOT_ALLOWED,
    ErrorCode.CONFLICT,
}
"""Why an appeal or an order on one may be refused."""


class Lives(RuleBasedStateMachine):
    """Citizens, officers and the worker at work in any order; what they believe is compared with the store."""

    cases = Bundle("cases")
    material: ClassVar[dict[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="apuni-lives-", dir=QUICK))
        self.stack = AsyncExitStack()
        self.counter = 0
        self.numbers: dict[str, str] = {}
        self.world: World = self.runner.run(self._open())

    async def _open(self) -> World:
        shutil.copy(self.material["migrated"], self.folder / "store.db")
        clock = ManualClock(NOW)
        url = f"sqlite:///{self.folder / 'store.db'}"
        store = await Store.open(url, cipher=self.material["cipher"], clock=clock)
        self.stack.push_async_callback(store.close)
        ids = SeededIds(clock, "lives")
        world = await self.stack.enter_async_context(
            a_world(store, self.material["keyrings"], clock, self.folder, ids=ids)
        )
        for citizen in (world.asha, world.sunil):
            await link_and_offer(world, citizen, INCOME_PAPERS)
        self.authorities = await authorities(world)
        self.colleagues = {
            service: await enter_officer(world.env, f"colleague-{service}", *self.officer(service, world).postings)
            for service in SERVICES
        }
        async with store.write_transaction() as tx:
            needs = "UPDATE services SET needs_second_pair = true WHERE code = :code"
            await tx.connection.execute(text(needs), {"code": SECOND_PAIR})
        return world

    def key(self) -> str:
        self.counter += 1
        return f"key-{self.counter}"

    def officer(self, service: str, world: World | None = None) -> Subject:
        world = world or self.world
        return {FREE: world.registrar, ORDER: world.employment, INCOME: world.tehsildar, PENSION: world.welfare}[
            service
        ]

    def attempt(self, call: Any) -> Any:
        """The result, or the code of the refusal: nothing else may come of a verb."""
        try:
            return self.runner.run(call)[0]
        except Problems as refused:
            return refused.code

    @rule(target=cases, service=st.sampled_from(sorted(SERVICES)), who=st.sampled_from(["asha", "sunil"]))
    def submit(self, service: str, who: str) -> Any:
        citizen = getattr(self.world, who)
        request = request_for(service, documents=papers(*SERVICES[service]), idempotency_key=self.key())
        done = self.attempt(submit_application(self.world.env, citizen, request))
        if isinstance(done, ErrorCode):
            assert done is ErrorCode.ALREADY_APPLIED
            return multiple()
        self.numbers[done.id] = done.number
        return done.id, service, who

    @rule(target=cases, who=st.sampled_from(["asha", "sunil"]))
    def draft(self, who: str) -> Any:
        request = SaveDraft(FREE, "49", "304", request_for(FREE).channel, request_for(FREE).delivery, {}, self.key())
        done = self.attempt(save_draft(self.world.env, getattr(self.world, who), request))
        if isinstance(done, ErrorCode):
            assert done is ErrorCode.ALREADY_APPLIED  # she has a draft of the same matter
            return multiple()
        self.numbers[done.id] = done.number
        return done.id, FREE, who

    @rule(case=cases)
    def submit_draft(self, case: Any) -> None:
        application_id, service, who = case
        request = request_for(FREE, draft_id=application_id, idempotency_key=self.key())
        before = self.status(application_id)
        done = self.attempt(submit_application(self.world.env, getattr(self.world, who), request))
        if isinstance(done, ErrorCode):
            assert done in {ErrorCode.ALREADY_APPLIED, ErrorCode.NOT_FOUND}
        else:
            assert before is Status.DRAFT
            assert service == FREE

    @rule(case=cases, verdict=st.sampled_from(sorted(Verdict)), seen=st.booleans())
    def decide(self, case: Any, verdict: Verdict, seen: bool) -> None:
        application_id, service, _ = case
        before = self.present(application_id)
        request = Decide(
            application_id,
            verdict,
            self.key(),
            expected_version=before.version if seen else None,
            ground=RejectionGround.FACTS_NOT_CONFIRMED,
            reason="Because of the report.",
        )
        done = self.attempt(decide_application(self.world.env, self.officer(service), request))
        if isinstance(done, ErrorCode):
            hidden = before.status is Status.DRAFT  # from everybody but the citizen
            assert done in REFUSALS or (hidden and done is ErrorCode.NOT_FOUND), done
            assert self.present(application_id) == before
        else:
            opened = before.status is Status.SUBMITTED
            assert opened or LAWFUL[verdict] in moves_from(before.status)

    @rule(case=cases, words=st.text(min_size=1, max_size=20))
    def answer(self, case: Any, words: str) -> None:
        application_id, _, who = case
        request = AnswerQuery(application_id, words, {}, self.key())
        before = self.status(application_id)
        done = self.attempt(answer_query(self.world.env, getattr(self.world, who), request))
        expected = before is Status.QUERY_RAISED and bool(words.strip())
        assert isinstance(done, ErrorCode) is not expected

    @rule(case=cases)
    def pay(self, case: Any) -> None:
        application_id, service, _ = case
        before = self.present(application_id)
        request = RecordFee(application_id, "R-1", before.fee_paise or 0, self.key())
        done = self.attempt(record_fee(self.world.env, self.officer(service), request))
        assert isinstance(done, ErrorCode) is not (before.status is Status.FEE_PENDING)

    @rule(case=consumes(cases))
    def withdraw(self, case: Any) -> None:
        application_id, _, who = case
        before = self.status(application_id)
        done = self.attempt(
            withdraw_application(self.world.env, getattr(self.world, who), Withdraw(application_id, self.key()))
        )
        assert isinstance(done, ErrorCode) is not (Move.WITHDRAW in moves_from(before))

    @rule(case=cases, confirmed=st.booleans(), second=st.booleans())
    def weigh(self, case: Any, confirmed: bool, second: bool) -> None:
        """A proposed verdict is confirmed or sent back, by the second officer or, refused, by the first."""
        application_id, service, _ = case
        before = self.present(application_id)
        officer = self.colleagues[service] if second else self.officer(service)
        if confirmed:
            done = self.attempt(confirm_decision(self.world.env, officer, ConfirmDecision(application_id, self.key())))
        else:
            request = SendBackDecision(application_id, "Look again.", self.key())
            done = self.attempt(send_back_decision(self.world.env, officer, request))
        if isinstance(done, ErrorCode):
            assert done in HANDED_ON, done
            assert self.present(application_id) == before
        else:
            assert service == SECOND_PAIR
            assert before.status in OPEN
            assert (done.version == before.version) is not confirmed

    @rule(case=cases, back=st.booleans())
    def forward(self, case: Any, back: bool) -> None:
        application_id, service, _ = case
        before = self.present(application_id)
        pair = (self.colleagues[service], self.officer(service))
        giver, taker = pair if back else reversed(pair)
        request = ForwardCase(application_id, taker.person_id or "", "She knows the place.", self.key())
        done = self.attempt(forward_application(self.world.env, giver, request))
        if isinstance(done, ErrorCode):
            assert done in HANDED_ON, done
            assert self.present(application_id) == before
        else:
            assert done.officer_id == taker.person_id
            assert done.status is before.status

    @rule(case=cases)
    def appeal(self, case: Any) -> None:
        application_id, _, who = case
        before = self.present(application_id)
        request = FileAppeal(application_id, "I do not agree.", self.key(), late_reason="I was ill.")
        done = self.attempt(file_appeal(self.world.env, getattr(self.world, who), request))
        assert done in APPEALED or not isinstance(done, ErrorCode), done
        assert self.present(application_id) == before

    @rule(case=cases, verdict=st.sampled_from(sorted(AppealVerdict)), heard=st.booleans())
    def order(self, case: Any, verdict: AppealVerdict, heard: bool) -> None:
        """The authority of the newest appeal hears it or not, and orders."""
        application_id, _, _ = case
        held = self.runner.run(appeals_of(self.world.env, application_id))
        if not held:
            return
        appeal, names = held[-1], dict(zip(AppealLevel, ("bdo", "dm", "commission"), strict=True))
        authority, env = getattr(self.authorities, names[appeal.level]), self.world.env
        if heard:
            self.attempt(
                record_hearing(
                    env, authority, RecordHearing(appeal.id, self.world.clock.now(), "Block office", self.key())
                )
            )
        until = ist_date(self.world.clock.now()) + timedelta(days=7) if verdict is AppealVerdict.DIRECT else None
        request = DecideAppeal(appeal.id, verdict, "Reasons.", self.key(), direct_until=until)
        done = self.attempt(decide_appeal(env, authority, request))
        assert done in APPEALED or not isinstance(done, ErrorCode), done

    @rule()
    def sweep(self) -> None:
        self.runner.run(sweep(self.world.env))

    @rule(forgetting=st.booleans())
    def deliver(self, forgetting: bool) -> None:
        self.runner.run(deliver_all(self.world, forgetting=forgetting))

    @rule()
    def upkeep(self) -> None:
        self.runner.run(self.world.env.store.carry_out(figures.fold))
        self.runner.run(audit.seal(self.world.env.store))

    @rule(days=st.integers(0, 40))
    def wait(self, days: int) -> None:
        self.world.clock.advance(timedelta(days=days, hours=days % 24))

    @precondition(lambda self: self.counter % 5 == 0)
    @invariant()
    def the_store_is_right(self) -> None:
        if hasattr(self, "world"):
            assert self.runner.run(wrong(self.world.env)) == []
            assert self.runner.run(wrong_figures(self.world.env)) == []

    @precondition(lambda self: self.counter % 7 == 0)
    @invariant()
    def no_appeal_is_filed_twice(self) -> None:
        for application_id in getattr(self, "numbers", {}):
            filed = self.runner.run(appeals_of(self.world.env, application_id))
            assert len({(appeal.level, appeal.ground) for appeal in filed}) == len(filed)
            assert sum(appeal.state in PENDING for appeal in filed) <= 2
            case = self.present(application_id)
            assert case.paused_days >= 0
            runs_on = (case.limit is not None and case.limit.by_order) or (
                case.due_at is not None and has_breached(self.world.env.clock.now(), case.due_at)
            )  # a query stops no limit that an order set or that is breached already
            paused, asked = case.paused_since is not None, case.status is Status.QUERY_RAISED
            assert paused is asked or case.due_at is None or (asked and runs_on)

    def present(self, application_id: str) -> Any:
        async def read() -> Any:
            from store.applications import applications

            async with self.world.env.store.read_transaction() as tx:
                return await applications.get(tx, application_id)

        return self.runner.run(read())

    def status(self, application_id: str) -> Status:
        found: Status = self.present(application_id).status
        return found

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            for application_id, number in self.numbers.items():
                assert self.present(application_id).number == number
            assert self.runner.run(wrong(self.world.env)) == []
            assert self.runner.run(wrong_figures(self.world.env)) == []
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)


@pytest.mark.timeout(0)
def test_no_life_that_the_verbs_allow_leaves_the_store_wrong(migrated_sqlite, store_keyrings, store_cipher):
    Lives.material.update(migrated=migrated_sqlite, keyrings=store_keyrings, cipher=store_cipher)
    phases = tuple(Phase) if EXAMPLES >= 400 else (Phase.explicit, Phase.generate)  # shrinking takes minutes
    bound = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, print_blob=True, phases=phases)
    # Another thread: the loop of pytest is not ours to run in.
    run_state_machine_as_test(Lives, settings=bound)

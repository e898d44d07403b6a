"""The finance officer's desk: takes, comments and resolves finance cases within the officer's places."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from actions.kernel import (
    Environment,
    UnitOfWork,
    not_open,
    permitted_postings,
    refuse_other_version,
    require_thing,
    run_request,
)
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ErrorCode, Posting, Problem, Problems, Subject, mask_aadhaar_in
from domain.reconciliation.finance_cases import (
    CaseEvent,
    CaseOutcome,
    CaseState,
    CaseStep,
    FinanceCase,
    after_step,
    needs_second_officer,
)
from store.database import Transaction
from store.reconciliation import finance_cases

LONGEST_NOTE = 1_000
_CASE, _NOTE = ("input", "caseId"), ("input", "note")


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """A step of one case; `expected_version` is the one that was seen."""

    case_id: str
    idempotency_key: str
    expected_version: int | None = None
    note: str | None = None
    outcome: CaseOutcome | None = None
    accept: bool = True


def of_case(case: FinanceCase) -> Resource:
    """What access to a case depends on; one without a place is for officers of the whole state."""
    return Resource(ObjectKind.FINANCE_CASE, case.id, case.citizen_id, case.department, case.district)


def of_payee(
    reach: Sequence[Posting] | None, sanction_id: str, citizen_id: str, department: str | None, district: str
) -> Resource:
    """What access to a row about a citizen's money depends on: her benefit for who pays it, the book for an auditor.

    `reach` is what `reach_of` gave. An auditor reads every book, and no benefit itself (domain/identity/policy.py).
    """
    kind = ObjectKind.FINANCE_BOOK if reach is None else ObjectKind.BENEFIT
    return Resource(kind, sanction_id, citizen_id, department, district)


def reach_of(subject: Subject, kind: ObjectKind = ObjectKind.FINANCE_CASE) -> list[Posting] | None:
    """The postings whose money the subject sees; None for an auditor, who sees all of it.

    Raises NotSignedIn, and NOT_FOUND for those who see none.
    """
    subject.require_signed_in()
    if decide(subject, Resource(kind), Purpose.AUDIT):
        return None
    found = permitted_postings(subject, kind, Purpose.PAY_BENEFIT)
    if not found:
        raise not_open(subject, kind, Purpose.AUDIT, Purpose.PAY_BENEFIT)
    return found


async def take_case(env: Environment, subject: Subject, request: CaseRequest) -> tuple[FinanceCase, bool]:
    """Take a case, also from a colleague; True where it is a replay.

    Raises Problems: NOT_FOUND outside of one's jurisdiction, STEP_NOT_ALLOWED once it is settled, CONFLICT.
    """

    async def step(acting: UnitOfWork, case: FinanceCase) -> FinanceCase:
        taken = replace(case, state=after_step(case, CaseStep.TAKE), taken_by=acting.actor)
        return await _keep(acting, taken, CaseStep.TAKE)

    return await _run_case_step(env, subject, "takeFinanceCase", request, step)


async def note_case(env: Environment, subject: Subject, request: CaseRequest) -> tuple[FinanceCase, bool]:
    """Write a note into the history; raises as `take_case`, and REASON_REQUIRED without words."""

    async def step(acting: UnitOfWork, case: FinanceCase) -> FinanceCase:
        return await _keep(
            acting, replace(case, state=after_step(case, CaseStep.NOTE)), CaseStep.NOTE, note=_words(request.note)
        )

    return await _run_case_step(env, subject, "noteFinanceCase", request, step)


async def resolve_case(env: Environment, subject: Subject, request: CaseRequest) -> tuple[FinanceCase, bool]:
    """Settle a case that was taken, or propose it where a second officer must agree.

    Of a fee that came with another amount only REFUNDED is an outcome: all of it goes back
    (actions/fees/fee_doubts.py). Raises as `note_case`; BAD_INPUT without an outcome; SOURCE_UNAVAILABLE where the
    source does not confirm it.
    """

    async def step(acting: UnitOfWork, case: FinanceCase) -> FinanceCase:
        note, outcome = _words(request.note), request.outcome
        if outcome is None:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "outcome")))
        at_stake = replace(case, amount_paise=await acting.env.registry.fee_cases.at_stake(acting.tx, case, outcome))
        if needs_second_officer(at_stake, outcome, acting.env.rules.law.case_second_officer_paise.value):
            state = after_step(case, CaseStep.PROPOSE)
            proposed = replace(case, state=state, outcome=outcome, proposed_by=acting.actor)
            return await _keep(acting, proposed, CaseStep.PROPOSE, note=note)
        if case.state is not CaseState.TAKEN:
            after_step(case, CaseStep.PROPOSE)
        kept = await _keep(acting, _resolved_case(acting, replace(case, outcome=outcome)), CaseStep.SETTLE, note=note)
        await acting.env.registry.fee_cases.give_back(acting, kept)
        return kept

    await _ask_source_again(env, subject, request)
    return await _run_case_step(env, subject, "settleFinanceCase", request, step)


async def answer_case(env: Environment, subject: Subject, request: CaseRequest) -> tuple[FinanceCase, bool]:
    """Agree to a proposed outcome, or send the case back with a note; for another officer than who proposed.

    Raises as `take_case`; PROPOSAL_MISSING, SECOND_OFFICER_NEEDED, and REASON_REQUIRED where it is sent back;
    SOURCE_UNAVAILABLE as `resolve_case`.
    """

    async def step(acting: UnitOfWork, case: FinanceCase) -> FinanceCase:
        if case.state is not CaseState.PROPOSED:
            raise Problems(Problem(ErrorCode.PROPOSAL_MISSING, _CASE))
        if case.proposed_by == acting.actor:
            raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, _CASE))
        if request.accept:
            note = _words(request.note) if request.note else None
            kept = await _keep(acting, _resolved_case(acting, case), CaseStep.SETTLE, note=note)
            await acting.env.registry.fee_cases.give_back(acting, kept)
            return kept
        state = after_step(case, CaseStep.SEND_BACK)
        back = replace(case, state=state, outcome=None, proposed_by=None)
        return await _keep(acting, back, CaseStep.SEND_BACK, note=_words(request.note))

    if request.accept:
        await _ask_source_again(env, subject, request)
    return await _run_case_step(env, subject, "answerFinanceCase", request, step)


async def case_with_history(
    env: Environment, subject: Subject, case_id: str
) -> tuple[FinanceCase, Sequence[CaseEvent]] | None:
    """A case and what happened to it; None where it is not there or not for the subject. Leaves a receipt."""

    async def work(tx: Transaction) -> tuple[FinanceCase, Sequence[CaseEvent]]:
        found = await finance_cases.get(tx, case_id)
        acting = UnitOfWork(env, tx, subject)
        case = await require_thing(acting, found, of_case, Purpose.PAY_BENEFIT, Purpose.AUDIT, path=())
        return case, (await finance_cases.history(tx, [case_id])).get(case_id, [])

    return await env.store.carry_out(work)


Step = Callable[[UnitOfWork, FinanceCase], Awaitable[FinanceCase]]


async def _run_case_step(
    env: Environment, subject: Subject, operation: str, request: CaseRequest, step: Step
) -> tuple[FinanceCase, bool]:
    async def work(acting: UnitOfWork, _: CaseRequest) -> FinanceCase:
        return await step(acting, await _take_up(acting, request))

    return await run_request(env, subject, operation, request, work, read=finance_cases.get)


async def _ask_source_again(env: Environment, subject: Subject, request: CaseRequest) -> None:
    case = await env.store.read(lambda tx: finance_cases.get(tx, request.case_id))
    if case is not None and decide(subject, of_case(case), Purpose.PAY_BENEFIT):
        await env.registry.fee_cases.ask_source_again(env, case)


async def _take_up(acting: UnitOfWork, request: CaseRequest) -> FinanceCase:
    found = await finance_cases.get(acting.tx, request.case_id)
    case = await require_thing(acting, found, of_case, Purpose.PAY_BENEFIT, path=_CASE)
    refuse_other_version(request.expected_version, case.version, case.state)
    return case


async def _keep(acting: UnitOfWork, case: FinanceCase, step: CaseStep, *, note: str | None = None) -> FinanceCase:
    event = CaseEvent(acting.env.ids.key(), case.id, step, acting.actor, acting.now, case.outcome, note)
    saved = await finance_cases.save(acting.tx, case, event)
    detail = {"state": saved.state.value, "version": saved.version}
    if saved.outcome is not None:
        detail["outcome"] = saved.outcome.value
    action = f"finance_case.{step.value.lower()}"
    await acting.record(action, ObjectKind.FINANCE_CASE, case.id, Purpose.PAY_BENEFIT, **detail)
    return saved


def _resolved_case(acting: UnitOfWork, case: FinanceCase) -> FinanceCase:
    state = after_step(case, CaseStep.SETTLE)
    return replace(case, state=state, settled_by=acting.actor, settled_at=acting.now)


def _words(text: str | None) -> str:
    """A note without Aadhaar numbers; raises REASON_REQUIRED without words, BAD_INPUT for too many."""
    words = (text or "").strip()
    if not words:
        raise Problems(Problem(ErrorCode.REASON_REQUIRED, _NOTE))
    if len(words) > LONGEST_NOTE:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _NOTE, params={"longest": str(LONGEST_NOTE)}))
    return mask_aadhaar_in(words)

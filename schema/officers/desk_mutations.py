"""Mutations of the officer's desk: claims, forwarding, bulk actions, second approvals, offline decisions."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Self, TypeVar

import strawberry

from actions.applications.decide import Verdict
from actions.kernel import SubmissionState
from actions.officers.bulk import BulkDecide, Item, ItemOutcome, ItemResult, bulk_claim, bulk_decide, bulk_forward
from actions.officers.claim import ClaimCase, ReleaseCase, claim_application, release_application
from actions.officers.forward import ForwardCase, forward_application
from actions.officers.offline import OfflineDecision, replay_decisions
from actions.officers.second_approvals import ConfirmDecision, SendBackDecision, confirm_decision, send_back_decision
from domain.applications import applications
from domain.applications.applications import RejectionGround
from domain.kernel import TypeCode
from schema.applications.types import Application
from schema.kernel import Info, Mapped, mutation
from schema.kernel.mutations import (
    KEY_DESCRIPTION,
    ApplicationPayload,
    Submission,
    UserError,
    application_payload,
    bind,
    key_of,
    key_of_type,
    mutation_outcome,
    rejected_submission,
    user_errors_of,
)

_SEEN = "The version that was seen; with another one the answer is CONFLICT."
_REASON = "Why, in words; for forwarding it is told to the citizen in the timeline."
_TAKE_OVER = "End a colleague's claim that still holds; the audit log tells it."
Payload = TypeVar("Payload", bound=ApplicationPayload)


@strawberry.input(description="A case to claim.")
class ClaimApplicationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    take_over: bool = strawberry.field(default=False, description=_TAKE_OVER)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A case to give back.")
class ReleaseApplicationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A case to hand on to another officer.")
class ForwardApplicationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    officer_id: strawberry.ID = strawberry.field(description="One of Officer.forwardTargets.")
    reason: str = strawberry.field(description=_REASON)
    expected_version: int | None = strawberry.field(default=None, description=_SEEN)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A proposed decision to confirm.")
class ConfirmDecisionInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    expected_version: int | None = strawberry.field(default=None, description=_SEEN)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A proposed decision to send back to the first officer.")
class SendBackDecisionInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    reason: str = strawberry.field(description="Why, as the first officer will read it.")
    expected_version: int | None = strawberry.field(default=None, description=_SEEN)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="One case of several.")
class BulkItemInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    expected_version: int | None = strawberry.field(default=None, description=_SEEN)


@strawberry.input(description="One verdict on several cases.")
class BulkDecideInput:
    items: list[BulkItemInput] = strawberry.field(description="The cases, at most 50, each once.")
    verdict: Verdict = strawberry.field(description="What is done with each.")
    ground: RejectionGround | None = strawberry.field(default=None, description="The coded ground of a refusal.")
    reason: str | None = strawberry.field(default=None, description="The reasons, as the citizens will read them.")
    documents: list[str] | None = strawberry.field(
        default=None, description="Keys of the notified papers that a query or refusal is about."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Several cases to claim.")
class BulkClaimInput:
    application_ids: list[strawberry.ID] = strawberry.field(description="The cases, at most 50, each once.")
    take_over: bool = strawberry.field(default=False, description=_TAKE_OVER)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Several cases to hand on to one officer.")
class BulkForwardInput:
    application_ids: list[strawberry.ID] = strawberry.field(description="The cases, at most 50, each once.")
    officer_id: strawberry.ID = strawberry.field(description="One of Officer.forwardTargets of each case.")
    reason: str = strawberry.field(description=_REASON)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A decision that was made without signal.")
class OfflineDecisionInput:
    application_id: strawberry.ID = strawberry.field(description="The case, as the pack names it.")
    version: int = strawberry.field(description="Its version in the pack; where it has another one now: CONFLICT.")
    key: str = strawberry.field(description="1 to 255 characters that name this decision, made when it was made.")
    verdict: Verdict = strawberry.field(description="What was decided.")
    decided_at: datetime = strawberry.field(
        description="When, by the officer's clock. The timeline tells it; the legal time is that of the replay."
    )
    ground: RejectionGround | None = strawberry.field(default=None, description="The coded ground of a refusal.")
    reason: str | None = strawberry.field(default=None, description="The reasons, as the citizen will read them.")
    documents: list[str] | None = strawberry.field(
        default=None, description="Keys of the notified papers that a query or refusal is about."
    )


@strawberry.input(description="Decisions that were made without signal. Each has a key of its own.")
class ReplayDecisionsInput:
    pack_id: str = strawberry.field(description="The pack's id.")
    pack: str | None = strawberry.field(
        default=None, description="The signed pack as it was kept on the telephone; an altered one is refused."
    )
    decisions: list[OfflineDecisionInput] = strawberry.field(description="At most 50, in the order they were made.")


def _without_personal_data(payload: Payload, item: applications.Application) -> Payload:
    payload.application = Application.of(item, withheld=True)
    return payload


@strawberry.type(description="What became of a claim.")
class ClaimApplicationPayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of a release.")
class ReleaseApplicationPayload(ApplicationPayload):
    @classmethod
    def from_application(cls, item: applications.Application, *, replayed: bool) -> Self:
        """The payload of a case that was given back: its state, and nothing personal."""
        return _without_personal_data(super().from_application(item, replayed=replayed), item)


@strawberry.type(description="What became of a forwarding.")
class ForwardApplicationPayload(ApplicationPayload):
    @classmethod
    def from_application(cls, item: applications.Application, *, replayed: bool) -> Self:
        """The payload of a case that went to another officer: its state, and nothing personal."""
        return _without_personal_data(super().from_application(item, replayed=replayed), item)


@strawberry.type(description="What became of a confirmation.")
class ConfirmDecisionPayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of sending back.")
class SendBackDecisionPayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of one case of several.")
class CaseResult(Mapped[ItemResult]):
    application_id: strawberry.ID = strawberry.field(description="The case.")
    outcome: ItemOutcome = strawberry.field(description="What became of it.")
    application: Application | None = strawberry.field(
        description="The case as it now is; with CONFLICT it is what somebody else made of it. Null when refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was not done; empty when it was.")

    @classmethod
    def of(cls, info: Info, result: ItemResult) -> Self:
        """The graph's view of a result."""
        return cls.read(
            result,
            application=_visible_case(result),
            user_errors=user_errors_of(info, result.error) if result.error else [],
        )


@strawberry.type
class CasesPayload:
    """The fields of every payload about several cases."""

    results: list[CaseResult] = strawberry.field(description="One for each case, in the order given.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing at all was tried; else empty.")
    submission: Submission = strawberry.field(description="REJECTED where nothing was tried.")


@strawberry.type(description="What became of one verdict on several cases.")
class BulkDecidePayload(CasesPayload):
    pass


@strawberry.type(description="What became of several claims.")
class BulkClaimPayload(CasesPayload):
    pass


@strawberry.type(description="What became of forwarding several cases.")
class BulkForwardPayload(CasesPayload):
    pass


@strawberry.type(description="What became of decisions that were made without signal.")
class ReplayDecisionsPayload(CasesPayload):
    pass


Several = TypeVar("Several", bound=CasesPayload)


@strawberry.type
class DeskMutation:
    """Mutations of officers at the desk."""

    @mutation(description="Claim a case, so that no colleague decides it meanwhile. The claim ends by itself.")
    async def claim_application(
        self,
        info: Info,
        input: Annotated[ClaimApplicationInput, strawberry.argument(description="The case.")],  # noqa: A002
    ) -> ClaimApplicationPayload:
        work = bind(
            info,
            claim_application,
            lambda: ClaimCase(_case(input.application_id), key_of(info, input.idempotency_key), input.take_over),
        )
        return await application_payload(info, ClaimApplicationPayload, work)

    @mutation(description="Give a claimed case back.")
    async def release_application(
        self,
        info: Info,
        input: Annotated[ReleaseApplicationInput, strawberry.argument(description="The case.")],  # noqa: A002
    ) -> ReleaseApplicationPayload:
        work = bind(
            info,
            release_application,
            lambda: ReleaseCase(_case(input.application_id), key_of(info, input.idempotency_key)),
        )
        return await application_payload(info, ReleaseApplicationPayload, work)

    @mutation(description="Hand a case on to another officer of its place, or one level up.")
    async def forward_application(
        self,
        info: Info,
        input: Annotated[ForwardApplicationInput, strawberry.argument(description="Case and officer.")],  # noqa: A002
    ) -> ForwardApplicationPayload:
        work = bind(
            info,
            forward_application,
            lambda: ForwardCase(
                application_id=_case(input.application_id),
                officer_id=_officer(input.officer_id),
                reason=input.reason,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, ForwardApplicationPayload, work)

    @mutation(description="Confirm a colleague's proposed decision; it is carried out as hers.")
    async def confirm_decision(
        self,
        info: Info,
        input: Annotated[ConfirmDecisionInput, strawberry.argument(description="The case.")],  # noqa: A002
    ) -> ConfirmDecisionPayload:
        def request() -> ConfirmDecision:
            key = key_of(info, input.idempotency_key)
            return ConfirmDecision(_case(input.application_id), key, input.expected_version)

        work = bind(info, confirm_decision, request)
        return await application_payload(info, ConfirmDecisionPayload, work)

    @mutation(description="Send a colleague's proposed decision back to her; nothing is decided.")
    async def send_back_decision(
        self,
        info: Info,
        input: Annotated[SendBackDecisionInput, strawberry.argument(description="The case.")],  # noqa: A002
    ) -> SendBackDecisionPayload:
        def request() -> SendBackDecision:
            key = key_of(info, input.idempotency_key)
            return SendBackDecision(_case(input.application_id), input.reason, key, input.expected_version)

        work = bind(info, send_back_decision, request)
        return await application_payload(info, SendBackDecisionPayload, work)

    @mutation(description="Pass one verdict on up to 50 cases; each is done or refused by itself.")
    async def bulk_decide(
        self,
        info: Info,
        input: Annotated[BulkDecideInput, strawberry.argument(description="Cases and verdict.")],  # noqa: A002
    ) -> BulkDecidePayload:
        def request() -> BulkDecide:
            return BulkDecide(
                items=tuple(
                    Item(_case(item.application_id, "items", str(place), "applicationId"), item.expected_version)
                    for place, item in enumerate(input.items)
                ),
                verdict=input.verdict,
                idempotency_key=key_of(info, input.idempotency_key),
                ground=input.ground,
                reason=input.reason,
                documents=tuple(input.documents or ()),
            )

        work = bind(info, bulk_decide, request)
        return await _run_for_each(info, BulkDecidePayload, work)

    @mutation(description="Claim up to 50 cases; each is claimed or refused by itself.")
    async def bulk_claim(
        self,
        info: Info,
        input: Annotated[BulkClaimInput, strawberry.argument(description="The cases.")],  # noqa: A002
    ) -> BulkClaimPayload:
        async def work() -> list[ItemResult]:
            return await bulk_claim(
                info.context.environment,
                info.context.subject,
                [_case(one, "applicationIds", str(place)) for place, one in enumerate(input.application_ids)],
                key=key_of(info, input.idempotency_key),
                take_over=input.take_over,
            )

        return await _run_for_each(info, BulkClaimPayload, work)

    @mutation(description="Forward up to 50 cases to one officer; each is forwarded or refused by itself.")
    async def bulk_forward(
        self,
        info: Info,
        input: Annotated[BulkForwardInput, strawberry.argument(description="Cases and officer.")],  # noqa: A002
    ) -> BulkForwardPayload:
        async def work() -> list[ItemResult]:
            return await bulk_forward(
                info.context.environment,
                info.context.subject,
                [_case(one, "applicationIds", str(place)) for place, one in enumerate(input.application_ids)],
                key=key_of(info, input.idempotency_key),
                officer_id=_officer(input.officer_id),
                reason=input.reason,
            )

        return await _run_for_each(info, BulkForwardPayload, work)

    @mutation(
        description="Hand in decisions that were made without signal; a case that changed meanwhile is left alone."
    )
    async def replay_decisions(
        self,
        info: Info,
        input: Annotated[ReplayDecisionsInput, strawberry.argument(description="Pack and decisions.")],  # noqa: A002
    ) -> ReplayDecisionsPayload:
        async def work() -> list[ItemResult]:
            decisions = [_offline(one, place) for place, one in enumerate(input.decisions)]
            return await replay_decisions(
                info.context.environment, info.context.subject, input.pack_id, decisions, input.pack
            )

        return await _run_for_each(info, ReplayDecisionsPayload, work)


def _offline(given: OfflineDecisionInput, place: int) -> OfflineDecision:
    return OfflineDecision(
        application_id=_case(given.application_id, "decisions", str(place), "applicationId"),
        version=given.version,
        key=given.key,
        verdict=given.verdict,
        decided_at=given.decided_at,
        ground=given.ground,
        reason=given.reason,
        documents=tuple(given.documents or ()),
    )


def _visible_case(result: ItemResult) -> Application | None:
    """The case as it now is; a conflict shows its state only, for nothing was done that would leave a receipt."""
    if result.application is None:
        return None
    return Application.of(result.application, withheld=result.outcome is ItemOutcome.CONFLICT)


def _case(opaque: strawberry.ID, *path: str) -> str:
    """The key of a case; where the id is none, the refusal names its place below `input`."""
    return key_of_type(TypeCode.APPLICATION, opaque, "input", *(path or ("applicationId",)))


def _officer(opaque: strawberry.ID) -> str:
    return key_of_type(TypeCode.OFFICER, opaque, "input", "officerId")


async def _run_for_each(info: Info, payload: type[Several], work: Callable[[], Awaitable[list[ItemResult]]]) -> Several:
    """Run an action on several cases; what keeps it from beginning at all becomes `userErrors`."""

    async def run_all() -> tuple[list[ItemResult], bool]:
        results = await work()
        return results, bool(results) and all(result.outcome is ItemOutcome.REPLAYED for result in results)

    came = await mutation_outcome(info, run_all)
    if isinstance(came, list):
        return payload(results=[], user_errors=came, submission=rejected_submission())
    results, replayed = came
    accepted = Submission(state=SubmissionState.ACCEPTED, acknowledgement=None, replayed=replayed)
    return payload(results=[CaseResult.of(info, result) for result in results], user_errors=[], submission=accepted)

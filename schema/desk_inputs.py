"""What officers hand in at the desk."""

from datetime import datetime

import strawberry

from actions.decide import Verdict
from domain.applications import RejectionGround
from schema.mutating import KEY_DESCRIPTION

_SEEN = "The version that was seen; with another one the answer is CONFLICT."
_REASON = "Why, in words; for forwarding it is told to the citizen in the timeline."
_TAKE_OVER = "End a colleague's claim that still holds; the audit log tells it."


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

"""Mutations of the officer's desk: claims, forwarding, bulk actions, second approvals, offline decisions."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Self

import strawberry

from actions.officers.bulk import Item, ItemOutcome, ItemResult, bulk_claim, bulk_decide, bulk_forward
from actions.officers.claim import claim_application, release_application
from actions.officers.forward import forward_application
from actions.officers.offline import replay_decisions
from actions.officers.offline_times import OfflineDecision
from actions.officers.second_approvals import confirm_decision, send_back_decision
from domain.kernel import TypeCode
from schema.applications.payloads import application_payload
from schema.applications.types import Application
from schema.kernel import Info, node_id
from schema.kernel.action_mutations import Action, action_mutation
from schema.kernel.inputs import InputField, id_of, input_fields, nested_input
from schema.kernel.mutations import Submission, UserError, user_errors_of
from schema.kernel.payloads import Payload, results_payload, subtype_of

_APPLICATION = id_of(TypeCode.APPLICATION, "The application.")
_CASES = id_of(TypeCode.APPLICATION, "The cases, at most 50, each once.")
_REASON = "Why, in words; for forwarding it is told to the citizen in the timeline."
_TAKE_OVER = "End a colleague's claim that still holds; the audit log tells it."
_GROUND = "The coded ground of a refusal."
_DOCUMENTS = InputField(
    "Keys of the notified papers that a query or refusal is about.", type=list[str] | None, default=None
)

_bulk_items = nested_input(Item, "BulkItemInput", "One case of several.", application_id=_APPLICATION)
_offline_decisions = nested_input(
    OfflineDecision,
    "OfflineDecisionInput",
    "A decision that was made without signal.",
    application_id=id_of(TypeCode.APPLICATION, "The case, as the pack names it."),
    version="Its version in the pack; where it has another one now: CONFLICT.",
    key="1 to 255 characters that name this decision, made when it was made.",
    verdict="What was decided.",
    decided_at="When, by the officer's clock. The timeline tells it; the legal clock ends with it where the signature "
    "proves it, else with the replay.",
    ground=_GROUND,
    reason="The reasons, as the citizen will read them.",
    documents=_DOCUMENTS,
    signature="What the pack's device signed of it: a compact JWS (ES256), chained to the one before.",
)


@strawberry.type(description="What became of one case of several.")
class CaseResult:
    application_id: strawberry.ID = strawberry.field(description="The case.")
    outcome: ItemOutcome = strawberry.field(description="What became of it.")
    application: Application | None = strawberry.field(
        description="The case as it now is; with CONFLICT it is what somebody else made of it. Null when refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was not done; empty when it was.")

    @classmethod
    def of(cls, info: Info, result: ItemResult) -> Self:
        return cls(
            application_id=node_id(TypeCode.APPLICATION, result.application_id),
            outcome=result.outcome,
            application=_visible_case(result),
            user_errors=user_errors_of(info, result.error) if result.error else [],
        )


def _visible_case(result: ItemResult) -> Application | None:
    """The case as it now is; a conflict shows its state only, for nothing was done that would leave a receipt."""
    if result.application is None:
        return None
    return Application.of(result.application, withheld=result.outcome is ItemOutcome.CONFLICT)


@strawberry.type
class CasesPayload:
    """The fields of every payload about several cases."""

    results: list[CaseResult] = strawberry.field(description="One for each case, in the order given.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing at all was tried; else empty.")
    submission: Submission = strawberry.field(description="REJECTED where nothing was tried.")


def _cases_payload(description: str) -> Payload[list[ItemResult]]:
    """A payload about several cases; what keeps the action from beginning at all becomes `userErrors`."""
    return results_payload(subtype_of(CasesPayload, description), CaseResult.of)


def _for_each(action: Callable[..., Awaitable[list[ItemResult]]]) -> Action[list[ItemResult]]:
    """An action on several cases that also says whether all of it was a replay."""

    @wraps(action)
    async def run(*args: Any, **values: Any) -> tuple[list[ItemResult], bool]:
        results = await action(*args, **values)
        return results, bool(results) and all(result.outcome is ItemOutcome.REPLAYED for result in results)

    return run


@strawberry.type
class DeskMutation:
    claim_application = action_mutation(
        claim_application,
        application_payload("What became of a claim."),
        "Claim a case, so that no colleague decides it meanwhile. The claim ends by itself.",
        input_fields("A case to claim.", application_id=_APPLICATION, take_over=_TAKE_OVER),
    )
    release_application = action_mutation(
        release_application,
        application_payload("What became of a release.", withheld=True),
        "Give a claimed case back.",
        input_fields("A case to give back.", application_id=_APPLICATION),
    )
    forward_application = action_mutation(
        forward_application,
        application_payload("What became of a forwarding.", withheld=True),
        "Hand a case on to another officer of its place, or one level up.",
        input_fields(
            "A case to hand on to another officer.",
            application_id=_APPLICATION,
            officer_id=id_of(TypeCode.OFFICER, "One of Officer.forwardTargets."),
            reason=_REASON,
        ),
    )
    confirm_decision = action_mutation(
        confirm_decision,
        application_payload("What became of a confirmation."),
        "Confirm a colleague's proposed decision; it is carried out as hers.",
        input_fields("A proposed decision to confirm.", application_id=_APPLICATION),
    )
    send_back_decision = action_mutation(
        send_back_decision,
        application_payload("What became of sending back."),
        "Send a colleague's proposed decision back to her; nothing is decided.",
        input_fields(
            "A proposed decision to send back to the first officer.",
            application_id=_APPLICATION,
            reason="Why, as the first officer will read it.",
        ),
    )
    bulk_decide = action_mutation(
        _for_each(bulk_decide),
        _cases_payload("What became of one verdict on several cases."),
        "Pass one verdict on up to 50 cases; each is done or refused by itself.",
        input_fields(
            "One verdict on several cases.",
            items=_bulk_items("The cases, at most 50, each once."),
            verdict="What is done with each.",
            ground=_GROUND,
            reason="The reasons, as the citizens will read them.",
            documents=_DOCUMENTS,
        ),
    )
    bulk_claim = action_mutation(
        _for_each(bulk_claim),
        _cases_payload("What became of several claims."),
        "Claim up to 50 cases; each is claimed or refused by itself.",
        input_fields("Several cases to claim.", application_ids=_CASES, take_over=_TAKE_OVER),
    )
    bulk_forward = action_mutation(
        _for_each(bulk_forward),
        _cases_payload("What became of forwarding several cases."),
        "Forward up to 50 cases to one officer; each is forwarded or refused by itself.",
        input_fields(
            "Several cases to hand on to one officer.",
            application_ids=_CASES,
            officer_id=id_of(TypeCode.OFFICER, "One of Officer.forwardTargets of each case."),
            reason=_REASON,
        ),
    )
    replay_decisions = action_mutation(
        _for_each(replay_decisions),
        _cases_payload("What became of decisions that were made without signal."),
        "Hand in decisions that were made without signal; a case that changed meanwhile is left alone.",
        input_fields(
            "Decisions that were made without signal. Each has a key of its own.",
            pack_id="The pack's id.",
            signed=InputField(
                "The signed pack as it was kept on the telephone; an altered one is refused.", name="pack"
            ),
            decisions=_offline_decisions("At most 50, in the order they were made."),
            device_at="The device's clock as it hands them in.",
        ),
    )

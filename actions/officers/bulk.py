"""Bulk actions on cases, each case in its own transaction so that a failure does not affect the others."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from actions.applications.decide import Decide, Verdict, decide_with
from actions.benefits.sanction_budgets import balances_before
from actions.kernel import Environment, present
from actions.officers.claim import ClaimCase, claim_application
from actions.officers.forward import ForwardCase, forward_application
from actions.officers.proposals import WEIGHED
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import WITH_OFFICER
from domain.kernel import ErrorCode, Problem, Problems, Subject
from domain.officers.desk import MOST_AT_ONCE
from store.database import StoreError


class ItemOutcome(StrEnum):
    """What became of one case."""

    DONE = "DONE"
    PROPOSED = "PROPOSED"
    REPLAYED = "REPLAYED"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Item:
    """One case of a bulk action, with the version that was seen; None takes the present one."""

    application_id: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one case: as it now is, or why not. A conflict has both."""

    application_id: str
    outcome: ItemOutcome
    application: Application | None = None
    error: Problems | StoreError | None = None


@dataclass(frozen=True, slots=True)
class BulkDecide:
    """One verdict on up to fifty cases."""

    items: tuple[Item, ...]
    verdict: Verdict
    idempotency_key: str
    ground: RejectionGround | None = None
    reason: str | None = None
    documents: tuple[str, ...] = ()


Run = Callable[[], Awaitable[tuple[Application, bool]]]


async def bulk_decide(env: Environment, subject: Subject, request: BulkDecide) -> list[ItemResult]:
    """Pass one verdict on each case, in the order given; raises BAD_INPUT for none, too many or the same twice.

    The treasury is asked once for all sanctions from one head of account; each takes its part of the reported balance.
    """
    ids = [item.application_id for item in request.items]
    refuse_wrong_size(ids)
    balances = await balances_before(env, subject, ids if request.verdict is Verdict.APPROVE else [])

    async def decide_one(item: Item) -> tuple[Application, bool]:
        verdict = Decide(
            item.application_id,
            request.verdict,
            sub_key(request.idempotency_key, item.application_id),
            item.expected_version,
            request.ground,
            request.reason,
            request.documents,
        )
        return await decide_with(env, subject, verdict, balances)

    weighed = request.verdict.value in WEIGHED
    return [
        await attempt(env, item.application_id, partial(decide_one, item), weighed=weighed) for item in request.items
    ]


async def bulk_claim(
    env: Environment, subject: Subject, application_ids: Sequence[str], *, key: str, take_over: bool = False
) -> list[ItemResult]:
    """Claim each case; raises as `bulk_decide`."""
    refuse_wrong_size(application_ids)

    async def claim_one(application_id: str) -> tuple[Application, bool]:
        return await claim_application(env, subject, ClaimCase(application_id, sub_key(key, application_id), take_over))

    return [await attempt(env, key_, partial(claim_one, key_)) for key_ in application_ids]


async def bulk_forward(
    env: Environment, subject: Subject, application_ids: Sequence[str], *, key: str, officer_id: str, reason: str
) -> list[ItemResult]:
    """Forward each case to one officer; raises as `bulk_decide`."""
    refuse_wrong_size(application_ids)

    async def forward_one(application_id: str) -> tuple[Application, bool]:
        request = ForwardCase(application_id, officer_id, reason, sub_key(key, application_id))
        return await forward_application(env, subject, request)

    return [await attempt(env, key_, partial(forward_one, key_)) for key_ in application_ids]


async def attempt(env: Environment, application_id: str, run: Run, *, weighed: bool = False) -> ItemResult:
    """Run one case; its refusal, or a failure of the store, stays with it.

    `weighed` tells a verdict that may wait for a second officer. The present state goes with a conflict,
    which only those see who may work on the case.
    """
    try:
        application, replayed = await run()
    except Problems as refusal:
        if refusal.code is not ErrorCode.CONFLICT:
            return ItemResult(application_id, ItemOutcome.REFUSED, error=refusal)
        now = await present(env, application_id)
        return ItemResult(application_id, ItemOutcome.CONFLICT, now, refusal)
    except StoreError as failure:
        return ItemResult(application_id, ItemOutcome.REFUSED, error=failure)
    return ItemResult(application_id, _outcome(application, replayed=replayed, weighed=weighed), application)


def refuse_wrong_size(application_ids: Sequence[str]) -> None:
    """Raises BAD_INPUT for no case, more than fifty, or the same one twice."""
    if not 1 <= len(application_ids) <= MOST_AT_ONCE or len(set(application_ids)) < len(application_ids):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "items"), params={"most": str(MOST_AT_ONCE)}))


def sub_key(key: str, application_id: str) -> str:
    """The key of one case within a bulk action, short enough whatever the key of the whole is."""
    return f"{hashlib.sha256(key.encode()).hexdigest()}:{application_id}"


def _outcome(application: Application, *, replayed: bool, weighed: bool) -> ItemOutcome:
    if replayed:
        return ItemOutcome.REPLAYED
    return ItemOutcome.PROPOSED if weighed and application.status in WITH_OFFICER else ItemOutcome.DONE

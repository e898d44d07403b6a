"""Runs a write once for each idempotency key, however often it is requested."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from actions.kernel.environment import Environment
from domain.kernel import ErrorCode, Problem, Problems, Subject
from store.database import Transaction, crash_points, errors, idempotency

KEY_LENGTH = 255
ANSWERS = "answer"
"""The operation under which the edge keeps whole answers (gateway/graphql/replays.py)."""

_KEY = ("input", "idempotencyKey")

Work = Callable[[Transaction], Awaitable[Mapping[str, Any]]]

completed: ContextVar[list[str] | None] = ContextVar("completed", default=None)
"""The operations of this request that were done or replayed under a key, where somebody wants to know."""


async def run_idempotently(
    env: Environment,
    subject: Subject,
    operation: str,
    *,
    key: str,
    body: Mapping[str, Any],
    work: Work,
    for_ever: bool = False,
) -> tuple[Mapping[str, Any], bool]:
    """Do the work in one transaction and store its answer, or return the stored answer of the first time.

    The second value is True for a replay. `for_ever` keeps the key for good, as payments need.
    Raises Problems: BAD_INPUT for a key of the wrong length,
    IDEMPOTENCY_KEY_REUSED for the same key with another body, IN_PROGRESS while the twin is at work,
    CONFLICT where somebody else changed the object first. A refusal is not stored: nothing was done.
    """
    if not 1 <= len(key) <= KEY_LENGTH:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _KEY, params={"longest": str(KEY_LENGTH)}))
    claim = _Claim(idempotency.scope_of(subject.label, operation), key, hash_of(body), for_ever)
    try:
        done = await env.store.carry_out(lambda tx: _in_one_transaction(env, tx, claim, work))
    except errors.KeyReused:
        raise Problems(Problem(ErrorCode.IDEMPOTENCY_KEY_REUSED, _KEY)) from None
    except errors.InProgress:
        raise Problems(Problem(ErrorCode.IN_PROGRESS, _KEY)) from None
    except errors.VersionConflict as conflict:
        raise conflict_problem(conflict.present_version, conflict.present_status) from None
    crash_points.reach(crash_points.VERB_AFTER_COMMIT)
    here = completed.get()
    if here is not None:
        here.append(operation)
    return done


def conflict_problem(version: int, status: str) -> Problems:
    """What the loser of a race gets: the present version and status."""
    params = {"version": str(version), "status": status}
    return Problems(Problem(ErrorCode.CONFLICT, ("input", "expectedVersion"), params=params))


def hash_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of what was asked."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Claim:
    scope: str
    key: str
    body_hash: str
    for_ever: bool


async def _in_one_transaction(
    env: Environment, tx: Transaction, claim: _Claim, work: Work
) -> tuple[Mapping[str, Any], bool]:
    begun = await idempotency.begin(
        tx, claim.scope, claim.key, claim.body_hash, env.clock.now(), for_ever=claim.for_ever
    )
    if isinstance(begun, idempotency.Replay):
        return begun.answer, True
    answer = await work(tx)
    await idempotency.complete(tx, claim.scope, claim.key, answer)
    crash_points.reach(crash_points.VERB_BEFORE_COMMIT)
    return answer, False

"""Runs a write once for each idempotency key, however often it is requested."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from enum import StrEnum
from operator import methodcaller
from typing import Any, Protocol, TypeVar

from actions.kernel.environment import Environment
from actions.kernel.unit_of_work import UnitOfWork
from domain.kernel import ErrorCode, Problem, Problems, Subject
from store.database import Transaction, crash_points, errors, idempotency

KEY_LENGTH = 255
ANSWERS = "answer"
"""The operation under which the edge keeps whole answers (gateway/graphql/replays.py)."""

_KEY = ("input", "idempotencyKey")

Work = Callable[[Transaction], Awaitable[Mapping[str, Any]]]
T = TypeVar("T")


class Identified(Protocol):
    """What has an id of its own."""

    @property
    def id(self) -> str:
        """The id."""


Outcome = Awaitable[Identified | str | int]
"""What a verb is about, or its id; a number is the tries that a wrong code has left."""

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


async def run_request(
    env: Environment,
    subject: Subject,
    operation: str,
    request: Any,
    step: Callable[[UnitOfWork, Any], Outcome],
    *,
    read: Callable[[Transaction, str], Awaitable[T | None]],
    body: Mapping[str, Any] | None = None,
    **options: bool,
) -> tuple[T, bool]:
    """As `run_once`, for a request that bears its key, with which the step is called too.

    Without `body` all of the request is what the key stands for.
    """
    body = asdict(request) if body is None else body
    key = request.idempotency_key
    return await run_once(
        env, subject, operation, lambda acting: step(acting, request), key=key, body=body, read=read, **options
    )


async def run_once(  # noqa: PLR0913 - all of it is named
    env: Environment,
    subject: Subject,
    operation: str,
    step: Callable[[UnitOfWork], Outcome],
    *,
    key: str,
    body: Mapping[str, Any],
    read: Callable[[Transaction, str], Awaitable[T | None]],
    for_ever: bool = False,
    complete: bool = False,
) -> tuple[T, bool]:
    """Run a verb once for its key, and give what it is about as it now is; True for a replay.

    With `complete` the step gives that as it is kept, so that only a replay reads it. Raises what the step and
    `run_idempotently` raise, OTP_WRONG for a wrong code though it is counted, and NotThere.
    """
    done: Any = None

    async def work(tx: Transaction) -> Mapping[str, Any]:
        nonlocal done
        done = await step(UnitOfWork(env, tx, subject))
        if isinstance(done, int):
            return {"left": done}
        return {"id": done if isinstance(done, str) else done.id}

    answer, replayed = await run_idempotently(env, subject, operation, key=key, body=body, work=work, for_ever=for_ever)
    if "left" in answer:
        raise wrong_code(int(answer["left"]), "input", "code")
    (key_of_it,) = answer.values()  # "id", or what an earlier release called it
    present: T | None = done if complete and not replayed else await env.store.read(lambda tx: read(tx, key_of_it))
    if present is None:
        raise errors.NotThere(f"what {operation} is about")
    return present, replayed


def wrong_code(left: int, *path: str) -> Problems:
    """The problem that reports a wrong code."""
    return Problems(Problem(ErrorCode.OTP_WRONG, path, params={"left": str(left)}))


def refuse_other_version(expected: int | None, version: int, state: StrEnum) -> None:
    """Raise CONFLICT with the present version and state where another version was seen; None takes the present one."""
    if expected not in (None, version):
        raise conflict_problem(version, state.value)


def conflict_problem(version: int, status: str) -> Problems:
    """What the loser of a race gets: the present version and status."""
    params = {"version": str(version), "status": status}
    return Problems(Problem(ErrorCode.CONFLICT, ("input", "expectedVersion"), params=params))


def hash_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of what was asked; days and instants are written as ISO 8601 has them."""
    text = json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=methodcaller("isoformat")
    )
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

"""What every mutation shares: idempotency key, problems as data, the state of a submission."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import strawberry

from actions.kernel import SubmissionState
from domain.kernel import (
    CallerError,
    ErrorCode,
    MalformedGlobalId,
    Problem,
    Problems,
    Remedy,
    TypeCode,
    from_global_id,
)
from schema.kernel.context import Info, require_signed_in
from schema.kernel.errors import EXPECTED_IN_MUTATIONS, problem_of, text_of

T = TypeVar("T")

KEY_DESCRIPTION = (
    "Compulsory, here or in the Idempotency-Key header, else IDEMPOTENCY_KEY_MISSING; where both are given they must "
    "be equal. 1 to 255 characters that name this request: the same key gives the first result again, for seven days."
)

VERSION_DESCRIPTION = "The version that was seen; with another one the answer is CONFLICT."


@strawberry.type(description="Why something was not done. Nothing was changed.")
class UserError:
    path: list[str] = strawberry.field(description="The input field that it is about.")
    code: ErrorCode = strawberry.field(description="A stable code.")
    message: str = strawberry.field(description="What to tell the person, in the asked language.")
    action: Remedy = strawberry.field(description="What the person can do about it.")


@strawberry.type(description="What became of the hand-in itself.")
class Submission:
    state: SubmissionState = strawberry.field(
        description=(
            "ACCEPTED when it is kept, REJECTED when nothing was, QUEUED when it is kept and something of it waits "
            "for an outside system that is away, DELIVERED when all of it is there. "
            "The same key tells it anew where `replayed` is asked for too."
        )
    )
    acknowledgement: str | None = strawberry.field(description="The number of the acknowledgement, where there is one.")
    replayed: bool = strawberry.field(description="Whether this key was used before and the first result is given.")
    expected_by: datetime | None = strawberry.field(
        default=None,
        description="When what is QUEUED is tried next; null where nobody knows, and for every other state.",
    )


async def mutation_outcome(
    info: Info, work: Callable[[], Awaitable[tuple[T, bool]]]
) -> tuple[T, bool] | list[UserError]:
    """What a verb gave to somebody who is signed in, and whether it was a replay; or why it refused.

    The one place where refusals become `userErrors`; everything else passes.
    """
    subject = require_signed_in(info)
    info.context.loaders.forget()
    try:
        subject.require_may_change()
        item, replayed = await work()
    except EXPECTED_IN_MUTATIONS as refusal:
        return user_errors_of(info, refusal)
    info.context.signals.replayed = info.context.signals.replayed or replayed
    return item, replayed


def rejected_submission() -> Submission:
    """The progress of a submission of which nothing was stored."""
    return Submission(state=SubmissionState.REJECTED, acknowledgement=None, replayed=False)


def key_of(info: Info, given: str | None) -> str:
    """The request's key from input or header.

    Raises Problems: IDEMPOTENCY_KEY_MISSING where there is none, BAD_INPUT where there are two that differ.
    """
    header = info.context.idempotency_key
    key = given or header
    if key is None:
        raise Problems(Problem(ErrorCode.IDEMPOTENCY_KEY_MISSING, ("input", "idempotencyKey")))
    if header is not None and key != header:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "idempotencyKey"), sentence="idempotency.differs"))
    return key


def key_of_type(code: TypeCode, opaque: str, *path: str) -> str:
    """The inner key of an opaque id of one type; raises NOT_FOUND at the path for anything else."""
    try:
        found, key = from_global_id(opaque)
    except MalformedGlobalId:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path)) from None
    if found is not code:
        raise Problems(Problem(ErrorCode.NOT_FOUND, path))
    return key


def user_errors_of(info: Info, refusal: BaseException) -> list[UserError]:
    """What a mutation tells of a refusal, in the asked language."""
    language = info.context.language
    problems = refusal.problems if isinstance(refusal, CallerError) else (problem_of(refusal),)
    return [
        UserError(path=list(one.path), code=one.code, message=text_of(one, language), action=one.action)
        for one in problems
    ]

"""What the payloads of citizen care have in common."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from actions.environment import SubmissionState
from schema.context import Info, signed_in
from schema.errors import EXPECTED_IN_MUTATIONS
from schema.mutating import Submission, UserError, user_errors_of

VERSION_DESCRIPTION = "The version that was seen; with another one the answer is CONFLICT."


@strawberry.type
class CarePayload:
    """The fields of every payload of citizen care; a subclass adds the thing that was made or changed."""

    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")
    submission: Submission = strawberry.field(description="What became of the hand-in.")


Payload = TypeVar("Payload", bound=CarePayload)


async def cared(
    info: Info,
    payload: type[Payload],
    name: str,
    work: Callable[[], Awaitable[tuple[Any, bool]]],
    view: Callable[[Any], Any],
) -> Payload:
    """Run a verb for somebody who is signed in; the result is put in the payload's field of that name."""
    signed_in(info)
    info.context.loaders.forget()
    try:
        item, replayed = await work()
    except EXPECTED_IN_MUTATIONS as refusal:
        state = Submission(state=SubmissionState.REJECTED, acknowledgement=None, replayed=False)
        return _filled(payload, {name: None, "user_errors": user_errors_of(info, refusal), "submission": state})
    info.context.signals.replayed = info.context.signals.replayed or replayed
    number = getattr(item, "number", None)
    state = Submission(state=SubmissionState.ACCEPTED, acknowledgement=number, replayed=replayed)
    return _filled(payload, {name: view(item), "user_errors": [], "submission": state})


def _filled(payload: type[Payload], values: dict[str, Any]) -> Payload:
    return payload(**values)

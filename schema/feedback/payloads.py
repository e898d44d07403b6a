"""What the payloads of feedback, grievances and suggestions share."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from actions.kernel import SubmissionState
from schema.kernel import Info
from schema.kernel.mutations import Submission, UserError, mutation_outcome, rejected_submission

VERSION_DESCRIPTION = "The version that was seen; with another one the answer is CONFLICT."


@strawberry.type
class MutationPayload:
    """The fields of every payload of citizen care; a subclass adds the thing that was made or changed."""

    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")
    submission: Submission = strawberry.field(description="What became of the hand-in.")


Payload = TypeVar("Payload", bound=MutationPayload)


async def run_mutation(
    info: Info,
    payload: type[Payload],
    name: str,
    work: Callable[[], Awaitable[tuple[Any, bool]]],
    view: Callable[[Any], Any],
) -> Payload:
    """Run an action and put its result into the payload's field of that name."""
    came = await mutation_outcome(info, work)
    if isinstance(came, list):
        return _make_payload(payload, {name: None, "user_errors": came, "submission": rejected_submission()})
    item, replayed = came
    number = getattr(item, "number", None)
    state = Submission(state=SubmissionState.ACCEPTED, acknowledgement=number, replayed=replayed)
    return _make_payload(payload, {name: view(item), "user_errors": [], "submission": state})


def _make_payload(payload: type[Payload], values: dict[str, Any]) -> Payload:
    return payload(**values)

"""Payload types of mutations, and what fills them with the outcome of an action."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, new_class
from typing import Any, Generic, TypeAlias, TypeVar

import strawberry

from actions.kernel import SubmissionState
from schema.kernel.context import Info
from schema.kernel.mutations import Submission, UserError, rejected_submission

R = TypeVar("R")
T = TypeVar("T")

Outcome: TypeAlias = tuple[T, bool] | list[UserError]
"""What an action gave and whether it was a replay, or why it was refused."""


@strawberry.type
class MutationPayload:
    """The fields of every payload; each adds the thing that was made or changed."""

    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")
    submission: Submission = strawberry.field(description="What became of the hand-in.")


@dataclass(frozen=True, slots=True)
class Payload(Generic[T]):
    """How a mutation answers: its type, made for a name, and what fills the type with the outcome of the action."""

    type_named: Callable[[str], type[Any]]
    fill: Callable[[type[Any], Info, Outcome[T]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Thing(Generic[T]):
    """A field of a payload, null when refused: its type, its description, and its view of what the action gave.

    `view_for` is a view that needs the request, and may be awaited; it takes the place of `view`. One that is
    `required` is never null.
    """

    type: Any
    description: str
    view: Callable[[T], Any] | None = None
    view_for: Callable[[Info, T], Any] | None = None
    required: bool = False

    async def show(self, info: Info, item: T) -> Any:
        """The thing as the graph shows it."""
        if self.view_for is None:
            return self.view(item) if self.view else item
        seen = self.view_for(info, item)
        return await seen if inspect.isawaitable(seen) else seen


def thing_payload(description: str, name: str = "", /, **things: Thing[T]) -> Payload[T]:
    """A payload of the things that an action made or changed, beside errors and submission.

    Without a name each mutation makes a type of its own name; with one they share the type.
    """

    async def fill(payload: type[Any], info: Info, outcome: Outcome[T]) -> Any:
        if isinstance(outcome, list):
            return payload(user_errors=outcome, submission=rejected_submission(), **dict.fromkeys(things))
        item, replayed = outcome
        number = getattr(item, "number", None)
        state = Submission(state=SubmissionState.ACCEPTED, acknowledgement=number, replayed=replayed)
        seen = {one: await thing.show(info, item) for one, thing in things.items()}
        return payload(user_errors=[], submission=state, **seen)

    return Payload(subtype_of(MutationPayload, description, name, things), fill)


def plain_payload(description: str, /, **things: Thing[T]) -> Payload[T]:
    """A payload of the things that an action made or changed, beside errors alone."""
    errors: Thing[T] = Thing(list[UserError], "Why it was refused; empty when it was done.", required=True)

    async def fill(payload: type[Any], info: Info, outcome: Outcome[T]) -> Any:
        if isinstance(outcome, list):
            return payload(user_errors=outcome, **dict.fromkeys(things))
        seen = {one: await thing.show(info, outcome[0]) for one, thing in things.items()}
        return payload(user_errors=[], **seen)

    return Payload(subtype_of(object, description, things={**things, "user_errors": errors}), fill)


def results_payload(type_named: Callable[[str], type[Any]], view_for: Callable[[Info, R], Any], /) -> Payload[list[R]]:
    """A payload of what became of each of several things; none where the action did not begin at all."""

    async def fill(payload: type[Any], info: Info, outcome: Outcome[list[R]]) -> Any:
        if isinstance(outcome, list):
            return payload(results=[], user_errors=outcome, submission=rejected_submission())
        results, replayed = outcome
        accepted = Submission(state=SubmissionState.ACCEPTED, acknowledgement=None, replayed=replayed)
        return payload(results=[view_for(info, one) for one in results], user_errors=[], submission=accepted)

    return Payload(type_named, fill)


def subtype_of(
    base: type[Any], description: str, name: str = "", things: Mapping[str, Thing[Any]] = MappingProxyType({})
) -> Callable[[str], type[Any]]:
    """What makes a type, by name, that adds things to the fields of its base; or gives the one that has a name."""
    body: dict[str, Any] = {one: strawberry.field(description=thing.description) for one, thing in things.items()}
    body["__annotations__"] = {
        one: thing.type if thing.required else thing.type | None for one, thing in things.items()
    }
    body["__module__"] = __name__

    def make_type(name: str) -> type[Any]:
        payload = new_class(name, (base,), {}, lambda namespace: namespace.update(body))
        return strawberry.type(payload, description=description)

    shared = make_type(name) if name else None
    return lambda name: shared or make_type(name)

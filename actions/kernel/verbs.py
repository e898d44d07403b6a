"""Verbs that are declared by their inner step alone: writes that run once for each idempotency key."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Generic, TypeVar, cast

from actions.kernel.environment import Environment
from actions.kernel.idempotency import Identified, run_once
from actions.kernel.unit_of_work import UnitOfWork
from domain.kernel import Subject, camel_case
from store.database import Transaction

R = TypeVar("R")
S = TypeVar("S", bound=Identified | str | int)
T = TypeVar("T")
BodyOf = Callable[[Environment, Any], Mapping[str, Any]]


class Verb(Generic[R, S, T]):
    """A write, called with environment, subject and a request that bears its key.

    It gives what it is about as it now is, and whether it was a replay; it raises as `run_once`.
    """

    def __init__(
        self,
        step: Callable[[UnitOfWork, R], Awaitable[S]],
        read: Callable[[Transaction, str], Awaitable[T | None]],
        *,
        operation: str,
        body: BodyOf,
        for_ever: bool,
    ) -> None:
        self.step = step
        """What is done in the transaction, also in that of a caller."""
        self.request: type[R] = step.__annotations__["request"]
        self.__name__, self.__doc__ = step.__name__, step.__doc__
        self._read, self._body, self._for_ever = read, body, for_ever
        self._operation = operation or camel_case(step.__name__)

    async def __call__(self, env: Environment, subject: Subject, request: R) -> tuple[T, bool]:
        return await run_once(
            env,
            subject,
            self._operation,
            lambda acting: self.step(acting, request),
            key=cast("Any", request).idempotency_key,
            body=self._body(env, request),
            read=self._read,
            for_ever=self._for_ever,
        )


def verb(
    read: Callable[[Transaction, str], Awaitable[T | None]],
    *,
    operation: str = "",
    body: BodyOf = lambda _, request: asdict(request),
    for_ever: bool = False,
) -> Callable[[Callable[[UnitOfWork, R], Awaitable[S]]], Verb[R, S, T]]:
    """Make a verb of its step, which takes the unit of work and the `request` and gives what it is about.

    `read` gives that by its id. The operation under which keys are kept is called like the step in camel case, where
    it is not named. `body` is what the key stands for: all of the request, unless a part may not be hashed as it is.
    """
    return lambda step: Verb(step, read, operation=operation, body=body, for_ever=for_ever)

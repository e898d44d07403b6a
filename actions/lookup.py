"""Finding one application: absent and denied are the same answer by the same path."""

from collections.abc import Awaitable, Callable
from types import MappingProxyType

from actions.aliases import applications_by_old
from actions.environment import Environment
from actions.purpose import read_one
from domain.aliases import meant_as_ours, ours_or_old
from domain.applications import Application
from domain.desk import ReadPurpose
from domain.errors import ErrorCode, Problem, Problems, Remedy
from domain.numbers import MistypedNumber, NumberKind
from domain.people import Subject
from store import applications
from store.engine import Transaction


async def application_by_id(
    env: Environment, subject: Subject, application_id: str, stated: ReadPurpose | None = None
) -> Application | None:
    """The application, or None where it is absent or not for the subject; another's leaves a receipt.

    An officer states a purpose for a case that lies with a colleague; else PURPOSE_REQUIRED is raised.
    """
    async with env.store.reading() as tx:
        application = await applications.get(tx, application_id)
    return await read_one(env, subject, application, stated)


async def application_by_number(
    env: Environment, subject: Subject, text: str, stated: ReadPurpose | None = None
) -> Application | None:
    """The application with a number as a person keyed it, ours or that of a system before, or None as above.

    Raises NUMBER_MISTYPED for a text that cannot be a number, or that looks like one of ours with a slip.
    """
    return await _numbered(env, subject, (text, NumberKind.APPLICATION, applications.by_number), stated)


async def application_by_acknowledgement(
    env: Environment, subject: Subject, text: str, stated: ReadPurpose | None = None
) -> Application | None:
    """The application with an acknowledgement number as a person keyed it, ours or an old one; as above."""
    return await _numbered(env, subject, (text, NumberKind.ACKNOWLEDGEMENT, applications.by_acknowledgement), stated)


_FIELDS = MappingProxyType({NumberKind.APPLICATION: "number", NumberKind.ACKNOWLEDGEMENT: "acknowledgement"})
_Keyed = tuple[str, NumberKind, Callable[[Transaction, str], Awaitable[Application | None]]]


async def _numbered(
    env: Environment, subject: Subject, keyed: _Keyed, stated: ReadPurpose | None
) -> Application | None:
    text, kind, read = keyed
    mistyped = Problems(Problem(ErrorCode.NUMBER_MISTYPED, ("by", _FIELDS[kind]), Remedy.CORRECT_INPUT))
    try:
        number, old = ours_or_old(text, kind)
    except MistypedNumber:
        raise mistyped from None
    async with env.store.reading() as tx:
        found = (await applications_by_old(tx, [number])).get(number) if old else await read(tx, number)
    seen = await read_one(env, subject, found, stated)
    # Said also where an old number of digits alone names somebody else's case: absent and denied are one answer.
    if seen is None and old and meant_as_ours(number):
        raise mistyped
    return seen

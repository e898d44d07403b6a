"""Finding one application: absent and denied are the same answer by the same path."""

from actions.environment import Environment
from actions.purpose import read_one
from domain.applications import Application
from domain.desk import ReadPurpose
from domain.errors import ErrorCode, Problem, Problems, Remedy
from domain.numbers import MistypedNumber, NumberKind, parse_number
from domain.people import Subject
from store import applications


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
    """The application with a number as a person keyed it, or None as above.

    Raises NUMBER_MISTYPED for a text that cannot be an application's number.
    """
    try:
        number = parse_number(text, NumberKind.APPLICATION)
    except MistypedNumber:
        raise Problems(Problem(ErrorCode.NUMBER_MISTYPED, ("by", "number"), Remedy.CORRECT_INPUT)) from None
    async with env.store.reading() as tx:
        application = await applications.by_number(tx, number)
    return await read_one(env, subject, application, stated)


async def application_by_acknowledgement(
    env: Environment, subject: Subject, text: str, stated: ReadPurpose | None = None
) -> Application | None:
    """The application with an acknowledgement number as a person keyed it; as above."""
    try:
        number = parse_number(text, NumberKind.ACKNOWLEDGEMENT)
    except MistypedNumber:
        raise Problems(Problem(ErrorCode.NUMBER_MISTYPED, ("by", "acknowledgement"), Remedy.CORRECT_INPUT)) from None
    async with env.store.reading() as tx:
        application = await applications.by_acknowledgement(tx, number)
    return await read_one(env, subject, application, stated)

"""Finding one application: absent and denied are the same answer by the same path."""

from actions.access import may_read, of_application
from actions.environment import Environment
from domain.applications import Application
from domain.errors import ErrorCode, Problem, Problems, Remedy
from domain.numbers import MistypedNumber, NumberKind, parse_number
from domain.people import Subject
from store import applications


async def application_by_id(env: Environment, subject: Subject, application_id: str) -> Application | None:
    """The application, or None where it is absent or not for the subject; another's leaves a receipt."""
    async with env.store.reading() as tx:
        application = await applications.get(tx, application_id)
    return await _shown(env, subject, application)


async def application_by_number(env: Environment, subject: Subject, text: str) -> Application | None:
    """The application with a number as a person keyed it, or None as above.

    Raises NUMBER_MISTYPED for a text that cannot be an application's number.
    """
    try:
        number = parse_number(text, NumberKind.APPLICATION)
    except MistypedNumber:
        raise Problems(Problem(ErrorCode.NUMBER_MISTYPED, ("by", "number"), Remedy.CORRECT_INPUT)) from None
    async with env.store.reading() as tx:
        application = await applications.by_number(tx, number)
    return await _shown(env, subject, application)


async def _shown(env: Environment, subject: Subject, application: Application | None) -> Application | None:
    if application is None or await may_read(env, subject, of_application(application)) is None:
        return None
    return application

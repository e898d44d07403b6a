"""Holds an application to the steps that the definition of its service gives it, in their order."""

from collections.abc import Iterable
from typing import TypeAlias

from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.catalogue.course import BEGINS, DECIDES, Course, steps_done
from domain.catalogue.definitions import ServiceStep, StepKind
from domain.doorstep import may_report
from domain.kernel import ErrorCode, Problem, Problems
from store import clearances, doorstep
from store.applications import timeline
from store.catalogue import catalogue
from store.database import Transaction

_PATH = ("input", "applicationId")


Filed: TypeAlias = tuple[str, str, int | None]
"""An application by its id, its service, and the entry of it that it was filed under."""


def filed_as(application: Application) -> Filed:
    """By what the course of an application is found."""
    return application.id, application.service_code, application.service_version


async def courses_of(tx: Transaction, cases: Iterable[Filed]) -> dict[Filed, Course]:
    """The course of each application whose service has a definition; the others are left out."""
    found = list(cases)
    filed = await catalogue.services_as_filed(tx, [one[1:] for one in found])
    defined = {
        one: service.definition for one in found if (service := filed.get(one[1:])) and service.definition is not None
    }
    if not defined:
        return {}
    ids = [one[0] for one in defined]
    moves, asked = await timeline.moves_taken(tx, ids), await clearances.of_applications(tx, ids)
    inspected = [one[0] for one, definition in defined.items() if definition.step(StepKind.INSPECTION)]
    visits, now = await doorstep.of_applications(tx, inspected) if inspected else {}, tx.clock.now()
    return {
        one: Course(
            definition,
            steps_done(definition, moves.get(one[0], ()), asked.get(one[0], ()), now),
            may_report(visits.get(one[0], ()), now),
        )
        for one, definition in defined.items()
    }


async def course_of(acting: UnitOfWork, application: Application) -> Course | None:
    """The course of an application; None for the usual one."""
    key = filed_as(application)
    return (await courses_of(acting.tx, [key])).get(key)


async def refuse_out_of_turn(acting: UnitOfWork, application: Application, move: Move) -> None:
    """Let a move go on for which all is done that the definition puts before it.

    Raises Problems: STEP_NEEDED_FIRST with the step, TRANSITION_NOT_ALLOWED for a move of a step that it does not have.
    """
    if move not in DECIDES and move not in BEGINS and move is not Move.REPORT_VERIFICATION:
        return
    course = await course_of(acting, application)
    if course is None:
        return
    if not course.has_step(move):
        params = {"status": application.status.value, "move": move.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, _PATH, params=params))
    missing = course.step_before(move)
    if missing is not None:
        raise Problems(Problem(ErrorCode.STEP_NEEDED_FIRST, _PATH, params=_step_params(missing)))


def _step_params(step: ServiceStep) -> dict[str, str]:
    return {"step": step.kind.value} | ({"department": step.department} if step.department else {})

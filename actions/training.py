"""Starts, helps, reviews and resets attempts at exercises of training, where the installation has a trainer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from actions.kernel import (
    Environment,
    UnitOfWork,
    note,
    require,
    require_postings,
    require_thing,
    run_request,
)
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import Bilingual, ErrorCode, Officer, Operator, PersonKind, Problem, Problems, Subject, not_found
from domain.training import Attempt, Exercise, Mark
from store import training
from store.database import StoredList, Transaction, locks
from store.identity import people

_EXERCISE, _ATTEMPT = ("input", "exercise"), ("input", "attemptId")


class Trainer(Protocol):
    """Knows the exercises, makes their cases and reads the marks off them; no production has one."""

    exercises: Mapping[str, Exercise]
    """All of them by their keys, in the order in which they are done."""

    def offered_to(self, subject: Subject) -> Sequence[Exercise]:
        """Those for a post that the subject holds."""
        ...

    async def prepare(self, acting: UnitOfWork, exercise: Exercise) -> Attempt:
        """Make a fresh case for the learner who acts. Raises Problems where the catalogue does not let it."""
        ...

    async def review(self, tx: Transaction, attempt: Attempt) -> tuple[Mark, ...]:
        """The marks by what was really done in the case."""
        ...


@dataclass(frozen=True, slots=True)
class StartExercise:
    """An exercise to begin, or to begin anew with a fresh case."""

    exercise: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ShowHint:
    """That the learner wants the next hint of an attempt of hers."""

    attempt_id: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ResetTraining:
    """An attempt to end, or with `everything` all of the same learner."""

    attempt_id: str
    idempotency_key: str
    everything: bool = False


def trainer_of(env: Environment) -> Trainer:
    """The trainer of this installation; raises Problems(NO_TRAINING) where it has none, as in production."""
    trainer = env.trainer()
    if trainer is None:
        raise Problems(Problem(ErrorCode.NO_TRAINING))
    return trainer


async def start_exercise(env: Environment, subject: Subject, request: StartExercise) -> tuple[Attempt, bool]:
    """Begin an exercise on a fresh case; True where it is a replay. An open attempt at it ends.

    Raises NotSignedIn, Problems: NO_TRAINING, NOT_FOUND for one who is no learner or has no post for it.
    """
    trainer_of(env)
    return await run_request(env, subject, "startExercise", request, _start, read=training.get)


async def show_hint(env: Environment, subject: Subject, request: ShowHint) -> tuple[Attempt, bool]:
    """Show one hint more; True where it is a replay. Raises as `start_exercise`; NOT_FOUND without an attempt."""
    trainer_of(env)
    return await run_request(env, subject, "showHint", request, _show_hint, read=training.get)


async def reset_training(env: Environment, subject: Subject, request: ResetTraining) -> tuple[Attempt, bool]:
    """End attempts, for the learner or those who see her progress; their cases stay. Raises as `start_exercise`."""
    trainer_of(env)
    return await run_request(env, subject, "resetTraining", request, _reset, read=training.get)


async def lessons_of(env: Environment, subject: Subject) -> list[tuple[Exercise, Attempt | None]]:
    """The exercises for the posts of who is signed in, each with the open attempt at it. Raises as `start_exercise`."""
    trainer = trainer_of(env)
    async with env.store.read_transaction() as tx:
        await _require_learner(UnitOfWork(env, tx, subject), Purpose.VIEW)
        attempts = await training.open_of(tx, subject.person_id or "")
    return [(one, attempts.get(one.key)) for one in trainer.offered_to(subject)]


def attempts_for(env: Environment, subject: Subject) -> StoredList[Attempt]:
    """The attempts of learners in the places of the subject's posts. Raises NotSignedIn, NO_TRAINING, NOT_FOUND."""
    trainer_of(env)
    return training.attempts_within(require_postings(subject, ObjectKind.TRAINING, Purpose.SUPERVISE))


async def marks_of(env: Environment, attempt: Attempt) -> tuple[Mark, ...]:
    """The marks of an attempt that the caller may see."""
    return await env.store.read(lambda tx: trainer_of(env).review(tx, attempt))


async def learner_of(env: Environment, attempt: Attempt) -> Bilingual | None:
    """The name of who made an attempt that the caller may see; None where she was erased."""
    ids = [attempt.learner_id]
    async with env.store.read_transaction() as tx:
        found: Mapping[str, Officer | Operator]
        found = await (people.operators if attempt.learner_kind is PersonKind.OPERATOR else people.officers)(tx, ids)
    return found[attempt.learner_id].name if attempt.learner_id in found else None


def of_attempt(attempt: Attempt) -> Resource:
    """What access to an attempt depends on: the learner, and the place of her case."""
    place = attempt.department, attempt.district, attempt.tehsil
    return Resource(ObjectKind.TRAINING, attempt.id, None, *place, person_id=attempt.learner_id)


async def _require_learner(acting: UnitOfWork, purpose: Purpose) -> None:
    own = Resource(ObjectKind.TRAINING, person_id=acting.subject.person_id)
    await require(acting.env, acting.tx, acting.subject, own, purpose, path=("input",))


async def _start(acting: UnitOfWork, request: StartExercise) -> Attempt:
    await _require_learner(acting, Purpose.APPLY)
    trainer = trainer_of(acting.env)
    exercise = next((one for one in trainer.offered_to(acting.subject) if one.key == request.exercise), None)
    if exercise is None:
        raise not_found(*_EXERCISE)
    learner = acting.subject.person_id or ""
    await locks.lock_exclusive(acting.tx, "training", learner)
    held = (await training.open_of(acting.tx, learner)).get(exercise.key)
    if held is not None:
        await _end(acting, held)
    attempt = await trainer.prepare(acting, exercise)
    await training.add(acting.tx, attempt)
    case = attempt.case_id
    await note(acting, "training.start", of_attempt(attempt), Purpose.APPLY, exercise=exercise.key, case=case)
    return attempt


async def _show_hint(acting: UnitOfWork, request: ShowHint) -> Attempt:
    attempt = await _lock_attempt(acting, request.attempt_id, Purpose.APPLY)
    exercise = trainer_of(acting.env).exercises.get(attempt.exercise)
    shown = replace(attempt, hints=min(attempt.hints + 1, len(exercise.hints) if exercise else 0))
    await training.save(acting.tx, shown)
    await note(acting, "training.hint", of_attempt(shown), Purpose.APPLY, hints=shown.hints)
    return shown


async def _reset(acting: UnitOfWork, request: ResetTraining) -> Attempt:
    attempt = await _lock_attempt(acting, request.attempt_id, Purpose.APPLY, Purpose.SUPERVISE)
    for one in (await training.open_of(acting.tx, attempt.learner_id)).values():
        if one.id == attempt.id or request.everything:
            await require_thing(acting, one, of_attempt, Purpose.APPLY, Purpose.SUPERVISE, path=_ATTEMPT)
            await _end(acting, one)
    return attempt


async def _lock_attempt(acting: UnitOfWork, attempt_id: str, *purposes: Purpose) -> Attempt:
    """An attempt for one who may do that with it, while no other request changes those of its learner."""
    found = await training.get(acting.tx, attempt_id)
    attempt = await require_thing(acting, found, of_attempt, *purposes, path=_ATTEMPT)
    await locks.lock_exclusive(acting.tx, "training", attempt.learner_id)
    return await training.get(acting.tx, attempt_id) or attempt


async def _end(acting: UnitOfWork, attempt: Attempt) -> None:
    await training.save(acting.tx, replace(attempt, ended_at=acting.now))
    detail = {"exercise": attempt.exercise, "case": attempt.case_id}
    await note(acting, "training.reset", of_attempt(attempt), Purpose.APPLY, **detail)

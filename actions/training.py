"""What is asked of the trainer of an installation for training: exercises, attempts, hints, resets, progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from actions.kernel import Environment, UnitOfWork, require_postings, run_request
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject
from domain.training import Attempt, Exercise, Progress
from store import training
from store.database import StoredList, Transaction


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


class Trainer(Protocol):
    """Knows the exercises, makes their cases and reads the marks off them; no production has one.

    Its steps raise NotSignedIn, and Problems(NOT_FOUND) for what is not the subject's by the access table.
    """

    exercises: Mapping[str, Exercise]
    """All of them by their keys, in the order in which they are done."""

    async def start(self, acting: UnitOfWork, request: StartExercise) -> Attempt:
        """Begin an exercise for a post of the learner on a fresh case; an open attempt at it ends."""
        ...

    async def show_hint(self, acting: UnitOfWork, request: ShowHint) -> Attempt:
        """Show one hint more."""
        ...

    async def reset(self, acting: UnitOfWork, request: ResetTraining) -> Attempt:
        """End attempts, for the learner or for those who see her progress; their cases stay."""
        ...

    async def lessons(self, acting: UnitOfWork) -> list[tuple[Exercise, Progress | None]]:
        """The exercises for the posts of who acts, each with the open attempt at it."""
        ...

    async def progress(self, tx: Transaction, attempts: Sequence[Attempt]) -> list[Progress]:
        """How far attempts are, by what was really done in their cases."""
        ...


def trainer_of(env: Environment) -> Trainer:
    """The trainer of this installation; raises Problems(NO_TRAINING) where it has none, as in production."""
    trainer = env.trainer()
    if trainer is None:
        raise Problems(Problem(ErrorCode.NO_TRAINING))
    return trainer


async def start_exercise(env: Environment, subject: Subject, request: StartExercise) -> tuple[Attempt, bool]:
    """As `Trainer.start`; True where it is a replay."""
    return await run_request(env, subject, "startExercise", request, trainer_of(env).start, read=training.get)


async def show_hint(env: Environment, subject: Subject, request: ShowHint) -> tuple[Attempt, bool]:
    """As `Trainer.show_hint`; True where it is a replay."""
    return await run_request(env, subject, "showHint", request, trainer_of(env).show_hint, read=training.get)


async def reset_training(env: Environment, subject: Subject, request: ResetTraining) -> tuple[Attempt, bool]:
    """As `Trainer.reset`; True where it is a replay."""
    return await run_request(env, subject, "resetTraining", request, trainer_of(env).reset, read=training.get)


async def lessons_of(env: Environment, subject: Subject) -> list[tuple[Exercise, Progress | None]]:
    """As `Trainer.lessons`."""
    return await env.store.read(lambda tx: trainer_of(env).lessons(UnitOfWork(env, tx, subject)))


async def progress_of(env: Environment, attempts: Sequence[Attempt]) -> list[Progress]:
    """As `Trainer.progress`."""
    return await env.store.read(lambda tx: trainer_of(env).progress(tx, attempts))


def attempts_for(env: Environment, subject: Subject) -> StoredList[Attempt]:
    """The attempts of learners in the places of the subject's posts. Raises NotSignedIn, NO_TRAINING, NOT_FOUND."""
    trainer_of(env)
    return training.attempts_within(require_postings(subject, ObjectKind.TRAINING, Purpose.SUPERVISE))

"""Exercises of training, a learner's attempts with their marks, and the progress of an office."""

from datetime import datetime
from typing import Self

import strawberry

from actions.training import attempts_for, lessons_of, progress_of, reset_training, show_hint, start_exercise
from domain import training
from domain.training import MarkState
from schema.catalogue.places import department_field, district_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    InLanguage,
    Listing,
    Mapped,
    View,
    assumed_list_size,
    connection_field,
    field_language,
    require_signed_in,
    resolver_field,
    stored_listing,
    text_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload


@strawberry.type(directives=[AUTHENTICATED], description="One thing that an exercise asks for.")
class TrainingMark(View[training.Mark]):
    item: strawberry.Private[training.Mark]
    state: MarkState = strawberry.field(description="Whether it was done.")

    text = text_field("item.text", description="What is asked for.")
    told = text_field("item.told", description="What was right or wrong; null while it is open.", nullable=True)


_OF_ATTEMPT = {name: f"attempt.{name}" for name in ("id", "link", "number", "hints", "started_at")}


@strawberry.type(directives=[AUTHENTICATED], description="A try of a learner at an exercise, on a case of its own.")
class TrainingAttempt(View[training.Progress], **_OF_ATTEMPT):
    item: strawberry.Private[training.Progress]
    id: strawberry.ID = strawberry.field(description="Give it to showHint and resetTraining.")
    link: str = strawberry.field(description="The page on which the learner works, from the gateway's root.")
    number: str | None = strawberry.field(description="What the case is known by; null where the learner makes it.")
    hints: int = strawberry.field(description="How many hints were shown.")
    started_at: datetime = strawberry.field(description="When it was begun.")
    state: MarkState = strawberry.field(description="MET where every mark is, MISSED where one is.")
    marks: list[TrainingMark] = strawberry.field(
        description="How far it is, by what was really done in the case.", directives=[assumed_list_size(6)]
    )

    title = text_field("item.title", description="The title of the exercise; null where it is gone.", nullable=True)
    learner = text_field("item.learner", description="Who makes it; null where she was erased.", nullable=True)
    department = department_field("item.attempt.department", description="The department of the case, or null.")
    district = district_field("item.attempt.district", description="The district of the case.")


@strawberry.type(directives=[AUTHENTICATED], description="An exercise for a post that the reader holds.")
class TrainingExercise(Mapped[training.Exercise]):
    item: strawberry.Private[training.Exercise]
    attempt: TrainingAttempt | None = strawberry.field(description="The reader's open attempt; null before the first.")
    key: str = strawberry.field(description="Give it to startExercise.")

    title = text_field("item.title", description="Its title.")
    situation = text_field("item.situation", description="How the case stands.")
    task = text_field("item.task", description="What is to be done.")

    @classmethod
    def of(cls, item: training.Exercise, attempt: training.Progress | None) -> Self:
        return cls.read(item, attempt=attempt and TrainingAttempt.of(attempt))

    @resolver_field(description="The hints that were shown.", directives=[assumed_list_size(4)])
    def hints(self, info: Info, language: InLanguage = None) -> list[str]:
        shown = self.item.hints[: self.attempt.hints if self.attempt else 0]
        return [hint.in_language(field_language(info, language)) for hint in shown]

    @resolver_field(description="How many hints are left.")
    def hints_left(self) -> int:
        return len(self.item.hints) - (self.attempt.hints if self.attempt else 0)


@strawberry.type
class TrainingQuery:
    """Root fields about training; NO_TRAINING where the installation is not for it, as in production."""

    @resolver_field(
        description="The exercises for the posts of who is signed in.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(10)],
    )
    async def training_exercises(self, info: Info) -> list[TrainingExercise] | None:
        return [
            TrainingExercise.of(*one) for one in await lessons_of(info.context.environment, require_signed_in(info))
        ]

    @connection_field(
        Connection[TrainingAttempt] | None,
        description="The attempts of learners in the places of the reader's posts, the latest first, for heads of "
        "offices and administrators; null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def training_progress(self, info: Info) -> Listing[training.Progress]:
        env = info.context.environment
        found = attempts_for(env, require_signed_in(info))
        return stored_listing(
            info,
            "training_progress",
            found,
            TrainingAttempt.of,
            complete=lambda page: progress_of(env, page),
            row_of=lambda progress: progress.attempt,
        )


async def _show_attempt(info: Info, attempt: training.Attempt) -> TrainingAttempt:
    return TrainingAttempt.of(*await progress_of(info.context.environment, [attempt]))


_payload = thing_payload(
    "What became of an attempt.",
    "TrainingAttemptPayload",
    attempt=Thing(TrainingAttempt, "The attempt; null when refused.", view_for=_show_attempt),
)


@strawberry.type
class TrainingMutation:
    """Mutations of learners, and of those who see their progress."""

    start_exercise = action_mutation(
        start_exercise,
        _payload,
        "Begin an exercise of training on a fresh case; an open attempt at it ends.",
        input_fields("An exercise to begin.", exercise="Its key, as trainingExercises tells."),
    )
    show_hint = action_mutation(
        show_hint,
        _payload,
        "Show the next hint of an attempt of one's own.",
        input_fields("An attempt whose next hint is wanted.", attempt_id="The attempt."),
    )
    reset_training = action_mutation(
        reset_training,
        _payload,
        "End an attempt, or all of its learner; their cases stay in the audit.",
        input_fields(
            "An attempt to end.", attempt_id="The attempt.", everything="Whether all attempts of the learner end."
        ),
    )

"""Exercises of training, a learner's attempts with their marks, and the progress of an office."""

from datetime import datetime
from typing import Self

import strawberry

from actions.training import (
    attempts_for,
    learner_of,
    lessons_of,
    marks_of,
    reset_training,
    show_hint,
    start_exercise,
    trainer_of,
)
from domain import training
from domain.training import MarkState, state_of
from schema.catalogue.places import department_field, district_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    InLanguage,
    Listing,
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


@strawberry.type(directives=[AUTHENTICATED], description="How far an attempt is, by what was really done in its case.")
class TrainingReview:
    state: MarkState = strawberry.field(description="MET where every mark is, MISSED where one is.")
    marks: list[TrainingMark] = strawberry.field(description="Each mark.", directives=[assumed_list_size(6)])


@strawberry.type(directives=[AUTHENTICATED], description="A try of a learner at an exercise, on a case of its own.")
class TrainingAttempt(View[training.Attempt]):
    item: strawberry.Private[training.Attempt]
    id: strawberry.ID = strawberry.field(description="Give it to showHint and resetTraining.")
    exercise: str = strawberry.field(description="The key of the exercise.")
    number: str | None = strawberry.field(description="What the case is known by; null where the learner makes it.")
    link: str = strawberry.field(description="The page on which the learner works, from the gateway's root.")
    hints: int = strawberry.field(description="How many hints were shown.")
    started_at: datetime = strawberry.field(description="When it was begun.")

    department = department_field("item.department", description="The department of the case; null without one.")
    district = district_field("item.district", description="The district of the case.")

    @resolver_field(description="The name of the learner; null where she was erased.")
    async def learner(self, info: Info, language: InLanguage = None) -> str | None:
        name = await learner_of(info.context.environment, self.item)
        return name.in_language(field_language(info, language)) if name else None

    @resolver_field(description="The title of the exercise; its key where it is there no more.")
    def title(self, info: Info, language: InLanguage = None) -> str:
        known = trainer_of(info.context.environment).exercises.get(self.item.exercise)
        return known.title.in_language(field_language(info, language)) if known else self.item.exercise

    @resolver_field(description="How far it is.")
    async def review(self, info: Info) -> TrainingReview:
        marks = await marks_of(info.context.environment, self.item)
        return TrainingReview(state=state_of(marks), marks=[TrainingMark.of(mark) for mark in marks])


@strawberry.type(directives=[AUTHENTICATED], description="An exercise for a post that the reader holds.")
class TrainingExercise(View[training.Exercise]):
    item: strawberry.Private[training.Exercise]
    attempt: TrainingAttempt | None = strawberry.field(description="The reader's open attempt; null before the first.")
    key: str = strawberry.field(description="Give it to startExercise.")

    title = text_field("item.title", description="Its title.")
    situation = text_field("item.situation", description="How the case stands.")
    task = text_field("item.task", description="What is to be done.")

    @classmethod
    def with_attempt(cls, item: training.Exercise, attempt: training.Attempt | None) -> Self:
        """The graph's view of an exercise and of the reader's attempt at it."""
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
        found = await lessons_of(info.context.environment, require_signed_in(info))
        return [TrainingExercise.with_attempt(exercise, attempt) for exercise, attempt in found]

    @connection_field(
        Connection[TrainingAttempt] | None,
        description="The attempts of learners in the places of the reader's posts, the latest first, for heads of "
        "offices and administrators; null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def training_progress(self, info: Info) -> Listing[training.Attempt]:
        found = attempts_for(info.context.environment, require_signed_in(info))
        return stored_listing(info, "training_progress", found, TrainingAttempt.of)


_payload = thing_payload(
    "What became of an attempt.",
    "TrainingAttemptPayload",
    attempt=Thing(TrainingAttempt, "The attempt; null when refused.", TrainingAttempt.of),
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

"""The pages of training: a learner's exercises, and the progress of offices. Production answers NO_TRAINING."""

from domain.kernel import PersonKind
from gateway.pages.site import Page

TRAINING_PAGES = (
    Page(
        "/training",
        "training/exercises.html",
        "TrainingExercises",
        frozenset({PersonKind.OFFICER, PersonKind.OPERATOR}),
        "trainingExercises",
        forms=dict.fromkeys(("StartTrainingExercise", "ShowTrainingHint")),
    ),
    Page(
        "/training/progress",
        "training/progress.html",
        "TrainingProgress",
        frozenset({PersonKind.OFFICER}),
        "trainingProgress",
        forms=dict.fromkeys(("ResetLearner",)),
    ),
)

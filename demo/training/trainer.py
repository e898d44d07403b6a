"""Offers the exercises of demo/training/exercises to learners by their posts, makes their cases and marks them."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from actions.kernel import UnitOfWork
from demo.seed.plan import choice
from demo.training.course import begin
from demo.training.deeds import deeds_of, marks_of
from demo.training.exercises import FOLDER, Script, read_scripts
from domain.kernel import PersonKind, Posting, Subject
from domain.training import Attempt, Exercise, Mark
from store.catalogue import catalogue
from store.database import Transaction
from store.identity import people

_PEOPLE = Path(__file__).parents[1] / "people.json"


class CaseTrainer:
    """The `Trainer` of actions/training.py. Raises CommandFailed for a folder with an exercise that cannot be done."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._scripts = read_scripts(folder)
        self.exercises: Mapping[str, Exercise] = {key: script.exercise for key, script in self._scripts.items()}

    @cached_property
    def _people(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = json.loads(_PEOPLE.read_text(encoding="utf-8"))
        return found

    def offered_to(self, subject: Subject) -> Sequence[Exercise]:
        """Those for posts that the subject holds, by role, department and level."""
        return [script.exercise for script in self._scripts.values() if _is_for(script, subject)]

    async def prepare(self, acting: UnitOfWork, exercise: Exercise) -> Attempt:
        """Make the case in the place of the learner's post; it is the learner's."""
        script = self._scripts[exercise.key]
        attempt_id, learner = acting.env.ids.key(), acting.subject
        place = await _place_of(acting, script)
        number, case_id, link = None, None, script.link
        if script.service is not None:
            person = self._people[choice(attempt_id, len(self._people))]
            course = await begin(acting, script, person, place)
            for step in script.course:
                await course.take(step)
            number, case_id = course.number, course.application.id
            link = script.link.format(number=number, id=course.benefit)
        return Attempt(
            id=attempt_id,
            learner_kind=learner.kind or PersonKind.OFFICER,
            learner_id=learner.person_id or "",
            exercise=exercise.key,
            department=script.department,
            district=place[0],
            tehsil=place[1],
            link=link,
            number=number,
            case_id=case_id,
            hints=0,
            started_at=acting.now,
        )

    async def review(self, tx: Transaction, attempt: Attempt) -> tuple[Mark, ...]:
        """The marks by the deeds of the learner; none where the exercise is there no more."""
        script = self._scripts.get(attempt.exercise)
        return marks_of(script, await deeds_of(tx, attempt)) if script else ()


def _is_for(script: Script, subject: Subject) -> bool:
    if subject.kind is PersonKind.OPERATOR:
        return bool(script.roles & subject.roles)
    return any(_fits(script, posting) for posting in subject.postings)


def _fits(script: Script, posting: Posting) -> bool:
    ours = posting.department in (None, script.department)
    return ours and posting.role in script.roles and script.level in (None, posting.level)


async def _place_of(acting: UnitOfWork, script: Script) -> tuple[str, str | None]:
    """District and tehsil of the learner's post; the first of the state or district where the post has none."""
    learner = acting.subject
    district: str | None = learner.district
    tehsil: str | None = None
    if learner.kind is PersonKind.OPERATOR:
        found = (await people.operators(acting.tx, [learner.person_id or ""])).get(learner.person_id or "")
        district, tehsil = (found.district, found.tehsil) if found else (district, None)
    else:
        posting = next(one for one in learner.postings if _fits(script, one))
        district, tehsil = posting.district, posting.tehsil
    if district is None:
        district = (await catalogue.districts(acting.tx))[0].code
    if tehsil is None:
        tehsils = (await catalogue.tehsils_of(acting.tx, [district])).get(district, [])
        tehsil = tehsils[0].code if tehsils else None
    return district, tehsil

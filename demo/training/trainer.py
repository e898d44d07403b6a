"""Offers the exercises of demo/training/exercises to learners by their posts, makes their cases and marks them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from actions.doorstep.endings import call_off_visit, hold_visits
from actions.kernel import UnitOfWork, note, require, require_thing
from actions.training import ResetTraining, ShowHint, StartExercise
from demo.seed.plan import choice
from demo.training.course import begin
from demo.training.deeds import Deed, deeds_of, marks_of
from demo.training.exercises import FOLDER, Script, read_scripts
from domain.doorstep import OPEN
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import (
    Bilingual,
    ErrorCode,
    Officer,
    Operator,
    PersonKind,
    Posting,
    Problem,
    Problems,
    Subject,
    not_found,
)
from domain.training import Attempt, Exercise, Progress
from store import doorstep, training
from store.catalogue import catalogue
from store.database import Transaction, locks
from store.identity import people

_PEOPLE = Path(__file__).parents[1] / "people.json"
_ATTEMPT = ("input", "attemptId")
_RESET = (Purpose.APPLY, Purpose.SUPERVISE)


class CaseTrainer:
    """The `Trainer` of actions/training.py. Raises CommandFailed for a folder with an exercise that cannot be done."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._scripts = read_scripts(folder)
        self.exercises: Mapping[str, Exercise] = {key: script.exercise for key, script in self._scripts.items()}

    @cached_property
    def _people(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = json.loads(_PEOPLE.read_text(encoding="utf-8"))
        return found

    async def start(self, acting: UnitOfWork, request: StartExercise) -> Attempt:
        """Begin an exercise; Problems too where the catalogue does not let its case be made."""
        await _require_learner(acting, Purpose.APPLY)
        script = self._scripts.get(request.exercise)
        if script is None or not _is_for(script, acting.subject):
            raise not_found("input", "exercise")
        learner = acting.subject.person_id or ""
        await locks.lock_exclusive(acting.tx, "training", learner)
        held = (await training.open_of(acting.tx, learner)).get(request.exercise)
        if held is not None:
            await _end(acting, held)
        attempt = await self._prepare(acting, script)
        await training.add(acting.tx, attempt)
        await _note(acting, "training.start", attempt)
        return attempt

    async def show_hint(self, acting: UnitOfWork, request: ShowHint) -> Attempt:
        attempt = await _lock_attempt(acting, request.attempt_id, Purpose.APPLY)
        if attempt.ended_at is not None:
            raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _ATTEMPT))
        exercise = self.exercises.get(attempt.exercise)
        shown = replace(attempt, hints=min(attempt.hints + 1, len(exercise.hints) if exercise else 0))
        await training.save(acting.tx, shown)
        await _note(acting, "training.hint", shown)
        return shown

    async def reset(self, acting: UnitOfWork, request: ResetTraining) -> Attempt:
        attempt = await _lock_attempt(acting, request.attempt_id, *_RESET)
        for one in (await training.open_of(acting.tx, attempt.learner_id)).values():
            all_of_hers = request.everything and any(decide(acting.subject, _of_attempt(one), each) for each in _RESET)
            if one.id == attempt.id or all_of_hers:
                await _end(acting, one)
        return attempt

    async def lessons(self, acting: UnitOfWork) -> list[tuple[Exercise, Progress | None]]:
        await _require_learner(acting, Purpose.VIEW)
        offered = [script.exercise for script in self._scripts.values() if _is_for(script, acting.subject)]
        attempts = await training.open_of(acting.tx, acting.subject.person_id or "")
        found = {one.attempt.exercise: one for one in await self.progress(acting.tx, list(attempts.values()))}
        return [(exercise, found.get(exercise.key)) for exercise in offered]

    async def progress(self, tx: Transaction, attempts: Sequence[Attempt]) -> list[Progress]:
        ids = {one.learner_id for one in attempts}
        learners: dict[str, Officer | Operator] = {**await people.operators(tx, ids), **await people.officers(tx, ids)}
        names = {key: learner.name for key, learner in learners.items()}
        deeds = await deeds_of(tx, attempts)
        return [self._progress(one, names.get(one.learner_id), deeds.get(one.id, [])) for one in attempts]

    def _progress(self, attempt: Attempt, learner: Bilingual | None, deeds: Sequence[Deed]) -> Progress:
        script = self._scripts.get(attempt.exercise)
        marks = marks_of(script, deeds) if script else ()
        return Progress(attempt, script.exercise.title if script else None, learner, marks)

    async def _prepare(self, acting: UnitOfWork, script: Script) -> Attempt:
        """Make the case in the place of the learner's post; it is the learner's."""
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
            learner_id=learner.person_id or "",
            exercise=script.exercise.key,
            department=script.department,
            district=place[0],
            tehsil=place[1],
            link=link,
            number=number,
            case_id=case_id,
            hints=0,
            started_at=acting.now,
        )


def _of_attempt(attempt: Attempt) -> Resource:
    """What access to an attempt depends on: the learner, and the place of her case."""
    place = attempt.department, attempt.district, attempt.tehsil
    return Resource(ObjectKind.TRAINING, attempt.id, None, *place, person_id=attempt.learner_id)


async def _require_learner(acting: UnitOfWork, purpose: Purpose) -> None:
    own = Resource(ObjectKind.TRAINING, person_id=acting.subject.person_id)
    await require(acting.env, acting.tx, acting.subject, own, purpose, path=("input",))


async def _lock_attempt(acting: UnitOfWork, attempt_id: str, *purposes: Purpose) -> Attempt:
    """An attempt for one who may do that with it, while no other request changes those of its learner."""
    found = await training.get(acting.tx, attempt_id)
    attempt = await require_thing(acting, found, _of_attempt, *purposes, path=_ATTEMPT)
    await locks.lock_exclusive(acting.tx, "training", attempt.learner_id)
    return await training.get(acting.tx, attempt_id) or attempt


async def _end(acting: UnitOfWork, attempt: Attempt) -> None:
    """End an attempt; a visit of its case that is still open is called off, so that its slot is free."""
    case_id = attempt.case_id or ""
    await hold_visits(acting, case_id)
    for visit in (await doorstep.of_applications(acting.tx, [case_id])).get(case_id, []):
        if visit.state in OPEN:
            await call_off_visit(acting, visit, attempt.number or "")
    await training.save(acting.tx, replace(attempt, ended_at=acting.now))
    await _note(acting, "training.reset", attempt)


async def _note(acting: UnitOfWork, action: str, attempt: Attempt) -> None:
    """The audit line of a step, which calls the case one of training."""
    detail = {"exercise": attempt.exercise, "case": attempt.case_id, "hints": attempt.hints}
    await note(acting, action, _of_attempt(attempt), Purpose.APPLY, **detail)


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

"""The commands of `apuni training`: a training home is made ready, its learners are seen and reset."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from actions.kernel import Environment, UnitOfWork
from actions.training import ResetTraining, progress_of, reset_training, trainer_of
from demo.seed.people import add_people, cast_of, fill_vault
from demo.seed.rosters import enter_centre
from domain.kernel import SYSTEM, CommandFailed, Language, Posting, Role
from domain.training import Attempt, MarkState
from gateway.commands.kernel import CommandGroup, command_subject, line_of, out, problems_as_lines
from sandbox.city.kit import load_demo
from store import training
from store.catalogue import catalogue
from store.database import Transaction
from store.identity import people

group = CommandGroup()
"""Training: its people, the progress of learners, and reset; in staging and in the demo alone."""

_PAGE = 100
_Exercise = Annotated[str | None, typer.Option(help="only this exercise, by its key")]


@group.runtime_command("start")
async def start(env: Environment) -> None:
    """Enter the people of the sandboxes, administrators apart, so that learners can sign in; who is there stays."""
    demo = load_demo(Path(__file__).parents[1])
    async with env.store.read_transaction() as tx:
        if not await catalogue.districts(tx):
            raise CommandFailed("there is no catalogue yet; run `apuni catalogue import` and `apuni forms import`")
        missing = await _people_to_enter(tx, demo)
    references = await fill_vault(env, missing)
    async with env.store.write_transaction() as tx:
        await add_people(UnitOfWork(env, tx, SYSTEM), missing, references)
    for keeper in demo["rosters"]["keepers"]:
        await enter_centre(env, keeper)
    for kind in ("people", "officers", "operators"):
        out.print(f"apuni: {len(missing[kind])} {kind} of the sandboxes were entered")
    for exercise in trainer_of(env).exercises.values():
        out.print(f"{exercise.key}: {exercise.title.en}")


@group.runtime_command("progress")
async def progress(env: Environment, exercise: _Exercise = None) -> None:
    """List the attempts of all learners, the latest first."""
    for one in await progress_of(env, [attempt async for attempt in _attempts(env, exercise)]):
        attempt, met = one.attempt, sum(mark.state is MarkState.MET for mark in one.marks)
        learner = one.learner.in_language(Language.EN) if one.learner else attempt.learner_id
        out.print(f"{attempt.id} {learner}: {attempt.exercise} {one.state.value} {met}/{len(one.marks)}")


@group.runtime_command("reset")
async def reset(
    env: Environment,
    exercise: _Exercise = None,
    learner: Annotated[str | None, typer.Option(help="only this learner, by her id")] = None,
) -> None:
    """End the attempts of all learners, or of some; their cases stay in the audit."""
    found = [one async for one in _attempts(env, exercise) if learner in (None, one.learner_id)]
    with problems_as_lines(line_of):
        for attempt in found:
            await reset_training(env, command_subject(), ResetTraining(attempt.id, env.ids.key()))
    out.print(f"apuni: {len(found)} attempts have ended")


async def _attempts(env: Environment, exercise: str | None) -> AsyncIterator[Attempt]:
    every, place = training.attempts_within([Posting(Role.ADMIN)]), None
    while True:
        async with env.store.read_transaction() as tx:
            page = await every.page(tx, place=place, limit=_PAGE)
        for attempt in page:
            if exercise in (None, attempt.exercise):
                yield attempt
        if len(page) < _PAGE:
            return
        place = every.read_place(*every.place_of(page[-1]))


async def _people_to_enter(tx: Transaction, demo: Mapping[str, Any]) -> dict[str, Any]:
    """The people of the sandboxes who are not in the store. Administrators are made by `apuni admin create`."""
    there = await cast_of(tx, demo)
    emails = {one.email for one in (await people.officers(tx, there.officers)).values()}
    return {
        "people": [one for one in demo["people"] if one["key"] not in there.citizens],
        "operators": [one for one in demo["operators"] if one["key"] not in there.operators],
        "officers": [one for one in demo["officers"] if one["email"] not in emails and not _administers(one)],
    }


def _administers(officer: Mapping[str, Any]) -> bool:
    return any(posting["role"] == Role.ADMIN for posting in officer["postings"])

"""The commands of `apuni incident`: they need only the store, and work while all else is down."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from actions.kernel import Environment
from actions.platform.incidents import ReportIncident, end_incident, keep_incident, status_history
from domain.kernel import IST, CommandFailed, Problem, Source
from gateway.commands.kernel import CommandGroup, account, out, print_lines, problems_as_lines

group = CommandGroup()
"""Incidents on the status page, in both languages."""

_TEXTS = tuple(one.name for one in fields(ReportIncident) if one.name.endswith(("_hi", "_en")))
_IncidentId = Annotated[str, typer.Argument(help="the incident's id, as `apuni incident list` shows it")]


@group.storage_command("list")
async def list_incidents(env: Environment) -> None:
    """List the incidents of the last 90 days, the latest first."""
    found = (await status_history(env)).incidents
    print_lines(
        (
            f"{one.id} {one.source.value if one.source else 'PORTAL'} "
            f"{one.began_at.astimezone(IST).isoformat(timespec='minutes')} "
            f"{'over' if one.ended_at else 'goes on'}: {one.title.en}"
            for one in found
        ),
        f"{len(found)} incidents",
    )


@group.storage_command("report")
async def report_incident(
    env: Environment,
    file: Annotated[Path, typer.Argument(help=f"a JSON object with the texts {', '.join(_TEXTS)}")],
    source: Annotated[Source | None, typer.Option(help="the system; the portal itself without it")] = None,
    change: Annotated[str | None, typer.Option(help="the id of an incident whose texts these become")] = None,
) -> None:
    """Tell people of an incident: what it is, and what works meanwhile. The page shows it within half a minute."""
    try:
        texts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{file} cannot be read as JSON: {type(error).__name__}") from None
    if (
        not isinstance(texts, dict)
        or set(texts) != set(_TEXTS)
        or not all(isinstance(one, str) for one in texts.values())
    ):
        raise CommandFailed(f"{file} must have exactly the texts {', '.join(_TEXTS)}")
    wanted = ReportIncident(**texts, source=source, incident_id=change)
    with problems_as_lines(_line_of_incident):
        kept = await env.store.carry_out(lambda tx: keep_incident(env, tx, wanted, by=account()))
    out.print(kept.id)


@group.storage_command("end")
async def end_incident_now(env: Environment, incident: _IncidentId) -> None:
    """Say that an incident is over; its texts stay."""
    with problems_as_lines(_line_of_incident):
        await env.store.carry_out(lambda tx: end_incident(tx, incident, by=account()))


def _line_of_incident(problem: Problem) -> str:
    if problem.path and problem.path[-1] != "incidentId":
        return f"{problem.path[-1]}: the text is missing or too long"
    return "there is no such incident"

"""The commands of `apuni texts`."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from actions.feedback.texts import ProposeMessageText, propose, texts_in_force
from actions.kernel import Environment, UnitOfWork
from domain.feedback.message_texts import EventTexts, UnfitText, parts_of
from domain.feedback.messages import MessageChannel
from domain.kernel import CommandFailed, Problem
from gateway.commands.kernel import (
    CommandGroup,
    command_subject,
    line_of,
    out,
    parse_day,
    print_lines,
    problems_as_lines,
    readable,
)
from gateway.settings.settings import read_settings
from states.message_texts import document_of_file, document_problems, message_texts, text_problems, texts_of_document

group = CommandGroup()
"""Texts of messages by SMS, WhatsApp, mail and push."""

_File = Annotated[
    Path, typer.Argument(help="the file of an event, named after it; `registered.csv` beside it has what is registered")
]


@group.command("check")
def check_texts(
    file: Annotated[Path | None, typer.Argument(help="the file of one event; without it, all")] = None,
) -> None:
    """Tell what operators and Meta would refuse of the state's texts, or of those of one file.

    The exit status is 1 where there is something.
    """
    problems = text_problems(read_settings().package.folder) if file is None else _problems_of(file)
    print_lines(problems, f"{len(problems)} faults")
    if problems:
        raise typer.Exit(1)


@group.storage_command("preview")
async def preview_texts(
    env: Environment,
    event: Annotated[str | None, typer.Argument(help="an event such as QUERY_RAISED; without it, all")] = None,
    file: Annotated[Path | None, typer.Option(help="show this file in place of what is in force")] = None,
) -> None:
    """Show the texts of every channel in every language, filled with an example."""
    env = _with_texts(env)
    async with env.store.read_transaction() as tx:
        texts = dict(await texts_in_force(env, tx))
    if file is not None:
        texts = {file.stem: _read(file)}
    shown = [each for name, each in texts.items() if event in (None, name)]
    if not shown:
        raise CommandFailed(f"no event {event}; `apuni texts preview` lists them")
    try:
        out.print("\n\n".join(_lines_of(each) for each in shown))
    except UnfitText as unfit:
        raise CommandFailed(f"{event or shown[0].event}: no variable {unfit}") from None


@group.storage_command("propose")
async def propose_text(
    env: Environment,
    file: _File,
    publish_on: Annotated[
        date, typer.Option("--on", parser=parse_day, metavar="YYYY-MM-DD", help="the day from which it is in force")
    ],
) -> None:
    """Propose the texts of an event; an administrator confirms them on the page of texts."""
    env = _with_texts(env)
    with readable(file):
        document = document_of_file(file)
    request = ProposeMessageText(file.stem, publish_on, "", document)
    with problems_as_lines(_line_of_problem):
        proposal = await env.store.carry_out(lambda tx: propose(UnitOfWork(env, tx, command_subject()), request))
    out.print(f"apuni: {proposal.event} waits for an administrator; it is in force from {publish_on.isoformat()}")


def _with_texts(env: Environment) -> Environment:
    """The environment of a command with the texts of the state's package, which only the gateway and worker have."""
    return replace(env, rules=replace(env.rules, message_texts=message_texts(read_settings().package.folder)))


def _line_of_problem(problem: Problem) -> str:
    return problem.params.get("said") or line_of(problem)


def _read(file: Path) -> EventTexts:
    with readable(file):
        return texts_of_document(file.stem, document_of_file(file))


def _problems_of(file: Path) -> list[str]:
    with readable(file):
        return document_problems(file.stem, document_of_file(file))


def _lines_of(event: EventTexts) -> str:
    lines = [event.event]
    for channel in MessageChannel:
        for language in event.texts:
            if text := event.text_for(channel, language):
                filled = text.example
                parts = f", {parts_of(text.longest)} parts" if channel is MessageChannel.SMS else ""
                lines.append(f"  {channel.value} {language.value} ({text.template}{parts})")
                lines += [f"    {each}" for each in (filled.title, filled.text) if each]
                lines += [f"    [{each.label}] {each.value}" for each in filled.buttons]
    return "\n".join(lines)

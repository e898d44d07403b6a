"""The commands of `apuni email`."""

import sys
from typing import Annotated

import typer

from actions.feedback.mail_returns import note_bounce
from actions.kernel import Environment
from gateway.commands.kernel import CommandGroup, out
from integrations.calling.errors import Unreadable
from integrations.email import LARGEST, read_bounce

group = CommandGroup()
"""E-mail: what came back."""


@group.storage_command("bounce")
async def take_bounce(
    env: Environment,
    to: Annotated[str | None, typer.Option(help="the address it came to, where the mail server tells it")] = None,
) -> None:
    """Read one bounce from standard input and note what became of its mail; anything else is ignored.

    For a pipe of the mail server that takes mail for the bounce domain. Nothing is answered. The exit status is 0,
    unless the store is away.
    """
    try:
        bounce = read_bounce(sys.stdin.buffer.read(LARGEST + 1), to)
    except Unreadable as odd:
        out.print(f"apuni: ignored, no report of a mail of ours ({odd})")
        return
    changed = await note_bounce(env, bounce)
    out.print(f"apuni: {bounce.action} {bounce.status}, {'noted' if changed else 'nothing to note'}")

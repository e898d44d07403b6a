"""The command `apuni dbt`; what it needs is imported when it runs."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

dbt = typer.Typer(name="dbt", no_args_is_help=True, help="Payments of benefits: batches and files for PFMS.")


@dbt.command("batches")
def dbt_batches(
    state: Annotated[str | None, typer.Option(help="such as SENT, IN_DOUBT or REJECTED; without it, all")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List batches, the newest first, with their sums and where their lines stand."""
    from domain.payment_files import BatchState
    from gateway.commands.dbt_files import run_batches
    from gateway.settings import read_settings

    try:
        wanted = BatchState(state) if state else None
    except ValueError:
        raise typer.BadParameter(f"a state is one of {', '.join(BatchState)}") from None
    asyncio.run(run_batches(read_settings(), wanted, limit))


@dbt.command("files")
def dbt_files(
    name: Annotated[str | None, typer.Argument(help="one name; without it, the newest files")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    reason: Annotated[
        Path | None, typer.Option(help="a folder to write `<name>.reason` to for each refused file shown")
    ] = None,
) -> None:
    """List the files that came and went: hash, size, what became of each, and why one was refused."""
    from gateway.commands.dbt_files import run_files
    from gateway.settings import read_settings

    asyncio.run(run_files(read_settings(), name, limit, reason))


@dbt.command("signers")
def dbt_signers() -> None:
    """List the certificates that sign files and what PFMS says of them, the one that signs now first.

    The exit status is 1 where the present one was declined, where the key of a file under way is not held any more, or
    where the client certificate of REST ends within thirty days.
    """
    from gateway.commands.dbt_signers import run_signers
    from gateway.settings import read_settings

    if not asyncio.run(run_signers(read_settings())):
        raise typer.Exit(1)


@dbt.command("send-now")
def dbt_send_now() -> None:
    """Make batches of what is due at once, whatever the time, and send them. The exit status is 1 where one was not."""
    from gateway.commands.dbt_files import run_send_now
    from gateway.settings import read_settings

    if not asyncio.run(run_send_now(read_settings())):
        raise typer.Exit(1)


@dbt.command("fetch-now")
def dbt_fetch_now() -> None:
    """Take in the answers that lie ready. The exit status is 1 where PFMS cannot be asked."""
    from gateway.commands.dbt_files import run_fetch_now
    from gateway.settings import read_settings

    if not asyncio.run(run_fetch_now(read_settings())):
        raise typer.Exit(1)


@dbt.command("release")
def dbt_release(
    what: Annotated[str, typer.Argument(help="a message id, an end-to-end id, or a beneficiary not deleted")],
) -> None:
    """Let payments that were set aside, or a deletion that was declined, go in another batch, once its case is settled.

    Only what PFMS does not have is ever set aside; what it may have cannot be released.
    """
    from gateway.commands.dbt_files import run_release
    from gateway.settings import read_settings

    if not asyncio.run(run_release(read_settings(), what)):
        raise typer.Exit(1)

"""The command `apuni dbt`: batches and files for PFMS, and the certificates that sign them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from actions.kernel import UnitOfWork
from actions.payments.payment_answers import fetch_answers
from actions.payments.payment_batches import batch_now
from actions.payments.releasing import release_set_aside
from actions.payments.sending import send_batch
from actions.payments.signers import KnownSigner, known_signers
from domain.kernel import CommandFailed
from domain.payments.files import BatchState, EnrolmentState, FileState, LedgerFile, LineState, PaymentFileBatch
from gateway.commands.dbt_books import books
from gateway.commands.opening import command_subject, environment_of, open_storage, out
from gateway.runtime.composition import open_runtime
from gateway.runtime.partners import pfms_tls
from gateway.settings.settings import Settings, read_settings
from integrations.calling.errors import RemoteError
from integrations.dbt_finance.pfms.rest_tls import SOON
from store.payments import beneficiary_endings, payment_batches, payment_files

group = typer.Typer(no_args_is_help=True)
group.add_typer(books)


@group.command("batches")
def dbt_batches(
    state: Annotated[str | None, typer.Option(help="such as SENT, IN_DOUBT or REJECTED; without it, all")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List batches, the newest first, with their sums and where their lines stand."""
    try:
        wanted = BatchState(state) if state else None
    except ValueError:
        raise typer.BadParameter(f"a state is one of {', '.join(BatchState)}") from None
    asyncio.run(run_batches(read_settings(), wanted, limit))


@group.command("files")
def dbt_files(
    name: Annotated[str | None, typer.Argument(help="one name; without it, the newest files")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    reason: Annotated[
        Path | None, typer.Option(help="a folder to write `<name>.reason` to for each refused file shown")
    ] = None,
) -> None:
    """List the files that came and went: hash, size, what became of each, and why one was refused."""
    asyncio.run(run_files(read_settings(), name, limit, reason))


@group.command("signers")
def dbt_signers() -> None:
    """List the certificates that sign files and what PFMS says of them, the one that signs now first.

    The exit status is 1 where the present one was declined, where the key of a file under way is not held any more, or
    where the client certificate of REST ends within thirty days.
    """
    if not asyncio.run(run_signers(read_settings())):
        raise typer.Exit(1)


@group.command("send-now")
def dbt_send_now() -> None:
    """Make batches of what is due at once, whatever the time, and send them. The exit status is 1 where one was not."""
    if not asyncio.run(run_send_now(read_settings())):
        raise typer.Exit(1)


@group.command("fetch-now")
def dbt_fetch_now() -> None:
    """Take in the answers that lie ready. The exit status is 1 where PFMS cannot be asked."""
    if not asyncio.run(run_fetch_now(read_settings())):
        raise typer.Exit(1)


@group.command("release")
def dbt_release(
    what: Annotated[str, typer.Argument(help="a message id, an end-to-end id, or a beneficiary not deleted")],
) -> None:
    """Let payments that were set aside, or a deletion that was declined, go in another batch, once its case is settled.

    Only what PFMS does not have is ever set aside; what it may have cannot be released.
    """
    if not asyncio.run(run_release(read_settings(), what)):
        raise typer.Exit(1)


_MOST = 1_000
_WRONG = frozenset({FileState.REFUSED, FileState.REUSED})


async def run_batches(settings: Settings, state: BatchState | None, limit: int) -> None:
    """Print batches, one a line."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        found = await payment_batches.batches(tx, states=[state] if state else (), limit=limit)
        counts = await payment_batches.line_counts(tx, [batch.id for batch in found])
        gone = await beneficiary_endings.deletions(tx, [batch.id for batch in found])
    for batch in found:
        out.print(_batch_line(batch, counts.get(batch.id, {}), gone.get(batch.id, 0)), markup=False)
    out.print(f"apuni: {len(found)} batches", markup=False)


def _batch_line(batch: PaymentFileBatch, counts: Mapping[LineState, tuple[int, int]], deletions: int) -> str:
    stands = " ".join(f"{state.value}:{many}" for state, (many, _) in sorted(counts.items()))
    at = batch.created_at.isoformat(timespec="seconds")
    return (
        f"{at} {batch.message_id} {batch.state.value} {batch.pfms_scheme} {batch.group.agency} "
        f"lines {batch.lines} paise {batch.total_paise} {stands or '-'} "
        f"deletes {deletions} signed-by {(batch.signed_by or '-')[:16]} way {batch.way.value if batch.way else '-'}"
    )


async def run_files(settings: Settings, name: str | None, limit: int, reasons: Path | None) -> None:
    """Print files of the ledger, one a line; write the reasons of those that were refused."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        found = await payment_files.files(tx, name=name, limit=limit)
    for file in found:
        why = f" {file.reason} {file.detail or ''}".rstrip() if file.reason else ""
        out.print(
            f"{file.seen_at.isoformat(timespec='seconds')} {file.direction.value} {file.kind} {file.name} "
            f"{file.state.value} {file.size} {file.digest} rows {file.applied}/{file.rows} unknown {file.unknown}{why}",
            markup=False,
        )
        if reasons is not None and file.state in _WRONG:
            write_reason(reasons, file)
    out.print(f"apuni: {len(found)} files", markup=False)


def write_reason(folder: Path, file: LedgerFile) -> Path:
    """Write why a file was refused, and nothing else of it; returns the path."""
    told = {
        "name": file.name,
        "kind": file.kind,
        "sha256": file.digest,
        "size": file.size,
        "reason": file.reason,
        "detail": file.detail,
        "applied": file.applied,
        "seenAt": file.seen_at.isoformat(),
    }
    path = folder / f"{file.name}.reason"
    path.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return path


async def run_send_now(settings: Settings) -> bool:
    """Make and send; False where a batch was not sent: it is tried again by the worker."""
    sent, failed = 0, 0
    async with open_runtime(settings) as house:
        env = house.environment
        made = await batch_now(env)
        async with env.store.read_transaction() as tx:
            states = (BatchState.BUILT, BatchState.SEALED)
            waiting = await payment_batches.batches(tx, states=states, limit=_MOST)
        for batch in reversed(waiting):
            try:
                await send_batch(env, batch.id)
                sent += 1
            except RemoteError as error:
                failed += 1
                typer.echo(f"apuni: {batch.message_id} is not sent: {error.code}", err=True)
    out.print(f"apuni: {made} batches made, {sent} sent")
    return failed == 0


async def run_fetch_now(settings: Settings) -> bool:
    """Process the answers that are ready; False where PFMS cannot be reached."""
    settled = 0
    async with open_runtime(settings) as house:
        try:
            while more := await fetch_answers(house.environment):
                settled += more
        except RemoteError as error:
            typer.echo(f"apuni: PFMS cannot be asked: {error.code}", err=True)
            return False
    out.print(f"apuni: {settled} files settled")
    return True


async def run_release(settings: Settings, what: str) -> bool:
    """Release; False where nothing of that name is set aside."""
    async with open_storage(settings) as rooms:
        env = environment_of(settings, rooms)
        try:
            many = await env.store.carry_out(lambda tx: release_set_aside(UnitOfWork(env, tx, command_subject()), what))
        except CommandFailed as error:
            typer.echo(f"apuni: {error}", err=True)
            return False
    if not many:
        typer.echo(
            f"apuni: nothing of {what} is set aside; `apuni dbt batches` names messages with lines SET_ASIDE, "
            "`apuni dbt cases` the payment or the beneficiary of a case",
            err=True,
        )
        return False
    out.print(f"apuni: {many} lines may go in another batch")
    return True


async def run_signers(settings: Settings) -> bool:
    """Print certificates, one a line; False where none signs, or a file under way could not be made again."""
    async with open_runtime(settings) as house:
        known = await known_signers(house.environment)
        now = house.environment.clock.now()
    for one in known:
        out.print(signer_line(one), markup=False)
    ends_at = pfms_tls(settings).ends_at()
    if ends_at is not None:
        out.print(f"client-certificate valid-until {ends_at:%Y-%m-%d}", markup=False)
    wrong = [*problems_of(known), *problems_of_client(ends_at, now)]
    for problem in wrong:
        typer.echo(f"apuni: {problem}", err=True)
    out.print(f"apuni: {len(known)} certificates", markup=False)
    return not wrong


def problems_of(known: Sequence[KnownSigner]) -> list[str]:
    """What an operator must mend: nothing can be signed, or a file under way could not be made again."""
    found = []
    if any(one.signs_now and one.enrolment.state is EnrolmentState.REJECTED for one in known):
        found.append("PFMS declined the certificate that signs now: nothing is sent (docs/payments.md)")
    if lost := sum(one.files for one in known if not one.key_held):
        found.append(f"the keys of {lost} files under way are not on the ring: put them back")
    return found


def problems_of_client(ends_at: datetime | None, now: datetime) -> list[str]:
    """What an operator must mend of the certificate that PFMS asks of us over REST."""
    if ends_at is None or ends_at - now > SOON:
        return []
    said = f"{'ends' if ends_at > now else 'ended'} on {ends_at:%Y-%m-%d}"
    return [f"the client certificate for PFMS {said}: have a new one enrolled (docs/payments.md)"]


def signer_line(one: KnownSigner) -> str:
    """A certificate in one line: what it does, what PFMS says of it, and whether its key may go."""
    role = "signs-now" if one.signs_now else "on-the-ring" if one.key_held else "not-held"
    heard = one.enrolment.heard_at.isoformat(timespec="seconds") if one.enrolment.heard_at else "-"
    until = one.valid_until.date().isoformat() if one.valid_until else "-"
    codes = ",".join(one.enrolment.codes) or "-"
    return (
        f"{one.enrolment.fingerprint} {role} {one.enrolment.state.value} since {heard} codes {codes} "
        f"valid-until {until} files {one.files}"
    )

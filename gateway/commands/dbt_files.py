"""What `apuni dbt` does with batches and files."""

import json
from collections.abc import Mapping
from pathlib import Path

import typer

from actions.acting import Acting
from actions.payment_answers import fetch_answers
from actions.payment_batches import batch_now
from actions.payment_releasing import release_set_aside
from actions.payment_sending import send_batch
from domain.errors import ApuniError
from domain.payment_files import BatchState, FileState, LedgerFile, LineState, PaymentFileBatch
from gateway.commands.accounts import commanding
from gateway.commands.opening import open_rooms, out
from gateway.commands.safety import environment_of
from gateway.composition import open_house
from gateway.settings import Settings
from integrations.errors import IntegrationError
from store import beneficiary_endings, payment_batches, payment_files

_MOST = 1_000
_WRONG = frozenset({FileState.REFUSED, FileState.REUSED})


async def run_batches(settings: Settings, state: BatchState | None, limit: int) -> None:
    """Print batches, one a line."""
    async with open_rooms(settings) as rooms, rooms.store.reading() as tx:
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
    async with open_rooms(settings) as rooms, rooms.store.reading() as tx:
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
    """Write why a file was refused beside nothing else of it; gives the path."""
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
    async with open_house(settings) as house:
        env = house.environment
        made = await batch_now(env)
        async with env.store.reading() as tx:
            states = (BatchState.BUILT, BatchState.SEALED)
            waiting = await payment_batches.batches(tx, states=states, limit=_MOST)
        for batch in reversed(waiting):
            try:
                await send_batch(env, batch.id)
                sent += 1
            except IntegrationError as error:
                failed += 1
                typer.echo(f"apuni: {batch.message_id} is not sent: {error.code}", err=True)
    out.print(f"apuni: {made} batches made, {sent} sent")
    return failed == 0


async def run_fetch_now(settings: Settings) -> bool:
    """Take in what lies ready; False where PFMS cannot be asked."""
    settled = 0
    async with open_house(settings) as house:
        try:
            while more := await fetch_answers(house.environment):
                settled += more
        except IntegrationError as error:
            typer.echo(f"apuni: PFMS cannot be asked: {error.code}", err=True)
            return False
    out.print(f"apuni: {settled} files settled")
    return True


async def run_release(settings: Settings, what: str) -> bool:
    """Release; False where nothing of that name is set aside."""
    async with open_rooms(settings) as rooms:
        env = environment_of(settings, rooms)
        try:
            many = await env.store.carry_out(lambda tx: release_set_aside(Acting(env, tx, commanding()), what))
        except ApuniError as error:
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

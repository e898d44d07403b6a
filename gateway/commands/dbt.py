"""The commands of `apuni dbt`: batches and files for PFMS, signing certificates, comparisons, cases and statements."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from actions.benefits.bharat_reports import report_month
from actions.kernel import Environment, UnitOfWork
from actions.payments.payment_answers import fetch_answers
from actions.payments.payment_batches import batch_now
from actions.payments.reconciliation import reconcile, reconcile_due
from actions.payments.releasing import release_set_aside
from actions.payments.sending import send_batch
from actions.payments.signers import KnownSigner, known_signers
from actions.reconciliation.finance_totals import StatementTable, month_statement
from domain.benefits.benefits import Rail
from domain.kernel import CommandFailed, ist_date, show_number
from domain.payments.files import BatchState, EnrolmentState, FileState, LedgerFile, LineState, PaymentFileBatch
from domain.reconciliation.finance_cases import CaseState, FinanceCase
from domain.reconciliation.reconciliation import ReconciliationRun, RunState
from domain.statistics.figures import month_of
from gateway.commands.kernel import CommandGroup, Limit, command_subject, out, parse_day, parse_month, print_lines
from gateway.runtime.partners import pfms_tls
from gateway.settings.settings import read_settings
from integrations.calling.errors import RemoteError
from integrations.tls_files import SOON
from store.catalogue import catalogue
from store.database import Transaction
from store.payments import beneficiary_endings, bharat_figures, payment_batches, payment_files, payment_queues
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter

group = CommandGroup()
"""Payments of benefits (DBT): batches and files for PFMS, reconciliation, reports."""

_MOST = 1_000
_PAGE = 100
_WRONG = frozenset({FileState.REFUSED, FileState.REUSED})
_Month = Annotated[date, typer.Option(parser=parse_month, metavar="YYYY-MM", help="the month, such as 2026-11")]
_Scheme = Annotated[str | None, typer.Option(help="one scheme, by its code; without it, all")]


@group.storage_command("batches")
async def list_batches(
    env: Environment,
    state: Annotated[BatchState | None, typer.Option(help="only batches in this state")] = None,
    limit: Limit = 50,
) -> None:
    """List batches, the newest first, with their sums and the states of their lines."""
    async with env.store.read_transaction() as tx:
        found = await payment_batches.batches(tx, states=[state] if state else (), limit=limit)
        counts = await payment_batches.line_counts(tx, [batch.id for batch in found])
        gone = await beneficiary_endings.deletions(tx, [batch.id for batch in found])
    lines = (_batch_line(batch, counts.get(batch.id, {}), gone.get(batch.id, 0)) for batch in found)
    print_lines(lines, f"{len(found)} batches")


def _batch_line(batch: PaymentFileBatch, counts: Mapping[LineState, tuple[int, int]], deletions: int) -> str:
    stands = " ".join(f"{state.value}:{many}" for state, (many, _) in sorted(counts.items()))
    at = batch.created_at.isoformat(timespec="seconds")
    return (
        f"{at} {batch.message_id} {batch.state.value} {batch.pfms_scheme} {batch.group.agency} "
        f"lines {batch.lines} paise {batch.total_paise} {stands or '-'} "
        f"deletes {deletions} signed-by {(batch.signed_by or '-')[:16]} way {batch.way.value if batch.way else '-'}"
    )


@group.storage_command("files")
async def list_files(
    env: Environment,
    name: Annotated[str | None, typer.Argument(help="one name; without it, the newest files")] = None,
    limit: Limit = 50,
    reason: Annotated[
        Path | None, typer.Option(help="a folder to write `<name>.reason` to for each refused file shown")
    ] = None,
) -> None:
    """List the files sent and received: hash, size, state, and why one was refused."""
    found = await env.store.read(lambda tx: payment_files.files(tx, name=name, limit=limit))
    print_lines(map(_file_line, found), f"{len(found)} files")
    for file in found:
        if reason is not None and file.state in _WRONG:
            _write_reason(reason, file)


def _file_line(file: LedgerFile) -> str:
    why = f" {file.reason} {file.detail or ''}".rstrip() if file.reason else ""
    return (
        f"{file.seen_at.isoformat(timespec='seconds')} {file.direction.value} {file.kind} {file.name} "
        f"{file.state.value} {file.size} {file.digest} rows {file.applied}/{file.rows} unknown {file.unknown}{why}"
    )


def _write_reason(folder: Path, file: LedgerFile) -> None:
    """Write why a file was refused, and nothing else of it."""
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


@group.runtime_command("signers")
async def list_signers(env: Environment) -> None:
    """List the certificates that sign files and their state at PFMS, the present one first.

    The exit status is 1 where PFMS declined the present one, where the key for a file being processed is missing, or
    where the client certificate for REST expires within thirty days.
    """
    known = await known_signers(env)
    ends_at = pfms_tls(read_settings()).ends_at()
    lines = [signer_line(one) for one in known]
    if ends_at is not None:
        lines.append(f"client-certificate valid-until {ends_at:%Y-%m-%d}")
    print_lines(lines, f"{len(known)} certificates")
    if wrong := [*problems_of(known), *problems_of_client(ends_at, env.clock.now())]:
        raise CommandFailed(*wrong)


def problems_of(known: Sequence[KnownSigner]) -> list[str]:
    """What an operator must correct: nothing can be signed, or a file being processed could not be made again."""
    found = []
    if any(one.signs_now and one.enrolment.state is EnrolmentState.REJECTED for one in known):
        found.append("PFMS declined the certificate that signs now: nothing is sent (docs/payments.md)")
    if lost := sum(one.files for one in known if not one.key_held):
        found.append(f"the keys of {lost} files under way are not on the ring: put them back")
    return found


def problems_of_client(ends_at: datetime | None, now: datetime) -> list[str]:
    """What an operator must correct about the certificate that PFMS asks of us over REST."""
    if ends_at is None or ends_at - now > SOON:
        return []
    said = f"{'ends' if ends_at > now else 'ended'} on {ends_at:%Y-%m-%d}"
    return [f"the client certificate for PFMS {said}: have a new one enrolled (docs/payments.md)"]


def signer_line(one: KnownSigner) -> str:
    """A certificate in one line: its use, its state at PFMS, and whether its key may be removed."""
    role = "signs-now" if one.signs_now else "on-the-ring" if one.key_held else "not-held"
    heard = one.enrolment.heard_at.isoformat(timespec="seconds") if one.enrolment.heard_at else "-"
    until = one.valid_until.date().isoformat() if one.valid_until else "-"
    codes = ",".join(one.enrolment.codes) or "-"
    return (
        f"{one.enrolment.fingerprint} {role} {one.enrolment.state.value} since {heard} codes {codes} "
        f"valid-until {until} files {one.files}"
    )


@group.runtime_command("send-now")
async def send_now(env: Environment) -> bool:
    """Make batches of all due payments at once, at any hour, and send them; exit status 1 where one was not sent."""
    sent, failed = 0, 0
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


@group.runtime_command("fetch-now")
async def fetch_now(env: Environment) -> None:
    """Fetch and process the answers that are ready; exit status 1 where PFMS cannot be reached."""
    settled = 0
    try:
        while more := await fetch_answers(env):
            settled += more
    except RemoteError as error:
        raise CommandFailed(f"PFMS cannot be asked: {error.code}") from None
    out.print(f"apuni: {settled} files settled")


@group.storage_command("release")
async def release(
    env: Environment,
    what: Annotated[str, typer.Argument(help="a message id, an end-to-end id, or a beneficiary not deleted")],
) -> None:
    """Release payments that were set aside, or a declined deletion, for another batch, once the case is settled.

    Payments that PFMS may have are released only where it contradicted itself about their batch and two finance
    officers, who asked it, have settled that case with NOT_RECEIVED; those that it had acknowledged are returned.
    Settled with RECEIVED, the batch counts as taken instead, and its answers are awaited.
    """
    done = await env.store.carry_out(lambda tx: release_set_aside(UnitOfWork(env, tx, command_subject()), what))
    if not any(done):
        raise CommandFailed(
            f"nothing of {what} is set aside; `apuni dbt batches` names messages with lines SET_ASIDE, "
            "`apuni dbt cases` the payment or the beneficiary of a case"
        )
    returned = f", {done.returned} payments are returned and wait to be paid anew" if done.returned else ""
    taken = f", {done.taken} are with PFMS, and its answers are awaited" if done.taken else ""
    out.print(f"apuni: {done.lines} lines may go in another batch{returned}{taken}")


@group.runtime_command("reconcile")
async def reconcile_books(
    env: Environment,
    rail: Annotated[Rail | None, typer.Option(help="without it, whatever is due")] = None,
    day: Annotated[
        date | None,
        typer.Option(parser=parse_day, metavar="YYYY-MM-DD", help="the day to compare; without it, yesterday"),
    ] = None,
) -> bool:
    """Compare a day with the partner's accounts; may be repeated; exit status 1 until the partner delivers them."""
    if rail is not None:
        runs: Sequence[ReconciliationRun] = [
            await reconcile(env, rail, day or ist_date(env.clock.now()) - timedelta(days=1))
        ]
    elif day is None:
        runs = await reconcile_due(env)
    else:
        raise typer.BadParameter("a day needs a rail")
    print_lines(map(_run_line, runs), f"{len(runs)} runs")
    return all(run.state is RunState.ENDED for run in runs)


def _run_line(run: ReconciliationRun) -> str:
    waits = f" waits: {run.problem}" if run.problem else ""
    return (
        f"{run.rail.value} {run.day} {run.state.value} rows {run.rows_compared} differences {run.differences} "
        f"ours {run.ours_paise} theirs {run.theirs_paise}{waits}"
    )


@group.storage_command("cases")
async def list_cases(
    env: Environment,
    state: Annotated[CaseState | None, typer.Option(help="without it, all that are not settled")] = None,
    *,
    critical: Annotated[bool, typer.Option("--critical", help="critical ones only")] = False,
) -> None:
    """List differences in public money, the newest first."""
    states = (state,) if state else finance_cases.OPEN_STATES
    wanted = CaseFilter(states=states, critical=True if critical else None)
    place, many = None, 0
    while True:
        async with env.store.read_transaction() as tx:
            found = await finance_cases.cases(None, wanted).page(tx, place=place, limit=_PAGE)
            payments = await payment_queues.by_instalments(
                tx, [case.instalment_id for case in found if case.instalment_id]
            )
        for case in found:
            payment = payments.get(case.instalment_id or "")
            paid = f" payment {payment.end_to_end_id} of {show_number(payment.number)}" if payment else ""
            out.print(f"{_case_line(case)}{paid}")
        many += len(found)
        if len(found) < _PAGE:
            break
        place = (found[-1].found_at, found[-1].id)
    out.print(f"apuni: {many} cases")


def _case_line(case: FinanceCase) -> str:
    return (
        f"{case.found_at.isoformat(timespec='seconds')} {case.id} {case.state.value} {case.kind.value} "
        f"{case.about} expected {case.expected or '-'} found {case.found or '-'} "
        f"paise {case.amount_paise if case.amount_paise is not None else '-'} times {case.times_found}"
    )


@group.storage_command("statement")
async def print_statement(env: Environment, month: _Month, scheme: _Scheme = None) -> bool:
    """Print the movements of a month as CSV, in paise, with totals; exit status 1 where it does not balance."""
    if month > month_of(ist_date(env.clock.now())):
        raise typer.BadParameter(f"{month:%Y-%m} has not begun")
    await env.store.read(lambda tx: _refuse_unknown(tx, scheme))
    lines = await month_statement(env, month, scheme_code=scheme)
    table = StatementTable()
    csv.writer(sys.stdout).writerows([table.HEAD, *map(table.add_row, lines), table.total_row()])
    return all(line.balances for line in lines)


@group.storage_command("report")
async def queue_reports(env: Environment, month: _Month, scheme: _Scheme = None) -> None:
    """Queue the reports of a month that has ended for DBT Bharat, where they contain something new."""
    if month >= month_of(ist_date(env.clock.now())):
        raise typer.BadParameter(f"{month:%Y-%m} is not over; a month is reported once it is")
    async with env.store.read_transaction() as tx:
        await _refuse_unknown(tx, scheme)
        schemes = [scheme] if scheme else await bharat_figures.schemes_paid(tx)
    planned = [one for code in schemes if (one := await report_month(env, code, month)) is not None]
    lines = (f"{one.month} {one.scheme_code} revision {one.revision} queued" for one in planned)
    print_lines(lines, f"{len(planned)} reports")


async def _refuse_unknown(tx: Transaction, scheme_code: str | None) -> None:
    if scheme_code is not None and scheme_code not in (known := await catalogue.schemes(tx)):
        raise typer.BadParameter(f"no scheme has the code {scheme_code}; there are {', '.join(sorted(known))}")

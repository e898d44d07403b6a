"""Takes changes of the register from the state's HR system: proposed as a batch, each message once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from actions.catalogue.cells import FIRST_ROW, Reject
from actions.kernel import Environment, UnitOfWork, run_once
from actions.officers.batches import apply_batch, change_state, note_batch, propose
from actions.officers.change_rows import COLUMNS, change_of, reason_text
from domain.kernel import SYSTEM, Language
from domain.officers.changes import BatchState, StaffBatch
from domain.officers.postings import watched_roles
from integrations.hr import RefusedRow, StaffMessage, TakenMessage
from store.identity import people
from store.officers import batches

HR = replace(SYSTEM, account="HR:FEED")
"""The HR system, once the endpoint has verified its signature; it is the first of the two who answer for a batch."""


class _RowsRefused(Exception):
    """Rows of a message break rules, so that none of them is proposed."""

    def __init__(self, rejects: Sequence[Reject]) -> None:
        super().__init__("rows are refused")
        self.rejects = rejects


class StaffFeed:
    """Takes what integrations/hr/endpoint lets through."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def take(self, message: StaffMessage) -> TakenMessage:
        """Propose the rows of a message, all of them or none; where the installation says so, carry them out.

        The same message again gives its batch as it now is. Raises Problems: IDEMPOTENCY_KEY_REUSED for its id with
        other rows, IN_PROGRESS, SECOND_ADMINISTRATOR_NEEDED.
        """

        async def step(acting: UnitOfWork) -> str:
            if unknown := list(_unknown_columns(message)):
                raise _RowsRefused(unknown)
            done = await propose(acting, message.rows, f"HR {message.id}", whole=True, key=message.id)
            if done.batch is None:
                raise _RowsRefused(done.rejects)
            if self._env.rules.desk.hr_at_once and not await _is_watched(acting, done.batch):
                said = {"confirmed_by": HR.label, "confirmed_at": acting.now}
                await change_state(acting.tx, done.batch.id, BatchState.CONFIRMED, BatchState.WAITING, **said)
                await note_batch(acting, "staff.batch_confirmed", done.batch)
            return done.batch.id

        body = {"rows": message.rows}
        try:
            batch, repeated = await run_once(
                self._env, HR, "staffChanges", step, key=message.id, body=body, read=batches.get, for_ever=True
            )
        except _RowsRefused as refused:
            return TakenMessage(refused=[_refused_row(one) for one in refused.rejects])
        if batch.state is BatchState.CONFIRMED:
            batch = await apply_batch(self._env, batch.id, chunks=1)
        return TakenMessage(batch.id, batch.state.value, repeated)


def _unknown_columns(message: StaffMessage) -> Iterator[Reject]:
    for line, row in enumerate(message.rows, FIRST_ROW):
        for name in sorted(row.keys() - set(COLUMNS)):
            yield Reject("", line, "", name[:100], "NO_COLUMN")


def _refused_row(reject: Reject) -> RefusedRow:
    texts = (reason_text(reject.reason, language) for language in (Language.HI, Language.EN))
    return RefusedRow(reject.row - FIRST_ROW + 1, reject.field, reject.reason, *texts)


async def _is_watched(acting: UnitOfWork, batch: StaffBatch) -> bool:
    """Whether a batch is about an administrator, auditor or Commissioner, whom an administrator always confirms."""
    changes = [change_of(row.cells) for row in await batches.rows_in(acting.tx, batch.id, None, batch.rows)]
    named = {email for one in changes for email in (one.email, one.successor, one.cover) if email}
    ids = await batches.officer_ids(acting.tx, named)
    held = [post for one in (await people.officers(acting.tx, ids.values())).values() for post in one.postings]
    return bool(watched_roles([*held, *(one.post for one in changes if one.post)]))

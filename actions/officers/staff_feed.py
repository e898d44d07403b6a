"""Takes changes of the register from the state's HR system: proposed as a batch, each message once."""

from collections.abc import Iterator, Sequence

from actions.catalogue.cells import FIRST_ROW, Reject
from actions.kernel import Environment, UnitOfWork, run_once
from actions.officers.batches import HR, apply_batch, batch_of, change_state, confirmed_batches, note_batch, propose
from actions.officers.change_rows import COLUMNS, change_of, reason_text
from domain.kernel import Language
from domain.officers.changes import BatchState, RowState, StaffBatch
from domain.officers.postings import watched_roles
from integrations.hr import LeftRow, RefusedRow, StaffMessage, TakenMessage
from store.identity import people
from store.officers import batches


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

        What an older message still has to do is done first, so that none overtakes another. The same message again
        gives its batch as it now is. Raises Problems: IDEMPOTENCY_KEY_REUSED for its id with other rows, IN_PROGRESS,
        SECOND_ADMINISTRATOR_NEEDED.
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
        await self._carry_out_confirmed()
        try:
            batch, repeated = await run_once(
                self._env, HR, "staffChanges", step, key=message.id, body=body, read=batches.get, for_ever=True
            )
        except _RowsRefused as refused:
            return TakenMessage(refused=[_refused_row(one) for one in refused.rejects])
        await self._carry_out_confirmed()
        async with self._env.store.read_transaction() as tx:
            batch = await batch_of(tx, batch.id)
            left = await batches.rows_in(tx, batch.id, RowState.LEFT, batch.rows)
        told = [LeftRow(row.line - FIRST_ROW + 1, row.reason or "") for row in left]
        return TakenMessage(batch.id, batch.state.value, repeated, left=told)

    async def _carry_out_confirmed(self) -> None:
        for batch in await confirmed_batches(self._env):
            if batch.confirmed_by == HR.label:
                await apply_batch(self._env, batch.id)


def _unknown_columns(message: StaffMessage) -> Iterator[Reject]:
    for line, row in enumerate(message.rows, FIRST_ROW):
        for name in sorted(row.keys() - set(COLUMNS)):
            yield Reject("", line, "", name[:100], "NO_COLUMN")


def _refused_row(reject: Reject) -> RefusedRow:
    texts = (reason_text(reject.reason, language) for language in (Language.HI, Language.EN))
    return RefusedRow(reject.row - FIRST_ROW + 1, reject.field, reject.reason, *texts)


async def _is_watched(acting: UnitOfWork, batch: StaffBatch) -> bool:
    """Whether a batch is about an administrator of the whole state, an auditor or a Commissioner; it then waits."""
    changes = [change_of(row.cells) for row in await batches.rows_in(acting.tx, batch.id, None, batch.rows)]
    named = {email for one in changes for email in (one.email, one.successor, one.cover) if email}
    ids = await batches.officer_ids(acting.tx, named)
    held = [post for one in (await people.officers(acting.tx, ids.values())).values() for post in one.postings]
    return bool(watched_roles([*held, *(one.post for one in changes if one.post)]))

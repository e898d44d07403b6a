"""Takes payment files from PFMS: records each once, rejects oversized ones unread, and archives them.

One file that cannot be dealt with never stops those behind it.
"""

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_case
from domain.kernel import SYSTEM
from domain.payments.files import Direction, FileState, LedgerFile
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from integrations.calling.errors import Garbled, Refused
from integrations.dbt_finance.pfms.exchange import LARGEST_FILE, FileExchange, IncomingFile
from store.database import Transaction
from store.payments import payment_files

TOO_LARGE = "TOO_LARGE"
"""Why a file is refused that no sender of these files writes (more than 32 MB); its bytes were never read."""

_WRONG = frozenset({FileState.REFUSED, FileState.REUSED})

_log = structlog.get_logger(__name__)


async def fetch_file(env: Environment, exchange: FileExchange, file: IncomingFile) -> bytes | None:
    """The bytes of a file; None where it is too large, and is then refused, or cannot be read this time.

    Another worker may have put it away since it was listed.

    Raises RemoteError where PFMS cannot be asked.
    """
    if file.size > LARGEST_FILE:
        entry = await env.store.carry_out(lambda tx: _refused_unread(UnitOfWork(env, tx, SYSTEM), file))
        await archive_file(exchange, file, entry)
        return None
    try:
        return await exchange.fetch(file.kind, file.name, file.size)
    except (Garbled, Refused) as error:  # gone, or other than it is told to be: listed anew in the next round
        _log.error("payment_file_unreadable", kind=file.kind.value, code=error.code)
        return None


async def enter(env: Environment, tx: Transaction, file: IncomingFile, content: bytes) -> LedgerFile:
    """The entry of a file in the ledger, created with its bytes when it first arrives."""
    entry = _entry(env, file, payment_files.digest_of(content), len(content))
    noted = await payment_files.note_file(tx, entry)
    if noted.new:
        await payment_files.keep_answer(tx, noted.file.id, content)
    return noted.file


async def archive_file(exchange: FileExchange, file: IncomingFile, entry: LedgerFile) -> None:
    """Move a settled file at PFMS into its archive, or with the reason beside it to where refused files go."""
    try:
        if entry.state in _WRONG:
            await exchange.refuse(file.kind, file.name, entry.reason or entry.state.value)
        else:
            await exchange.archive(file.kind, file.name)
    except Refused as error:
        # It was put away before, or another file has its name there; what counts is in our ledger.
        _log.warning("payment_file_not_put_away", kind=file.kind.value, code=error.code)


async def _refused_unread(acting: UnitOfWork, file: IncomingFile) -> LedgerFile:
    """Without bytes there is no hash: the entry bears that of kind, name and size."""
    marked = payment_files.digest_of(f"{file.kind.value}/{file.name}/{file.size}".encode())
    noted = await payment_files.note_file(acting.tx, _entry(acting.env, file, marked, file.size))
    if noted.new:
        await payment_files.settle(acting.tx, noted.file.id, FileState.REFUSED, reason=TOO_LARGE)
        about = f"file:{file.name}"[:200]
        await open_case(acting, FinanceDifference(DifferenceKind.FILE_REFUSED, about, found=TOO_LARGE))
    return await payment_files.file(acting.tx, noted.file.id) or noted.file


def _entry(env: Environment, file: IncomingFile, digest: str, size: int) -> LedgerFile:
    return LedgerFile(
        id=env.ids.key(),
        direction=Direction.IN,
        kind=file.kind.value,
        name=file.name,
        digest=digest,
        size=size,
        state=FileState.RECEIVED,
        seen_at=env.clock.now(),
    )

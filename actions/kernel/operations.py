"""One operation of a caller: what it reads is read once, and its receipts are one write before its answer leaves."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field

from actions.kernel.environment import Environment
from integrations.calling.calls import around_calls
from store.database import reads_of_operation
from store.identity import accesses
from store.identity.accesses import AccessReceipt


@dataclass
class OwedReceipts:
    """The receipts of an operation that are not written yet."""

    owed: list[tuple[Environment, AccessReceipt]] = field(default_factory=list)
    writing: asyncio.Task[None] | None = None
    is_over: bool = False
    """Whether the operation is answered: a task that outlives it leaves its receipts itself."""

    async def settle(self) -> None:
        """Write all that is owed, for everybody who waits for it in one transaction. Raises as Store.carry_out."""
        while self.owed or self.writing is not None:
            if self.writing is None:
                self.writing = asyncio.ensure_future(self._write())
            await asyncio.shield(self.writing)

    async def _write(self) -> None:
        owed, self.owed = self.owed, []
        try:
            if owed:
                await write_receipts(owed[0][0], [receipt for _, receipt in owed])
        except BaseException:
            self.owed = [*owed, *self.owed]
            raise
        finally:
            self.writing = None


_owed: ContextVar[OwedReceipts | None] = ContextVar("owed_receipts", default=None)


class _Operation:
    """What is set while one operation is carried out; a generator would take three times as long."""

    __slots__ = ("_around", "_outer", "_owed", "_reads")

    async def __aenter__(self) -> None:
        self._owed = OwedReceipts()
        self._outer = _owed.set(self._owed)
        self._reads = reads_of_operation()
        self._around = around_calls(self._owed.settle, self._reads.__enter__().forget)
        self._around.__enter__()

    async def __aexit__(self, *raised: object) -> None:
        self._around.__exit__(None, None, None)
        self._reads.__exit__(None, None, None)
        _owed.reset(self._outer)
        self._owed.is_over = True
        await self._owed.settle()


def one_operation() -> AbstractAsyncContextManager[None]:
    """Carry one operation out: leave with an answer, an error or a cancellation, and its receipts are written.

    They are written before a call to an outside system too, after which everything is read anew. Raises as
    Store.carry_out where they cannot be written: the answer must not leave then.
    """
    return _Operation()


async def leave_receipts(environment: Environment, receipts: Sequence[AccessReceipt]) -> None:
    """Write receipts down, in an operation with its others. Raises as Store.carry_out."""
    owed = _owed.get()
    if owed is None or owed.is_over:
        await write_receipts(environment, receipts)
    else:
        owed.owed += [(environment, receipt) for receipt in receipts]


async def write_receipts(environment: Environment, receipts: Sequence[AccessReceipt]) -> None:
    """Write receipts, where there are any, in one transaction with those of operations that write at the same time."""
    if receipts:
        await environment.store.joint_writes(accesses.add_receipts).add(receipts)

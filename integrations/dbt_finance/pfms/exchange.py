"""The interface of the file exchange with PFMS, whichever transport carries the files.

Nothing is ever written over or deleted there, and before any repeat a file is looked for at the other side
(docs/contracts/dbt_finance.md sections 4 and 10). Over SFTP: sftp_exchange.py; over REST: rest.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from integrations.calling.errors import Refused
from integrations.calling.policies import CallPolicy
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.names import is_safe

LARGEST_FILE = 32_000_000
"""Bytes of one file, ours or theirs."""
SLOWEST = 2_000
"""Bytes a second that a file comes at least: the line of an office with 64 kbit/s, which four senders share."""
MOST_LISTED = 5_000
"""Files of one kind that one listing returns; the others follow once these are archived."""


def for_size(policy: CallPolicy, octets: int) -> CallPolicy:
    """The policy of a call with the seconds that so many bytes take at the slowest line besides."""
    more = octets / SLOWEST
    return replace(policy, total=policy.total + more, attempt=policy.attempt + more)


class NameTaken(Refused):
    """Another file exists under this name: an alarm, and never something to overwrite."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that is ready. `size` in bytes, as the other side reports it."""

    kind: FileKind
    name: str
    size: int


class FileExchange(Protocol):
    """The way to PFMS. All raise an RemoteError where the other side cannot be asked."""

    async def send(self, kind: FileKind, name: str, content: bytes) -> None:
        """Put a request there, once. The same bytes under the name are as good; others raise NameTaken.

        An error says by `nothing_arrived` that the file certainly is not there by this call: no line was made, or it
        failed before the file was to get its name.
        """

    async def is_sent(self, kind: FileKind, name: str) -> bool:
        """Whether a request is there: waiting, taken or refused. To be asked before any repeat."""

    async def is_taken(self, kind: FileKind, name: str) -> bool:
        """Whether PFMS took a request that we sent: it waits no more, and lies not among what was refused."""

    async def list_incoming(self) -> list[IncomingFile]:
        """The files that lie ready for us, by kind and name."""

    async def fetch(self, kind: FileKind, name: str, size: int = 0) -> bytes:
        """Read a file, for which there is time by its size as it was listed.

        Raises Refused(no_such_file), and Garbled beyond LARGEST_FILE.
        """

    async def archive(self, kind: FileKind, name: str) -> None:
        """Move a file that was taken in durably to the archive. One that is already there counts as moved."""

    async def refuse(self, kind: FileKind, name: str, reason: str) -> None:
        """Move a file to `failed`, with `<name>.reason` beside it, which holds our word for what is wrong."""


def check_place(kind: FileKind, name: str, allowed: Sequence[FileKind]) -> None:
    """Raise ValueError where a file of that kind goes the other way, or its name is more than a plain one."""
    if kind not in allowed:
        raise ValueError(f"{kind.value} goes the other way")
    if not is_safe(name):
        raise ValueError("not a plain file name")

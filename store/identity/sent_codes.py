"""One-time codes sent by SMS: the code is sealed for sending, and compared by a keyed hash."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, and_, delete, select, update

from store.database import Key, Records, Transaction, rows_of
from store.database.metadata import table_of
from store.database.types import Json


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code for one thing. `content` is what the message says: code, mobile, language and what it is for.

    `given_to` are the providers that have it, or may have it.
    """

    id: str
    kind: str
    about: str
    citizen_id: str | None
    content: Mapping[str, str]
    tries: int
    expires_at: datetime
    used_at: datetime | None
    given_to: tuple[str, ...] = ()


codes_table = table_of(
    SentCode,
    "sent_codes",
    Column("sent", LargeBinary, nullable=False),
    Column("code_hash", Key, nullable=False),
    Column("given_to", Json),
    Index(None, "kind", "about"),
    Index(None, "expires_at"),
    Index(None, "citizen_id"),
    apart=("content",),
)
_T = codes_table.c


_CODES = Records(SentCode, codes_table, "the code", renamed={"content": "sent"})
get = _CODES.get


async def add(tx: Transaction, code: SentCode) -> None:
    """Keep a code; an earlier one for the same thing is good no more."""
    await tx.connection.execute(delete(codes_table).where(_T.kind == code.kind, _T.about == code.about))
    code_hash = _hashes(tx, code.kind, code.about, code.content["code"])[0]
    await _CODES.insert(tx, code, code_hash=code_hash)


async def open_codes(tx: Transaction, kind: str, abouts: Iterable[str]) -> dict[str, SentCode]:
    """The codes of a kind that were not used and are not over, by what they are about."""
    still = select(codes_table).where(_T.kind == kind, _T.used_at.is_(None), _T.expires_at > tx.clock.now())
    return {code.about: code for row in await rows_of(tx, still, _T.about, abouts) if (code := _CODES.read(tx, row))}


async def count_try(tx: Transaction, kind: str, about: str, *, most: int) -> SentCode | None:
    """Count a try of the code for a thing, and give it; None where there is none that may still be tried.

    One statement looks and counts, so that of tries at once no more than `most` go on.
    """
    may_be_tried = (_T.used_at.is_(None), _T.expires_at > tx.clock.now(), _T.tries < most)
    counted = update(codes_table).where(_T.kind == kind, _T.about == about, *may_be_tried).values(tries=_T.tries + 1)
    row = (await tx.connection.execute(counted.returning(codes_table))).first()
    return None if row is None else _CODES.read(tx, row)


async def use(tx: Transaction, code: SentCode, text: str) -> bool:
    """Use a code up where what was entered is right; gives whether it is. `count_try` holds its row until then."""
    right = and_(_T.id == code.id, _T.code_hash.in_(_hashes(tx, code.kind, code.about, text)))
    used = update(codes_table).where(right).values(used_at=tx.clock.now())
    return (await tx.connection.execute(used.returning(_T.id))).first() is not None


async def give_to(tx: Transaction, code_id: str, providers: tuple[str, ...]) -> None:
    """Note which providers have a code, or may have it: before one is asked, and again where it did not take it."""
    await tx.connection.execute(update(codes_table).where(_T.id == code_id).values(given_to=list(providers)))


async def forget_expired(tx: Transaction) -> None:
    """Delete codes that are past their time."""
    await tx.connection.execute(delete(codes_table).where(_T.expires_at <= tx.clock.now()))


def _hashes(tx: Transaction, kind: str, about: str, text: str) -> tuple[str, ...]:
    return tx.cipher.blind_indexes("one_time_code", f"{kind}:{about}:{text}")

"""Devices of sessions, and the sealed seed and counter from which their refresh tokens are derived.

A token says the session, its number and an HMAC under the seed, of which the app that it was given to is part (RFC 6749
section 10.4). So each token that was ever given out is known again, and one that was used before is distinguished from
an invented one and from one that another app brings.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, and_, case, func, or_, select, update

from domain.kernel import PersonKind, Provider
from domain.kernel.secret_comparison import is_any_secret
from store.database import AnyRow, Instant, Key, Transaction, cell_name, first_row, insert_new
from store.database.metadata import metadata
from store.identity.sessions import sessions_table

devices_table = Table(
    "session_devices",
    metadata,
    Column("session_id", Key, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("client", Key, nullable=False),
    Column("platform", Key, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("refreshes_until", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("end_reason", Key),
)

APP, BROWSER = "APP", "BROWSER"
SIGNED_OUT, REUSED, EVERYWHERE, UNLINKED = "SIGNED_OUT", "REUSED", "EVERYWHERE", "UNLINKED"
"""Why a session was ended."""

_D, _S = devices_table.c, sessions_table.c


@dataclass(frozen=True, slots=True)
class Device:
    """A signed-in device. `client` is APP or BROWSER; `platform` no more than the kind of system it runs."""

    session_id: str
    client: str
    platform: str
    provider: Provider
    assurance: str
    signed_in_at: datetime
    last_used_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token and how long it holds."""

    token: str = field(repr=False)
    until: datetime


async def add(tx: Transaction, session_id: str, *, client: str, platform: str, seed: str, until: datetime) -> None:
    """Note the device of a new session; its first refresh token has the number 1."""
    values = {
        "session_id": session_id,
        "client": client,
        "platform": platform,
        "seed": tx.cipher.encrypt_json(seed, cell_name(_D.seed, session_id)),
        "generation": 1,
        "refreshes_until": until,
        "last_used_at": tx.clock.now(),
        "end_reason": None,
    }
    await insert_new(tx, devices_table, values)


async def is_new_to(tx: Transaction, kind: PersonKind, person_id: str, *, client: str, platform: str) -> bool:
    """Whether somebody who signed in before never did so on this kind of device, as far as sessions are kept."""
    same = and_(_D.client == client, _D.platform == platform)
    of_person = (_S.id == _D.session_id, _S.kind == kind, _S.person_id == person_id)
    counted = select(func.count(), func.count(case((same, 1)))).where(*of_person)
    before, alike = (await tx.connection.execute(counted)).one()
    return bool(before and not alike)


async def token_of(tx: Transaction, session_id: str, client_id: str = "") -> RefreshToken | None:
    """The refresh token of a session that is good now, for an app or (empty) for our pages.

    None for a session of before there were any.
    """
    row = await first_row(tx, select(devices_table).where(_D.session_id == session_id))
    if row is None:
        return None
    return RefreshToken(_token(tx, row, row.generation, client_id), row.refreshes_until)


async def generation_of(tx: Transaction, token: str, client_id: str = "") -> tuple[str, int, AnyRow] | None:
    """The session and number of a token that we made for an app or (empty) for our pages, with its row; else None."""
    session_id, _, rest = token.partition(".")
    number, _, _ = rest.partition(".")
    if len(token) > 200 or not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    row = await first_row(tx, select(devices_table).where(_D.session_id == session_id))
    if row is None or int(number) > row.generation:
        return None
    owners = {client_id, ""} if row.client == APP else {client_id}  # up to 0.3 those of apps named none
    known = is_any_secret(token, [_token(tx, row, int(number), owner) for owner in owners])
    return (session_id, int(number), row) if known else None


async def rotate(tx: Transaction, session_id: str, generation: int) -> bool:
    """Make the next token the good one; False where somebody else did so before."""
    changed = await tx.connection.execute(
        update(devices_table)
        .where(_D.session_id == session_id, _D.generation == generation)
        .values(generation=generation + 1, last_used_at=tx.clock.now())
        .returning(_D.session_id)
    )
    return changed.first() is not None


async def of_person(tx: Transaction, kind: PersonKind, person_id: str) -> list[Device]:
    """The devices on which a person is signed in, the one that was used last first."""
    now = tx.clock.now()
    joined = select(sessions_table, devices_table).join(devices_table, _D.session_id == _S.id)
    mine = and_(_S.kind == kind.value, _S.person_id == person_id, _S.revoked_at.is_(None))
    alive = or_(_S.expires_at > now, _D.refreshes_until > now)
    rows = (await tx.connection.execute(joined.where(mine, alive).order_by(_D.last_used_at.desc(), _S.id))).all()
    return [_device(row) for row in rows]


async def end(tx: Transaction, session_ids: Iterable[str], reason: str) -> list[str]:
    """End sessions with the reason; gives those that were not ended before."""
    ended: list[str] = []
    now = tx.clock.now()
    for session_id in session_ids:
        tx.outdate(session_id)
        changed = await tx.connection.execute(
            update(sessions_table)
            .where(_S.id == session_id, _S.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(_S.id)
        )
        if changed.first() is not None:
            ended.append(session_id)
            noted: Any = update(devices_table).where(_D.session_id == session_id).values(end_reason=reason)
            await tx.connection.execute(noted)
    return ended


async def extend(tx: Transaction, session_id: str, until: datetime) -> None:
    """Let a session hold longer, after its token was refreshed."""
    await tx.connection.execute(
        update(sessions_table).where(_S.id == session_id, _S.revoked_at.is_(None)).values(expires_at=until)
    )


def _token(tx: Transaction, row: AnyRow, generation: int, client_id: str) -> str:
    seed = str(tx.cipher.decrypt_json(row.seed, cell_name(_D.seed, row.session_id)))
    proven = f"{row.session_id}.{generation}" + (f".{client_id}" if client_id else "")
    proof = hmac.new(seed.encode(), proven.encode(), hashlib.sha256).hexdigest()
    return f"{row.session_id}.{generation}.{proof}"


def _device(row: AnyRow) -> Device:
    return Device(
        session_id=row.session_id,
        client=row.client,
        platform=row.platform,
        provider=Provider(row.provider),
        assurance=row.assurance,
        signed_in_at=row.created_at,
        last_used_at=row.last_used_at,
        until=max(row.expires_at, row.refreshes_until),
    )

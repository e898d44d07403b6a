"""Devices on which the app takes push messages: one for each session, its token sealed and known by its hash.

A device goes with its session, and takes messages no more from when that ends.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from domain.identity.push_devices import MOST_DEVICES, UNSEEN_FOR, PushDevice
from store.database import Key, Records, Transaction
from store.database.metadata import table_of
from store.identity.devices import devices_table
from store.identity.sessions import sessions_table

push_devices_table = table_of(
    PushDevice,
    "push_devices",
    sa.Column("session_id", Key, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    sa.Column("token", sa.LargeBinary, nullable=False),
    sa.Column("token_index", Key, nullable=False),
    sa.UniqueConstraint("session_id"),
    sa.UniqueConstraint("token_index"),
    sa.Index(None, "citizen_id"),
)
_T, _S, _D = push_devices_table.c, sessions_table.c, devices_table.c
_PURPOSE = "push_token"
_DEVICES = Records(PushDevice, push_devices_table, "the device")
by_ids, of_sessions = _DEVICES.by_ids, _DEVICES.reader_of_many_by(_T.session_id)


async def register(tx: Transaction, device: PushDevice) -> None:
    """Keep a device in place of its session's earlier one, and of whoever had its token before."""
    held = sa.or_(
        _T.session_id == device.session_id, _T.token_index.in_(tx.cipher.blind_indexes(_PURPOSE, device.token))
    )
    await tx.connection.execute(sa.delete(push_devices_table).where(held))
    await _DEVICES.add(tx, device, token_index=tx.cipher.blind_index(_PURPOSE, device.token))


async def of_citizens(tx: Transaction, citizen_ids: Iterable[str]) -> dict[str, list[PushDevice]]:
    """The devices of these citizens that take messages, those seen last first, at most MOST_DEVICES of each."""
    now = tx.clock.now()
    joined = sa.select(push_devices_table).join(sessions_table, _S.id == _T.session_id)
    joined = joined.outerjoin(devices_table, _D.session_id == _T.session_id)
    holds = (_S.revoked_at.is_(None), sa.or_(_S.expires_at > now, _D.refreshes_until > now))
    found = joined.where(*holds, _T.last_seen_at > now - UNSEEN_FOR).order_by(_T.last_seen_at.desc(), _T.id)
    groups = await _DEVICES.groups(tx, found, _T.citizen_id, citizen_ids)
    return {citizen_id: devices[:MOST_DEVICES] for citizen_id, devices in groups.items() if devices}


async def remove(tx: Transaction, session_ids: Iterable[str]) -> int:
    """Forget the devices of these sessions; how many there were."""
    gone = sa.delete(push_devices_table).where(_T.session_id.in_(sorted(session_ids))).returning(_T.id)
    return len((await tx.connection.execute(gone)).all())


async def forget_dead(tx: Transaction, device_id: str, since: datetime | None) -> None:
    """Forget a device that its provider no longer knows, unless the app told us of it after that moment."""
    dead = [_T.id == device_id] if since is None else [_T.id == device_id, _T.last_seen_at <= since]
    await tx.connection.execute(sa.delete(push_devices_table).where(*dead))

"""Identities at sign-in providers, found by blind index only, and the lockers that citizens linked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, delete, select, update

from domain.kernel import Assurance, LinkedAccount, PersonKind, Provider
from store.database import (
    AlreadyThere,
    AnyRow,
    Instant,
    Key,
    Transaction,
    VersionConflict,
    each_once,
    first_row,
    insert_new,
    require_there,
    rows_of,
)
from store.database.metadata import metadata

identities_table = Table(
    "identities",
    metadata,
    Column("provider", Key, primary_key=True),
    Column("subject_index", Key, primary_key=True),
    Column("person_kind", Key, nullable=False),
    Column("person_id", Key, nullable=False),
    Column("assurance", Key, nullable=False),
    Column("linked_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Index(None, "person_id"),
)

locker_grants_table = Table(
    "locker_grants",
    metadata,
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), primary_key=True),
    Column("tokens", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("consent_until", Instant),
    Column("needs_consent", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("linked_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)
_GRANTS, _IDENTITIES = select(locker_grants_table), select(identities_table)


@dataclass(frozen=True, slots=True)
class LockerTokens:
    """What DigiLocker gave for one citizen. `version` is 0 for tokens that were never stored."""

    access_token: str
    refresh_token: str | None
    expires_at: datetime
    scope: str
    consent_until: datetime | None
    locker_id: str
    version: int = 0


async def identity(tx: Transaction, provider: Provider, subject: str) -> tuple[PersonKind, str] | None:
    """The person whom a provider knows by a stable id, or None."""
    row = await first_row(tx, select(identities_table).where(*_is(tx, provider, subject)))
    return (PersonKind(row.person_kind), row.person_id) if row else None


async def assurance_of(tx: Transaction, provider: Provider, subject: str) -> str | None:
    """How sure a provider's stable id was when it was tied to a person, or linked by a code; None where it is not."""
    row = await first_row(tx, select(identities_table.c.assurance).where(*_is(tx, provider, subject)))
    return None if row is None else str(row.assurance)


async def providers_of(tx: Transaction, kind: PersonKind, person_id: str) -> list[Provider]:
    """By which providers a person signs in, once for each account."""
    table = identities_table.c
    mine = select(table.provider).where(table.person_kind == kind.value, table.person_id == person_id)
    return [Provider(row.provider) for row in (await tx.connection.execute(mine.order_by(table.linked_at))).all()]


async def move_identity(tx: Transaction, provider: Provider, subject: str, person_id: str, assurance: str) -> None:
    """Link a provider's stable id to another person of the same kind, who proved to own both."""
    values = {"person_id": person_id, "assurance": assurance, "linked_at": tx.clock.now()}
    await tx.connection.execute(update(identities_table).where(*_is(tx, provider, subject)).values(values))


async def move_person(tx: Transaction, kind: PersonKind, person_id: str, to: str) -> None:
    """Link every account of a person to another record of the same person; its assurance stays."""
    table = identities_table.c
    mine = (table.person_kind == kind.value, table.person_id == person_id)
    await tx.connection.execute(update(identities_table).where(*mine).values(person_id=to))


async def remove_identities(tx: Transaction, kind: PersonKind, person_id: str, provider: Provider) -> int:
    """Unlink every account that a person has with a provider; returns how many."""
    table = identities_table
    mine = (table.c.person_kind == kind.value, table.c.person_id == person_id, table.c.provider == provider.value)
    gone = await tx.connection.execute(delete(table).where(*mine).returning(table.c.subject_index))
    return len(gone.all())


async def remove_identity(tx: Transaction, provider: Provider, subject: str, kind: PersonKind, person_id: str) -> None:
    """Untie one account from the person that it belongs to."""
    theirs = (identities_table.c.person_kind == kind.value, identities_table.c.person_id == person_id)
    await tx.connection.execute(delete(identities_table).where(*_is(tx, provider, subject), *theirs))


async def add_identity(
    tx: Transaction, provider: Provider, subject: str, kind: PersonKind, person_id: str, at: datetime, assurance: str
) -> None:
    """Tie a provider's stable id to a person, for ever. Raises AlreadyThere."""
    values = {
        "provider": provider.value,
        "subject_index": tx.cipher.blind_index(_purpose(provider), subject),
        "person_kind": kind.value,
        "person_id": person_id,
        "assurance": assurance,
        "linked_at": at,
        "last_used_at": at,
    }
    # An older key's index of the same subject would not collide by itself.
    if await identity(tx, provider, subject) or not await insert_new(tx, identities_table, values):
        raise AlreadyThere("the identity")


async def touch_identity(tx: Transaction, provider: Provider, subject: str, at: datetime) -> None:
    """Note that the identity was used."""
    await tx.connection.execute(update(identities_table).where(*_is(tx, provider, subject)).values(last_used_at=at))


async def linked_accounts(tx: Transaction, person_ids: Iterable[str]) -> dict[str, list[LinkedAccount]]:
    """Accounts that people linked, the oldest first; a locker counts as Provider.DIGILOCKER. Two queries."""
    wanted = list(person_ids)
    found: dict[str, list[LinkedAccount]] = {}
    for row in await rows_of(tx, _IDENTITIES, identities_table.c.person_id, wanted):
        sure = Assurance(row.assurance)
        account = LinkedAccount(Provider(row.provider), row.linked_at, row.last_used_at, False, None, sure)
        found.setdefault(row.person_id, []).append(account)
    for row in (await _grants(tx, wanted)).values():
        account = LinkedAccount(
            Provider.DIGILOCKER, row.linked_at, row.last_used_at, row.needs_consent, row.consent_until
        )
        found.setdefault(row.citizen_id, []).append(account)
    return {person: sorted(accounts, key=_age) for person, accounts in found.items()}


async def locker_grant(tx: Transaction, citizen_id: str) -> LockerTokens | None:
    """The citizen's locker tokens; None where none is linked or a new consent is needed."""
    row = await _grant(tx, citizen_id)
    return None if row is None or row.needs_consent else _tokens(tx, row)


async def locker_of(tx: Transaction, citizen_id: str) -> str | None:
    """The locker that a citizen linked, also where its tokens are no longer valid; None where none is linked."""
    row = await _grant(tx, citizen_id)
    return None if row is None else _tokens(tx, row).locker_id


async def ended_grant(tx: Transaction, citizen_id: str, version: int) -> LockerTokens | None:
    """The tokens of a locker whose consent was taken back, as they were marked with that version; None else."""
    row = await _grant(tx, citizen_id)
    return _tokens(tx, row) if row is not None and row.needs_consent and row.version == version else None


async def save_locker_grant(
    tx: Transaction, citizen_id: str, tokens: LockerTokens, linked_at: datetime
) -> LockerTokens:
    """Keep tokens, encrypted, and give them back with their new version.

    With version 0 the citizen has just consented: they replace what was there, whatever it was. With
    another version they came of a refresh: `linked_at` stays, and VersionConflict is raised where another
    process was first. Raises NotThere for a refresh of a locker that is no longer linked.
    """
    if tokens.version == 0:
        return await _link(tx, citizen_id, tokens, linked_at)
    saved = replace(tokens, version=tokens.version + 1)
    table = locker_grants_table
    changed = await tx.connection.execute(
        update(table)
        .where(table.c.citizen_id == citizen_id, table.c.version == tokens.version)
        .values(last_used_at=tx.clock.now(), **_grant_values(tx, citizen_id, saved))
        .returning(table.c.version)
    )
    if changed.first() is None:
        present = require_there(await _grant(tx, citizen_id), "the locker grant")
        raise VersionConflict(present.version, "NEEDS_CONSENT" if present.needs_consent else "LINKED")
    return saved


async def mark_needs_consent(tx: Transaction, citizen_id: str, version: int | None = None) -> bool:
    """Mark the tokens as invalid. With a version, only where they are still those; returns whether they were."""
    table = locker_grants_table
    statement = update(table).where(table.c.citizen_id == citizen_id)
    if version is not None:
        statement = statement.where(table.c.version == version)
    changed = await tx.connection.execute(
        statement.values(needs_consent=True, version=table.c.version + 1).returning(table.c.version)
    )
    return changed.first() is not None


async def _link(tx: Transaction, citizen_id: str, tokens: LockerTokens, linked_at: datetime) -> LockerTokens:
    saved = replace(tokens, version=1)
    times = {"linked_at": linked_at, "last_used_at": linked_at}
    values = {"citizen_id": citizen_id, **times, **_grant_values(tx, citizen_id, saved)}
    if await insert_new(tx, locker_grants_table, values):
        return saved
    table = locker_grants_table
    changed = await tx.connection.execute(
        update(table)
        .where(table.c.citizen_id == citizen_id)
        .values(**times, **_grant_values(tx, citizen_id, saved) | {"version": table.c.version + 1})
        .returning(table.c.version)
    )
    return replace(tokens, version=changed.scalar_one())


async def _grant(tx: Transaction, citizen_id: str) -> AnyRow | None:
    return (await _grants(tx, [citizen_id])).get(citizen_id)


async def _grants(tx: Transaction, citizen_ids: Iterable[str]) -> dict[str, AnyRow]:
    async def read(ids: Iterable[str]) -> dict[str, AnyRow]:
        rows = await rows_of(tx, _GRANTS, locker_grants_table.c.citizen_id, ids)
        return {row.citizen_id: row for row in rows}

    return await each_once(tx, locker_grants_table, citizen_ids, read)


def _grant_values(tx: Transaction, citizen_id: str, tokens: LockerTokens) -> dict[str, Any]:
    secret = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "scope": tokens.scope,
        "locker_id": tokens.locker_id,
    }
    return {
        "tokens": tx.cipher.encrypt_json(secret, _tokens_place(citizen_id)),
        "expires_at": tokens.expires_at,
        "consent_until": tokens.consent_until,
        "needs_consent": False,
        "version": tokens.version,
    }


def _tokens(tx: Transaction, row: AnyRow) -> LockerTokens:
    secret = tx.cipher.decrypt_json(row.tokens, _tokens_place(row.citizen_id))
    return LockerTokens(
        access_token=secret["access_token"],
        refresh_token=secret["refresh_token"],
        expires_at=row.expires_at,
        scope=secret["scope"],
        consent_until=row.consent_until,
        locker_id=secret["locker_id"],
        version=row.version,
    )


def _tokens_place(citizen_id: str) -> str:
    return f"locker_grants:tokens:{citizen_id}"


def _purpose(provider: Provider) -> str:
    return f"identity:{provider.value}"


def _is(tx: Transaction, provider: Provider, subject: str) -> tuple[Any, ...]:
    indexes = tx.cipher.blind_indexes(_purpose(provider), subject)
    return (identities_table.c.provider == provider.value, identities_table.c.subject_index.in_(indexes))


def _age(account: LinkedAccount) -> tuple[datetime, str]:
    return (account.linked_at, account.provider.value)

"""Published manifests of applications' operations, the usage of each version, and the supported versions.

Manifests are only added and then retired, never changed, so that their numbers show whether anything is new.
Uses are counted per version and day; nothing about a person, a device or an address is kept.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Date, Table, Text, delete, exists, func, select, update

from domain.platform.client_policy import ClientPlatform, ClientRule
from domain.platform.manifests import PublishedManifest, Use
from store.database import Board, Key, Records, Transaction, insert_into, raise_version
from store.database.metadata import metadata, table_of

manifests_table = table_of(
    PublishedManifest,
    "manifests",
    Column("app", Key, primary_key=True),
    Column("version", Key, primary_key=True),
    Column("signed", Text, nullable=False),
)

manifest_uses_table = Table(
    "manifest_uses",
    metadata,
    Column("app", Key, primary_key=True),
    Column("version", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("uses", BigInteger, nullable=False),
)

client_rules_table = table_of(
    ClientRule, "client_rules", Column("app", Key, primary_key=True), Column("platform", Key, primary_key=True)
)

_M, _U, _C = manifests_table.c, manifest_uses_table.c, client_rules_table.c


_MANIFESTS = Records(PublishedManifest, manifests_table, "the manifest")
_RULES = Records(ClientRule, client_rules_table, "the rule")


async def add(tx: Transaction, manifest: PublishedManifest) -> bool:
    """Keep a manifest; False where there is one of the same application and version."""
    await raise_version(tx, Board.MANIFESTS)
    return await _MANIFESTS.insert(tx, manifest)


class Mark(NamedTuple):
    """Grows with every publication and every retirement; one row is read for it."""

    published: int
    retired: int


async def mark(tx: Transaction) -> Mark:
    """The numbers of manifests that were published and retired so far."""
    counting = select(func.count(_M.app).label("published"), func.count(_M.retired_at).label("retired"))
    row = (await tx.connection.execute(counting)).one()
    return Mark(row.published, row.retired)


async def find_manifest(tx: Transaction, app: str, version: str) -> PublishedManifest | None:
    """The manifest of a version, retired or not."""
    return await _MANIFESTS.find(tx, _M.app == app, _M.version == version)


async def all_manifests(tx: Transaction, *, retired: bool = False) -> list[PublishedManifest]:
    """Every manifest in the order of its publication; those that were retired only where asked for."""
    statement = select(manifests_table).order_by(_M.published_at, _M.app, _M.version)
    if not retired:
        statement = statement.where(_M.retired_at.is_(None))
    return await _MANIFESTS.select_all(tx, statement)


async def retire(tx: Transaction, app: str, version: str, *, at: datetime, by: str) -> bool:
    """Retire a manifest; False where there is none that is not retired."""
    await raise_version(tx, Board.MANIFESTS)
    statement = update(manifests_table).where(_M.app == app, _M.version == version, _M.retired_at.is_(None))
    done = await tx.connection.execute(statement.values(retired_at=at, retired_by=by).returning(_M.app))
    return done.first() is not None


async def add_uses(tx: Transaction, counted: Mapping[tuple[str, str, date], int]) -> None:
    """Add counted uses to those of the same version and day."""
    for (app, version, day), count in sorted(counted.items()):
        adding = insert_into(tx, manifest_uses_table).values(app=app, version=version, day=day, uses=count)
        adding = adding.on_conflict_do_update(
            index_elements=("app", "version", "day"), set_={"uses": _U.uses + adding.excluded.uses}
        )
        await tx.connection.execute(adding)


async def forget_uses(tx: Transaction, before: date) -> None:
    """Delete the counts of days before a day; the last one of each version stays, so that its last use is known."""
    later = manifest_uses_table.alias("later")
    newer = exists().where(later.c.app == _U.app, later.c.version == _U.version, later.c.day > _U.day)
    await tx.connection.execute(delete(manifest_uses_table).where(_U.day < before, newer))


async def uses(tx: Transaction, since: date) -> list[Use]:
    """How often each version was used on each day since a day, that day included."""
    statement = select(manifest_uses_table).where(_U.day >= since).order_by(_U.app, _U.version, _U.day)
    rows = await tx.connection.execute(statement)
    return [Use(row.app, row.version, row.day, row.uses) for row in rows.all()]


async def last_uses(tx: Transaction) -> dict[tuple[str, str], date]:
    """The day of the last use of each version that was ever used."""
    statement = select(_U.app, _U.version, func.max(_U.day).label("day")).group_by(_U.app, _U.version)
    return {(row.app, row.version): row.day for row in (await tx.connection.execute(statement)).all()}


async def rule(tx: Transaction, app: str, platform: ClientPlatform) -> ClientRule | None:
    """What is set for an application on a platform."""
    return await _RULES.find(tx, _C.app == app, _C.platform == platform.value)


async def rules(tx: Transaction) -> list[ClientRule]:
    """What is set for each application and platform."""
    return await _RULES.select_all(tx, select(client_rules_table).order_by(_C.app, _C.platform))


async def save_rule(tx: Transaction, one_rule: ClientRule) -> None:
    """Keep what is set for an application on a platform."""
    await _RULES.upsert(tx, [one_rule], keys=("app", "platform"))

"""Rows as objects of a dataclass, by the names of their fields."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
import sqlalchemy as sa

from domain.kernel import Bilingual
from store.database import (
    AlreadyThere,
    AnyRow,
    Instant,
    Json,
    Key,
    NotThere,
    Records,
    Store,
    Transaction,
    VersionConflict,
)
from tests.store.builders import NOW


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Thing:
    id: str
    name: Bilingual
    colour: Colour
    size: Size
    version: int
    updated_at: datetime
    secret: str | None = field(default=None, repr=False)
    other: Colour | None = None
    former: Colour = Colour.RED
    parts: tuple[str, ...] = ()
    note: Bilingual | None = None


things_table = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", Key, primary_key=True),
    sa.Column("name_hi", sa.Text),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("colour", Key, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("other", Key),
    sa.Column("former", Key),
    sa.Column("parts", Json),
    sa.Column("note_hi", sa.Text),
    sa.Column("note_en", sa.Text),
    sa.Column("state", Key),
    prefixes=["TEMPORARY"],
)


def _size(_: Transaction, row: AnyRow) -> dict[str, Any]:
    return {"size": Size(row.width, row.height)}


def _size_values(_: Transaction, thing: Thing) -> dict[str, Any]:
    return {"width": thing.size.width, "height": thing.size.height}


THINGS = Records(
    Thing,
    things_table,
    "the thing",
    renamed={"secret": "sealed"},
    apart=("size",),
    read=_size,
    write=_size_values,
    fixed=("colour",),
)
THING = Thing(
    id="t1",
    name=Bilingual("वस्तु", "Thing"),
    colour=Colour.BLUE,
    size=Size(2, 3),
    version=1,
    updated_at=NOW,
    secret="hidden",
    other=Colour.RED,
    parts=("a", "b"),
)


@pytest.fixture
async def tx(store: Store):
    async with store.write_transaction() as tx:
        await tx.connection.execute(sa.schema.CreateTable(things_table))
        yield tx


async def test_an_object_comes_back_as_it_was_written(tx: Transaction):
    await THINGS.add(tx, THING)

    assert await THINGS.find(tx, things_table.c.id == "t1") == THING
    assert await THINGS.by_keys(tx, things_table.c.id, ["t1", "t2"]) == {"t1": THING}


async def test_enumerations_are_their_values_and_a_text_in_a_binary_column_is_encrypted_for_its_place(tx: Transaction):
    row = THINGS.values(tx, THING)

    assert (row["colour"], type(row["colour"])) == ("BLUE", str)
    assert tx.cipher.decrypt(row["sealed"], "things:sealed:t1") == b"hidden"
    assert row["parts"] == ["a", "b"]


async def test_null_is_none_or_the_default_of_a_field_that_takes_no_none(tx: Transaction):
    await THINGS.add(tx, replace(THING, secret=None, other=None, parts=()), former=None)

    found = await THINGS.find(tx)

    assert found is not None
    assert (found.secret, found.other, found.note) == (None, None, None)
    assert (found.former, found.parts) == (Colour.RED, ())


async def test_the_same_key_is_told_by_insert_and_raised_by_add(tx: Transaction):
    assert await THINGS.insert(tx, THING)

    assert not await THINGS.insert(tx, THING)
    with pytest.raises(AlreadyThere, match="the thing is already there"):
        await THINGS.add(tx, THING)


async def test_a_save_counts_the_version_and_leaves_fixed_columns(tx: Transaction):
    await THINGS.add(tx, THING)

    saved = await THINGS.save(tx, replace(THING, colour=Colour.RED, parts=("c",)), 1)

    assert (saved.version, saved.updated_at) == (2, tx.clock.now())
    assert await THINGS.find(tx) == replace(saved, colour=Colour.BLUE)


async def test_a_save_of_some_columns_leaves_the_others(tx: Transaction):
    await THINGS.add(tx, THING)

    await THINGS.save(tx, replace(THING, parts=("c",), secret="other"), 1, only=("parts", "version"))

    assert await THINGS.find(tx) == replace(THING, parts=("c",), version=2)


async def test_a_save_over_another_version_is_a_conflict_that_says_what_is_there(tx: Transaction):
    await THINGS.add(tx, replace(THING, version=3), state="OPEN")

    with pytest.raises(VersionConflict) as conflict:
        await THINGS.save(tx, THING, 1)

    assert (conflict.value.present_version, conflict.value.present_status) == (3, "OPEN")


async def test_a_save_of_nothing_says_that_it_is_not_there(tx: Transaction):
    with pytest.raises(NotThere, match="the thing is not there"):
        await THINGS.save(tx, THING, 1)


def test_a_field_without_a_column_is_found_when_the_module_is_loaded():
    with pytest.raises(TypeError, match=r"Thing\.size has no column in things"):
        Records(Thing, things_table, "the thing", renamed={"secret": "sealed"})

"""A file that thousands of cases name: read through the reader's own reach, whatever else names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from actions.documents import file_links
from actions.documents.file_links import link_to
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, Problems, Subject
from domain.officers.desk import Claim, ReadPurpose
from store.applications import applications
from store.applications.application_rows import APPLICATIONS, applications_table
from store.identity import accesses
from store.officers import desk
from store.uploads.file_uses import MOST_TRIED
from store.uploads.uploads import upload_uses_table
from tests.store.builders import application
from tests.support.actions import World
from tests.support.files import hand_in

MANY = 2_000
HERE = {"district": "49", "tehsil": "304"}
ELSEWHERE = {"district": "45", "tehsil": None}


@pytest.fixture
def world(peopled: World) -> World:
    """On both databases."""
    return peopled


@pytest.fixture
async def paper(world: World) -> Any:
    """The one paper of a school, which so many cases elsewhere name; their ids sort before all others."""
    handed_in = await hand_in(world.env, world.welfare, "everybody's paper")
    await named(world, handed_in, MANY, "0", **ELSEWHERE)
    return handed_in


async def named(world: World, paper: Any, many: int, prefix: str, **changes: Any) -> list[str]:
    """So many new cases of Sunil, all of which name the paper."""
    ids = [f"{prefix}-{number:05}" for number in range(many)]
    sunil = world.sunil.person_id
    async with world.env.store.write_transaction() as tx:
        cases = [application(key, sunil or "", **({**HERE, "status": Status.IN_SCRUTINY} | changes)) for key in ids]
        await tx.connection.execute(insert(applications_table), [APPLICATIONS.values(tx, case) for case in cases])
        use = {"upload_id": paper.id, "object_kind": "APPLICATION", "citizen_id": sunil, "at": tx.clock.now()}
        await tx.connection.execute(insert(upload_uses_table), [use | {"object_id": key} for key in ids])
    return ids


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Every statement that reads, as it is sent."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    store: Any = world.env.store
    engines = [store._reader.sync_engine, store._writer.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


async def told(world: World, reader: Subject, paper: Any, stated: ReadPurpose | None = None) -> str:
    """A link, none, or the code of the refusal."""
    try:
        return "link" if await link_to(world.env, reader, paper.sha256, stated=stated) else "none"
    except Problems as refused:
        return refused.code.value


async def test_whoever_reaches_one_of_thousands_of_cases_reads_the_file_with_few_statements_and_rows(
    world: World, paper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    many = applications.by_ids

    async def counting(tx: Any, ids: Any) -> Any:
        rows.append(len(ids))
        return await many(tx, ids)

    monkeypatch.setattr(file_links.applications, "by_ids", counting)
    with statements(world) as none_within_reach:
        assert await told(world, world.tehsildar, paper) == "none"
    (own,) = await named(world, paper, 1, "z")

    with statements(world) as one_within_reach:
        assert await told(world, world.tehsildar, paper) == "link"
    assert await told(world, world.sunil, paper) == "link"
    for stranger in (world.asha, world.registrar, world.elsewhere):
        assert await told(world, stranger, paper) == "none"

    assert max(len(none_within_reach), len(one_within_reach)) < 20
    assert max(rows) <= MOST_TRIED
    async with world.env.store.read_transaction() as tx:
        (receipt,) = [one for one in await accesses.of_citizen(tx, world.sunil.person_id or "", 10) if one.object_id]
    assert (receipt.object_id, receipt.subject) == (own, world.tehsildar.label)


async def test_ones_own_work_is_found_among_thousands_of_colleagues_cases(world: World, paper: Any) -> None:
    theirs = await named(world, paper, MANY, "1", officer_id=world.welfare.person_id)
    with statements(world) as seen:
        assert await told(world, world.tehsildar, paper) == ErrorCode.PURPOSE_REQUIRED.value
    assert len(seen) < 30
    assert await told(world, world.tehsildar, paper, ReadPurpose.SUPERVISE) == "link"

    now = world.clock.now()
    claim = Claim(theirs[-1], world.tehsildar.person_id or "", now, now + timedelta(minutes=30))
    async with world.env.store.write_transaction() as tx:
        await desk.take_claim(tx, claim, world.sunil.person_id or "")
    assert await told(world, world.tehsildar, paper) == "link"
    world.clock.advance(timedelta(minutes=31))
    assert await told(world, world.tehsildar, paper) == ErrorCode.PURPOSE_REQUIRED.value

    await named(world, paper, 1, "z", officer_id=world.tehsildar.person_id)
    assert await told(world, world.tehsildar, paper) == "link"


async def test_a_draft_that_names_a_file_opens_it_to_nobody_but_the_citizen(world: World) -> None:
    draft = await hand_in(world.env, world.registrar, "a draft's paper")
    await named(world, draft, 1, "d", status=Status.DRAFT)
    assert await told(world, world.tehsildar, draft) == "none"
    assert await told(world, world.sunil, draft) == "link"

"""What can be shown after a breach and after an erasure: who is concerned, and that nothing is left."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import typer

from actions.privacy.evidence import LISTED_ACTION, erasure_proof, persons_concerned
from actions.privacy.personal_data import erase_person
from domain.kernel import SYSTEM
from gateway.commands.kernel import parse_instant
from gateway.commands.person import list_concerned, prove_erasure
from store.database import audit
from store.identity.accesses import AccessReceipt, add_receipts
from store.privacy.erasures import ErasureList
from tests.support.databases import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
async def read_world(world):
    """Reads of two citizens by one officer within an hour, and one of another officer later."""
    asha, sunil = world.asha.person_id, world.sunil.person_id
    reads = [("OFFICER:o1", asha, 0), ("OFFICER:o1", asha, 30), ("OFFICER:o1", sunil, 59), ("OFFICER:o2", sunil, 60)]
    receipts = [
        AccessReceipt(by, "OFFICER", citizen, "APPLICATION", "a", "DECIDE", None, NOW + timedelta(minutes=minutes))
        for by, citizen, minutes in reads
    ]
    await world.env.store.carry_out(lambda tx: add_receipts(tx, receipts))
    return world


async def test_the_persons_of_a_breach_are_those_whose_data_were_read_in_the_time_by_the_reader(read_world):
    asha, sunil = read_world.asha.person_id, read_world.sunil.person_id

    everyone = await persons_concerned(read_world.env, SYSTEM, NOW, NOW + 2 * HOUR)
    within = await persons_concerned(read_world.env, SYSTEM, NOW, NOW + HOUR)
    by_other = await persons_concerned(read_world.env, SYSTEM, NOW, NOW + 2 * HOUR, by="OFFICER:o2")

    assert {one.citizen_id: one.reads for one in everyone} == {asha: 2, sunil: 2}
    assert {one.citizen_id: one.reads for one in within} == {asha: 2, sunil: 1}
    assert [(one.citizen_id, one.first, one.last) for one in by_other] == [(sunil, NOW + HOUR, NOW + HOUR)]


async def test_where_a_copy_of_the_store_was_lost_everybody_who_is_not_erased_is_concerned(world):
    before = {one.citizen_id for one in await persons_concerned(world.env, SYSTEM, NOW, NOW + HOUR, everybody=True)}
    await erase_person(world.env, world.asha, world.asha.person_id)

    after = {one.citizen_id for one in await persons_concerned(world.env, SYSTEM, NOW, NOW + HOUR, everybody=True)}

    assert before - after == {world.asha.person_id}


async def test_the_list_is_audited_and_names_nobody(read_world, capsys):
    await list_concerned(read_world.env, NOW, NOW + HOUR)

    told = capsys.readouterr().out
    assert f"{read_world.sunil.person_id} 1 " in told
    assert "Sunil" not in told
    async with read_world.env.store.read_transaction() as tx:
        line = await audit.last_line(tx, "CITIZEN", LISTED_ACTION)
    assert (line.object_id, line.detail["persons"], line.actor[:4]) == (None, 2, "CLI:")


async def test_an_erasure_is_proved_by_its_sealed_line_the_list_and_that_nothing_is_left(world, tmp_path, capsys):
    asha = world.asha.person_id
    env = replace(world.env, erasures=ErasureList(tmp_path / "erasures.jsonl"))
    before = await erasure_proof(env, asha)
    await erase_person(env, world.asha, asha)
    await audit.seal(env.store)

    assert await prove_erasure(env, asha) is True

    proof = json.loads(capsys.readouterr().out)
    assert (before.complete, before.erasures, before.left["citizens"]) == (False, (), 1)
    assert (proof["complete"], proof["leftRows"]) == (True, {})
    [line] = proof["erasures"]
    async with env.store.read_transaction() as tx:
        assert await audit.link_at(tx, line["sequence"]) == line["link"]
    assert "certificates" in proof["kept"]


async def test_asking_for_the_proof_erases_nobody(world):
    await erasure_proof(world.env, world.asha.person_id)

    assert (await erasure_proof(world.env, world.asha.person_id)).left["citizens"] == 1


async def test_what_came_back_by_a_backup_is_no_erasure(world, tmp_path):
    env = replace(world.env, erasures=ErasureList(tmp_path / "erasures.jsonl"))
    env.erasures.add(world.sunil.person_id, NOW)

    proof = await erasure_proof(env, world.sunil.person_id)

    assert (proof.complete, proof.listed_at is not None, proof.left["citizens"]) == (False, True, 1)


@pytest.mark.parametrize("text", ["yesterday", "2026-11-24", "2026-11-24T10:30"])
def test_an_instant_without_its_offset_is_refused(text):
    with pytest.raises(typer.BadParameter):
        parse_instant(text)

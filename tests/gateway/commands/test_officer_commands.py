"""`apuni officer list|leave|cancel-leave|transfer`: what they do and what they say."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from demo.commands.account import add_address, remove_address
from domain.kernel import Bilingual, CommandFailed, Officer, OfficerLevel, Posting, Role, ist_date
from gateway.cli import app
from gateway.commands.admin import create, recover
from gateway.commands.officer import (
    BadPost,
    end_leave,
    enter_leave,
    list_officers,
    posting_of,
    transfer,
)
from store.database import NotThere
from store.identity import people
from tests.support.graph import Down, environment
from tests.support.staffing import enter_administrators
from tests.support.stored import audit_lines_of

POST = Posting(Role.OFFICER, "revenue-department", "49", "304", OfficerLevel.DESIGNATED)


@pytest.fixture
async def house(sqlite_store, store_keyrings, store_clock, tmp_path):
    """An environment whose store has two officers, one of them with a post of the revenue department."""
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    async with env.store.write_transaction() as tx:
        for name, postings in (("anita", (POST,)), ("bina", (Posting(Role.OFFICER, "forest-department"),))):
            mail, title = f"{name}@x.example", Bilingual(None, "Tehsildar")
            await people.add_officer(tx, Officer(f"id-{name}", Bilingual(None, name.title()), title, mail, postings))
    await enter_administrators(env, "head", "second-head")
    return env


async def test_a_leave_is_recorded_listed_and_cancelled(house, capsys):
    first = ist_date(house.clock.now()) + timedelta(days=2)
    last = first + timedelta(days=3)
    await enter_leave(house, "anita@x.example", first, last, "id-bina")
    line = capsys.readouterr().out
    leave_id = line.split()[2]
    assert line == f"apuni: leave {leave_id} is recorded; 0 cases and 0 appeals went to others\n"
    await list_officers(house, "revenue-department", None)
    assert capsys.readouterr().out.splitlines() == [
        "id-anita anita@x.example Anita: OFFICER:DESIGNATED:revenue-department:49:304",
        f"  leave {leave_id} PLANNED {first} to {last}, stands in: id-bina",
        "apuni: 1 officers, 0 vacant posts",
    ]
    with pytest.raises(CommandFailed, match="fromOn: The officer already has a leave on some of these days"):
        await enter_leave(house, "id-anita", first, first, None)
    await end_leave(house, leave_id)
    assert capsys.readouterr().out == f"apuni: leave {leave_id} is cancelled\n"
    with pytest.raises(CommandFailed, match="leaveId"):
        await end_leave(house, leave_id)
    async with house.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "OFFICER", "id-anita")
    assert [line.action for line in lines] == ["staff.leave", "staff.cancel_leave"]
    assert {line.actor_label for line in lines} == {f"CLI:{os.getuid()}"}


async def test_a_transfer_leaves_a_vacant_post_that_is_listed(house, capsys):
    await transfer(house, "id-anita", None, None, ())
    assert capsys.readouterr().out == "apuni: left 1 posts, took 0; 0 cases and 0 appeals went to others\n"
    await list_officers(house, None, None)
    *_, vacant, count = capsys.readouterr().out.splitlines()
    assert vacant.endswith(": OFFICER:DESIGNATED:revenue-department:49:304; charge: level above")
    assert count == "apuni: 3 officers, 1 vacant posts"
    with pytest.raises(NotThere, match="the officer nobody"):
        await transfer(house, "nobody", None, None, ())
    with pytest.raises(CommandFailed, match="successorId"):
        await transfer(house, "id-bina", "id-bina", None, ())


async def test_a_transfer_to_a_successor_says_that_an_administrator_confirms_it(house, capsys):
    await transfer(house, "id-anita", "id-bina", None, ())
    assert "waits: an administrator confirms it" in capsys.readouterr().out


async def test_a_long_leave_says_that_an_administrator_confirms_it(house, capsys):
    first = ist_date(house.clock.now())
    await enter_leave(house, "id-anita", first, first + timedelta(days=20), "id-bina")
    assert "an administrator has to confirm it" in capsys.readouterr().out


async def test_a_lost_administrator_is_replaced_by_an_officer_without_a_post(house, capsys):
    await transfer(house, "id-bina", None, None, ())
    capsys.readouterr()
    await recover(house, "id-bina", "left the service", "second-head")
    assert capsys.readouterr().out == "apuni: id-bina is an administrator\n"
    with pytest.raises(CommandFailed, match="officerId"):
        await recover(house, "id-anita", "one more", None)


def test_a_post_is_typed_with_colons_and_anything_else_is_refused():
    assert posting_of("OFFICER:DESIGNATED:revenue-department:49:304") == POST
    assert posting_of("FINANCE_OFFICER::social-welfare") == Posting(Role.FINANCE_OFFICER, "social-welfare")
    assert posting_of("OFFICER:DESIGNATED:revenue-department:49:304:ES09,ES08") == replace(
        POST, services=("ES08", "ES09")
    )
    for wrong in ("", "KING:DESIGNATED", "OFFICER:LOW", "OFFICER:DESIGNATED:a:b:c:d:e"):
        with pytest.raises(BadPost):
            posting_of(wrong)
    done = CliRunner().invoke(app, ["officer", "transfer", "id-anita", "--post", "KING"])
    assert done.exit_code == 2


@pytest.mark.parametrize("profile", ["production", "staging"])
@pytest.mark.parametrize("command", [["officer", "add-account"], ["officer", "remove-account"], ["account", "add"]])
def test_outside_a_demo_no_command_gives_an_officer_another_address(monkeypatch, profile, command):
    monkeypatch.setenv("APUNI_PROFILE", profile)

    done = CliRunner().invoke(app, [*command, "anita@x.example", "charge@x.example"])

    assert done.exit_code == 2
    assert "only" in done.stderr or "No such command" in done.stderr


async def test_in_a_demo_an_address_is_added_and_removed(house, capsys):
    await add_address(house, "id-anita", "charge@x.example")
    await remove_address(house, "anita@x.example", "charge@x.example")

    assert capsys.readouterr().out.splitlines() == [
        "apuni: the account is added",
        "apuni: the account is removed; 0 sessions ended",
    ]


async def test_the_first_administrator_is_entered_by_a_command_that_prints_the_link(
    sqlite_store, store_keyrings, store_clock, tmp_path, capsys
):
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())

    await create(env, "Anita", "anita@uk.gov.example", None)

    said, link = capsys.readouterr().out.splitlines()
    assert said.endswith(":")
    assert "is an administrator; until 20" in said
    assert link.startswith(f"{env.public_url}/sign-in/start/parichay?invitation=")


async def test_a_command_that_would_enter_a_third_administrator_is_refused_with_words(house):
    with pytest.raises(CommandFailed, match="not possible in the present state"):
        await create(house, "Chitra", "chitra@uk.gov.example", None)

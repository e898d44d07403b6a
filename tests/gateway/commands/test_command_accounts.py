"""Who ran a command: audit lines name the account of the machine by its number, one way for all commands."""

import os
import re
import shutil
from pathlib import Path

import pytest

from actions.catalogue.calendar_import import COLUMNS
from domain.kernel import SYSTEM, Role, ist_date
from domain.platform.switches import SwitchState
from gateway.commands import calendar
from gateway.commands.kernel import account, command_subject
from gateway.installation import outbox, switch
from gateway.runtime.composition import open_storage
from gateway.settings.settings import Settings
from store.identity import people
from store.platform import outbox as stored_outbox
from tests.store.builders import citizen
from tests.support.commands import on_storage
from tests.support.stored import audit_lines_of

GATEWAY = Path(__file__).parents[3] / "gateway"
NUMBER = f"CLI:{os.getuid()}"


@pytest.fixture
def settings(tmp_path, migrated_sqlite) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    return Settings(home=home)


async def actors(settings: Settings, kind: str, key: str | None) -> list[tuple[str, str]]:
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        return [(line.action, line.actor_label) for line in await audit_lines_of(tx, kind, key)]


def test_a_command_acts_as_the_gateway_itself_and_bears_the_number_of_its_account():
    subject = command_subject()
    assert (subject.roles, subject.kind, subject.person_id) == (frozenset({Role.SYSTEM}), None, None)
    assert subject.label == account() == NUMBER
    assert SYSTEM.label == "SYSTEM"


def test_no_command_writes_as_the_nameless_gateway():
    files = [path for folder in ("commands", "installation") for path in (GATEWAY / folder).rglob("*.py")]
    modules = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert [name for name, text in modules.items() if re.search(r"import .*\bSYSTEM\b", text)] == ["kernel.py"]
    assert [name for name, text in modules.items() if "getuid" in text or "getpwuid" in text] == ["kernel.py"]


async def test_messages_of_the_outbox_switches_and_holidays_name_it(settings, tmp_path):
    async with open_storage(settings) as rooms:
        async with rooms.store.write_transaction() as tx:
            await people.add_citizen(tx, citizen())
            await stored_outbox.add(tx, "topic", "key", {})
        next_year = ist_date(rooms.clock.now()).year + 1
    await on_storage(settings, outbox.park_message, 1)
    await on_storage(settings, outbox.retry_message, 1)
    assert await actors(settings, "OUTBOX", "1") == [("outbox.parked", NUMBER), ("outbox.retried", NUMBER)]
    await on_storage(settings, switch.set_switch, "UMANG", SwitchState.OFF, "it is ill")
    assert [actor for _, actor in await actors(settings, "SWITCH", "SYSTEM:UMANG")] == [NUMBER]
    file = tmp_path / "holidays.csv"
    file.write_text(f"{','.join(COLUMNS)}\n{next_year}-01-26,,Republic Day,fixed,,no\n", encoding="utf-8")
    await on_storage(settings, calendar.import_holidays, file)
    assert await actors(settings, "CALENDAR", None) == [("calendar.import", NUMBER)]

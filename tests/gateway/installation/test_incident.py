"""`apuni doctor incident`: what the gateway knows of a time, without personal data."""

import json
import os
import shutil
from datetime import timedelta

import pytest

from domain.kernel import CommandFailed, SystemClock
from gateway.installation.incident import facts_of_incident
from gateway.settings.settings import Settings
from store.database import FieldCipher, Keyrings, Store, audit
from tests.support.fit_settings import clear_environment
from tests.support.forked import apuni_forked


@pytest.fixture
async def settings(tmp_path, migrated_sqlite, monkeypatch):
    """An installation in which an alarm was raised and two citizens were exported."""
    clear_environment(monkeypatch, tmp_path)
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    settings = Settings(home=tmp_path)
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    store = await Store.open(settings.store_url, cipher=FieldCipher(keyrings), clock=SystemClock())
    lines = [
        audit.AuditLine("SYSTEM", "alarm.raised", "ALARM", "INTEGRITY_FAILURE:UMANG", "OPERATE"),
        *(audit.AuditLine("OFFICER:o1", "citizen.exported", "CITIZEN", one, "VIEW") for one in ("asha", "sunil")),
    ]
    await store.carry_out(lambda tx: audit.append_many(tx, lines))
    await store.close()
    return settings


async def test_what_happened_is_counted_by_action_and_names_alarms_but_nobody(settings):
    now = SystemClock().now()

    facts = await facts_of_incident(settings, now - timedelta(hours=1), now + timedelta(hours=1))

    counted = {one["action"]: (one.get("about"), one["times"]) for one in facts["happened"]}
    assert counted == {"alarm.raised": ("INTEGRITY_FAILURE:UMANG", 1), "citizen.exported": (None, 2)}
    assert [name for name in ("asha", "sunil", "o1") if name in json.dumps(facts)] == []


async def test_what_was_before_and_after_is_not_told(settings):
    now = SystemClock().now()

    facts = await facts_of_incident(settings, now - timedelta(hours=2), now - timedelta(hours=1))

    assert facts["happened"] == []


async def test_an_end_before_the_beginning_is_refused(settings):
    now = SystemClock().now()
    with pytest.raises(CommandFailed, match="--until must be later than --since"):
        await facts_of_incident(settings, now, now)


def test_the_command_prints_the_facts_as_json(settings):
    window = ["--since", "2026-11-01T00:00+05:30", "--until", "2126-01-01T00:00+05:30"]

    done = apuni_forked(["doctor", "incident", *window], os.environ | {"APUNI_HOME": str(settings.home)})

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profile"] == "demo"

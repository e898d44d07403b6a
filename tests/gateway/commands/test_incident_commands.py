"""`apuni incident`: what the status page tells, by the store alone."""

import json
import shutil
from dataclasses import asdict

import pytest

from domain.kernel import CommandFailed, Source
from gateway.commands.incident import end_incident_now, list_incidents, report_incident
from gateway.settings.settings import Settings
from tests.support.commands import on_storage
from tests.support.incidents import REPORT

TEXTS = {name: text for name, text in asdict(REPORT).items() if name.endswith(("_hi", "_en"))}


@pytest.fixture
def settings(tmp_path, migrated_sqlite) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    return Settings(home=home)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "incident.json"
    path.write_text(json.dumps(TEXTS), encoding="utf-8")
    return path


async def test_an_incident_is_told_listed_and_ended(settings, file, capsys):
    await on_storage(settings, report_incident, file, Source.DIGILOCKER)
    incident = capsys.readouterr().out.strip()
    await on_storage(settings, list_incidents)
    assert f"{incident} DIGILOCKER" in (listed := capsys.readouterr().out)
    assert "goes on: DigiLocker is slow" in listed

    await on_storage(settings, end_incident_now, incident)
    await on_storage(settings, list_incidents)
    assert "over: DigiLocker is slow" in capsys.readouterr().out


async def test_texts_are_changed_under_the_same_id(settings, file, capsys):
    await on_storage(settings, report_incident, file)
    incident = capsys.readouterr().out.strip()
    file.write_text(json.dumps({**TEXTS, "title_en": "Better now"}), encoding="utf-8")
    await on_storage(settings, report_incident, file, None, incident)
    await on_storage(settings, list_incidents)

    assert f"{incident} PORTAL" in (listed := capsys.readouterr().out)
    assert "Better now" in listed
    assert "1 incidents" in listed


@pytest.mark.parametrize("texts", ["{", "[]", json.dumps({**TEXTS, "more": "x"}), json.dumps({**TEXTS, "title_hi": 1})])
async def test_a_file_without_exactly_the_texts_is_refused(settings, file, texts):
    file.write_text(texts, encoding="utf-8")

    with pytest.raises(CommandFailed, match=r"incident\.json"):
        await on_storage(settings, report_incident, file)


async def test_a_text_that_is_empty_is_named(settings, file):
    file.write_text(json.dumps({**TEXTS, "meanwhile_hi": ""}), encoding="utf-8")

    with pytest.raises(CommandFailed, match="meanwhileHi"):
        await on_storage(settings, report_incident, file)


async def test_an_incident_that_is_not_there_cannot_be_ended(settings):
    with pytest.raises(CommandFailed, match="no such incident"):
        await on_storage(settings, end_incident_now, "none")

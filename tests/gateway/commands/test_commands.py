"""The commands for those who run the gateway, as they are typed."""

import json
import shutil
import sqlite3
import subprocess
import sys

import pytest

from gateway import cli
from gateway.commands.kernel import print_table
from tests.gateway.test_cli import apuni, told
from tests.support.running import Running

# `serve` and `worker`, which catch signals and keep logs of their own, are in test_cli.py.
COMMANDS = (
    ("migrate",),
    ("seed",),
    ("verify",),
    ("backup", "{home}/backup"),
    ("outbox", "list"),
    ("outbox", "show", "1"),
    ("outbox", "retry", "1"),
    ("outbox", "park", "1"),
    ("outbox", "give-up", "1", "--reason", "closed"),
    ("officer", "list"),
    ("person", "export", "somebody"),
    ("person", "erase", "somebody", "--yes"),
)


@pytest.fixture
def home(tmp_path, migrated_sqlite):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    return home


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_store_of_a_later_release_is_refused_by_every_command_with_one_line(home, command, monkeypatch, capsys):
    with sqlite3.connect(home / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'later'")
    connection.close()
    monkeypatch.setenv("APUNI_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["apuni", *(word.format(home=home) for word in command)])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 1
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    assert told == ["apuni: the database was migrated by a later release"]
    assert not (home / "backup").exists()


def test_an_empty_store_is_backed_up_verified_and_restored(home, tmp_path):
    file = tmp_path / "backup"
    assert lines(apuni(home, "verify"))[-1] == "apuni: the store is as it must be"
    assert "keyrings are not in it" in lines(apuni(home, "backup", str(file)))[-1]
    assert file.stat().st_mode & 0o077 == 0
    manifest = json.loads((tmp_path / "backup.manifest.json").read_text())
    assert manifest["keysIncluded"] is False

    shutil.copytree(home / "keys", tmp_path / "new" / "keys")
    assert "is restored" in lines(apuni(tmp_path / "new", "restore", str(file)))[-1]
    assert lines(apuni(tmp_path / "new", "verify"))[-1] == "apuni: the store is as it must be"


def test_a_damaged_backup_is_one_line_and_writes_nothing(home, tmp_path):
    file = tmp_path / "backup"
    lines(apuni(home, "backup", str(file), APUNI_BACKUP_PASSPHRASE="a long one"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))

    done = apuni(tmp_path / "new", "restore", str(file), APUNI_BACKUP_PASSPHRASE="a long one")

    [line] = told(done)
    assert "changed or cut off" in line
    assert not (tmp_path / "new" / "store.db").exists()
    [line] = told(apuni(tmp_path / "new", "restore", str(file)))
    assert "passphrase" in line


def test_a_store_that_is_wrong_ends_the_check_with_status_1(home):
    with sqlite3.connect(home / "store.db") as connection:
        connection.execute(
            "INSERT INTO e_transactions (event_key, event, day, service_code, district, channel, category, count, "
            "rules_version, recorded_at) VALUES ('DELIVERED:a', 'DELIVERED', '2026-11-24', 'X', '49', 'WEB', 'A', 1, "
            "'2026-1', '2026-11-24 06:30:00.000000')"
        )
    connection.close()

    done = apuni(home, "verify")

    assert done.returncode == 1
    assert "LEDGER_HAS_EVENTS_OF_NO_APPLICATION" in done.stdout


def test_a_message_that_is_not_there_is_one_line(home):
    assert told(apuni(home, "outbox", "show", "9")) == ["apuni: the message is not there"]
    assert told(apuni(home, "outbox", "retry", "9")) == ["apuni: it is delivered, or not there"]
    [refused] = told(apuni(home, "outbox", "give-up", "9", "--reason", "closed"))
    assert refused.endswith("mend the cause and retry it")
    assert "0 pending, 0 dead" in lines(apuni(home, "outbox", "list"))[-1]


def running_apuni(running: Running, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return apuni(running.home, *arguments, **more)


@pytest.mark.integration
def test_the_seeded_demo_verifies_and_its_backup_restores_while_it_runs(running: Running, tmp_path):
    assert lines(running_apuni(running, "verify"))[-1] == "apuni: the store is as it must be"
    file, secret = tmp_path / "backup", {"APUNI_BACKUP_PASSPHRASE": "a long passphrase"}
    lines(running_apuni(running, "backup", str(file), **secret))

    assert "is restored" in lines(apuni(tmp_path / "new", "restore", str(file), **secret))[-1]

    assert lines(apuni(tmp_path / "new", "verify"))[-1] == "apuni: the store is as it must be"
    again = apuni(tmp_path / "new", "restore", str(file), **secret)
    assert "into an empty place" in told(again)[0]
    assert "pending" in lines(running_apuni(running, "outbox", "list", "--state", "PENDING"))[-1]


def test_a_table_that_is_not_shown_on_a_terminal_is_never_cut_off(capsys):
    row = ("123456", "certificate.issue", "2026-11-24T06:30:00+00:00", "SWITCHED_OFF " * 12)
    print_table(("id", "topic", "due", "error"), [row], box=None)
    told = capsys.readouterr().out
    assert "certificate.issue" in told
    assert "2026-11-24T06:30:00+00:00" in told
    assert "…" not in told

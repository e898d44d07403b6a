import hashlib
import json
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.kernel import ManualClock
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Ledger, State, load_demo, write_onboarding

NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from sandbox.city.kit import State
state = State(Path(sys.argv[1]))
state.put("token", "a", {"n": 1})
state.take("code", "used")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_state_is_the_same_after_it_is_opened_again(tmp_path: Path):
    state = State(tmp_path)
    state.put("token", "a", {"name": "आशा", "n": 1})
    state.close()

    again = State(tmp_path)
    assert again.get("token", "a") == {"name": "आशा", "n": 1}
    assert again.get("token", "b") is None
    again.close()


def test_state_survives_kill_9(tmp_path: Path):
    before = State(tmp_path)
    before.add("code", "used", {})
    before.close()

    died = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(tmp_path)], check=False)

    state = State(tmp_path)
    assert died.returncode == -signal.SIGKILL
    assert state.get("token", "a") == {"n": 1}
    assert state.get("code", "used") is None
    state.close()


def test_add_leaves_what_is_there_and_take_gives_a_value_once(tmp_path: Path):
    state = State(tmp_path)
    assert state.add("code", "c", {"for": "first"})
    assert not state.add("code", "c", {"for": "second"})
    assert state.take("code", "c") == {"for": "first"}
    assert state.take("code", "c") is None
    state.close()


def test_values_of_one_kind_are_listed_by_key(tmp_path: Path):
    state = State(tmp_path)
    state.put("a", "2", {"n": 2})
    state.put("a", "1", {"n": 1})
    state.put("b", "3", {"n": 3})
    assert list(state.values_of("a").items()) == [("1", {"n": 1}), ("2", {"n": 2})]
    state.close()


def test_once_makes_a_value_on_the_first_call_only(tmp_path: Path):
    made = iter(({"secret": "first"}, {"secret": "second"}))
    state = State(tmp_path)
    assert state.get_or_create("key", "k", lambda: next(made)) == {"secret": "first"}
    state.close()

    again = State(tmp_path)
    assert again.get_or_create("key", "k", lambda: next(made)) == {"secret": "first"}
    again.close()


def test_the_ledger_keeps_the_hash_of_a_body_and_goes_on_counting_after_a_restart(tmp_path: Path):
    ledger = Ledger(tmp_path, ManualClock(NOON))
    ledger.record("POST", "/bill", "B1", b"body", "stored")
    ledger.close()

    again = Ledger(tmp_path, ManualClock(NOON))
    again.record("GET", "/bill", None, b"", None)
    first, second = again.entries()
    assert first == {
        "seq": 1,
        "at": "2026-11-23T06:30:00.000+00:00",
        "method": "POST",
        "route": "/bill",
        "key": "B1",
        "bodySha256": hashlib.sha256(b"body").hexdigest(),
        "effect": "stored",
    }
    assert again.entries(after=1) == [second]
    again.close()


def test_onboarding_is_readable_by_its_owner_only_and_replaced_whole(tmp_path: Path):
    path = tmp_path / "onboarding" / "csc.json"
    write_onboarding(path, {"secret": "one"})
    write_onboarding(path, {"secret": "two"})
    assert json.loads(path.read_text()) == {"secret": "two"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_demo_data_are_read_by_file_name(tmp_path: Path):
    (tmp_path / "people.json").write_text('[{"key": "asha-negi"}]')
    (tmp_path / "notes.txt").write_text("not data")
    assert load_demo(tmp_path) == {"people": [{"key": "asha-negi"}]}
    with pytest.raises(FileNotFoundError):
        load_demo(tmp_path / "absent")


def test_the_sandbox_clock_runs_on_from_the_instant_that_was_set():
    machine = ManualClock(NOON)
    clock = SandboxClock(base=machine)
    clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    machine.advance(timedelta(minutes=5))
    assert clock.now() == datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
    clock.set(None)
    assert clock.now() == NOON + timedelta(minutes=5)

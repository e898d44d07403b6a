"""`apuni events`, as it is typed: a receiver is proposed, listed and changed, and its log is shown."""

import re

import pytest

from tests.gateway.commands.test_catalogue_commands import run  # noqa: F401 - a fixture

URL = "https://crm.example.org/hook"
PROPOSE = ("events", "propose", "E_TAAL", URL, "--kind", "HANDED_IN", "--kind", "DECIDED")


@pytest.fixture
def proposed(run) -> tuple[str, str]:  # noqa: F811 - the fixture
    """The id and the secret of a receiver that was proposed."""
    _, told, _ = run(*PROPOSE)
    key, secret = told.splitlines()[:2]
    return key, secret


def test_a_receiver_is_proposed_with_a_secret_that_is_printed_once_and_waits(run, proposed):  # noqa: F811 - the fixture
    key, secret = proposed

    status, listed, _ = run("events", "list")

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert status == 0
    assert re.search(rf"{key}\s+E_TAAL\s+PROPOSED\s+{URL}", listed)
    assert secret not in listed


def test_a_department_that_is_not_there_and_an_address_without_tls_are_refused(run):  # noqa: F811 - the fixture
    of_nobody = run("events", "propose", "DEPARTMENT", URL, "--kind", "DECIDED", "--department", "nobody")
    clear = run("events", "propose", "UMANG", "http://crm.example.org/hook", "--kind", "DECIDED")

    assert (of_nobody[0], clear[0]) == (1, 1)
    assert "department" in " ".join(of_nobody[2])
    assert "url" in " ".join(clear[2])


def test_a_step_that_its_state_does_not_allow_is_refused_and_the_log_of_it_is_empty(run, proposed):  # noqa: F811 - the fixture
    key, _ = proposed

    changed, _, refused = run("events", "change", key, "ROTATE")
    logged, told, _ = run("events", "log", key)

    assert (changed, logged) == (1, 0)
    assert refused == ["apuni: receiverId: This is not possible in the present state. Please look at it again."]
    assert "apuni: PROPOSED" in told


def test_a_receiver_that_is_not_there_is_told_with_the_command_that_lists_them(run):  # noqa: F811 - the fixture
    missing = "apuni: no receiver nobody; `apuni events list` shows them"

    assert run("events", "log", "nobody") == (1, "", [missing])
    assert run("events", "change", "nobody", "SWITCH_OFF") == (1, "", [missing])

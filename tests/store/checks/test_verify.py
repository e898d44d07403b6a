"""`apuni verify` is silent on a store that is right, and names each thing that is wrong."""

import sqlite3

import pytest
from sqlalchemy import LargeBinary, text

from actions.applications import decide
from actions.benefits import sanction
from actions.etaal import etaal_rounds
from store.checks import counting, messages
from store.checks.contents import PLACES
from store.checks.references import SOFT
from store.tables import metadata
from tests.support.worlds import deliver_all, lives, wrong


@pytest.fixture
async def lived(peopled):
    await lives(peopled)
    return peopled


@pytest.fixture
async def sqlite_lived(sqlite_peopled):
    await lives(sqlite_peopled)
    return sqlite_peopled


async def test_a_store_that_was_only_used_by_the_verbs_is_right(lived):
    assert await wrong(lived.env) == []


async def test_a_second_delivery_of_everything_changes_nothing(sqlite_lived):
    sent = len(sqlite_lived.dbt.instructed)
    async with sqlite_lived.env.store.write_transaction() as tx:
        await tx.connection.execute(text("UPDATE outbox SET state = 'PENDING', delivered_at = NULL, attempts = 0"))
    assert await deliver_all(sqlite_lived) >= 2
    assert len(sqlite_lived.dbt.instructed) == sent
    assert await wrong(sqlite_lived.env) == []


SPOILT = {
    "UPDATE applications SET number = number || '0' WHERE status = 'DELIVERED'": {"NUMBER_NOT_WELL_FORMED"},
    "UPDATE applications SET status = 'APPROVED' WHERE status = 'WITHDRAWN'": {
        "STATUS_IS_NOT_THE_LAST",
        "FIGURE_IS_NOT_THE_RECOUNT",
    },
    "UPDATE figure_deltas SET received = received + 1 WHERE id = 1": {"FIGURE_IS_NOT_THE_RECOUNT"},
    "UPDATE applications SET version = version + 1 WHERE status = 'REJECTED'": {"VERSIONS_HAVE_A_GAP"},
    "UPDATE timeline_entries SET actor_id = NULL WHERE move = 'REJECT'": {"STEP_WITHOUT_AUTHOR"},
    "UPDATE timeline_entries SET status_after = 'APPROVED' WHERE move = 'REJECT'": {
        "STEP_NOT_LAWFUL",
        "STATUS_IS_NOT_THE_LAST",
    },
    "DELETE FROM e_transactions WHERE event = 'REJECTED_BY_ORDER'": {
        "LEDGER_IS_NOT_THE_STEPS",
        "DAY_CHAIN_IS_BROKEN",
        "DAY_TOTAL_IS_NOT_THE_LEDGER",
    },
    "DELETE FROM outbox WHERE topic = 'certificate.issue'": set(),
    "UPDATE certificates SET citizen_id = (SELECT citizen_id FROM citizens WHERE aadhaar_last4 IS NOT NULL)": {
        "CITIZEN_IS_ANOTHER"
    },
    "UPDATE instalments SET bill_number = 'UKB1', status = 'SANCTIONED'": {
        "BILL_NUMBER_IS_ANOTHER",
        "PAYMENT_STATUS_IS_NOT_THE_LAST",
        "DELIVERED_WITHOUT_PAYMENT",
        "SANCTIONED_WITHOUT_MESSAGE",
    },
    "UPDATE audit_lines SET actor = 'SOMEBODY' WHERE id = 3": {"AUDIT_CHAIN_IS_BROKEN"},
    "DELETE FROM audit_lines WHERE id = (SELECT max(id) FROM audit_lines WHERE action = 'application.submit')": {
        "AUDIT_CHAIN_IS_BROKEN",
        "AUDIT_LINES_ARE_NOT_THE_STEPS",
        "NO_AUDIT_LINES_FOR_LINE_ID",
    },
    "UPDATE applications SET form = reason WHERE reason IS NOT NULL": {"FIELD_DOES_NOT_OPEN"},
    "UPDATE applications SET officer_id = 'nobody' WHERE status = 'REJECTED'": {"NO_OFFICERS_FOR_OFFICER_ID"},
    "UPDATE citizens SET aadhaar_last4 = '0000' WHERE aadhaar_last4 IS NOT NULL": {"VAULT_REFERENCE_DOES_NOT_RESOLVE"},
}


@pytest.mark.parametrize("statement", SPOILT)
async def test_what_is_spoilt_is_named(sqlite_lived, tmp_path, statement):
    connection = sqlite3.connect(tmp_path / "store.db")  # which does not hold to foreign keys
    connection.execute(statement)
    connection.commit()
    connection.close()

    assert {line.split()[0] for line in await wrong(sqlite_lived.env)} == SPOILT[statement]


async def test_a_lost_and_a_damaged_file_are_named(sqlite_lived, tmp_path):
    objects = sorted(path for path in (tmp_path / "objects").rglob("*") if len(path.name) == 64)
    objects[0].unlink()
    objects[1].write_bytes(b"something else")

    assert {line.split()[0] for line in await wrong(sqlite_lived.env)} == {"FILE_IS_MISSING", "FILE_IS_DAMAGED"}


async def test_a_number_of_the_vault_that_does_not_open_is_named(sqlite_lived):
    async with sqlite_lived.env.vault.transaction() as tx:
        await tx.connection.execute(text("UPDATE vault_entries SET number = number_index"))

    found = await wrong(sqlite_lived.env)

    assert {line.split()[0] for line in found} == {"VAULT_NUMBER_DOES_NOT_OPEN", "VAULT_REFERENCE_DOES_NOT_RESOLVE"}


def test_the_checker_knows_the_same_events_and_topics_as_the_verbs():
    assert counting.CLOSED == etaal_rounds.CLOSE
    assert (messages.ISSUE, messages.INSTRUCT) == (decide.ISSUE, sanction.INSTRUCT)


def test_every_encrypted_column_stands_in_a_table_with_one_key():
    for table in metadata.sorted_tables:
        if any(isinstance(column.type, LargeBinary) for column in table.columns):
            assert len(table.primary_key.columns) == 1 or table.name in PLACES, table.name


def test_no_foreign_key_has_more_than_one_column():
    for table in metadata.sorted_tables:
        assert all(len(constraint.columns) == 1 for constraint in table.foreign_key_constraints), table.name
    assert all(column.table is not target.table for column, *targets in SOFT for target in targets)

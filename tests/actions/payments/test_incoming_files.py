"""Files of money that cannot be read or put away: each is told by a case, none counts, and none stops the others."""

import pytest
from sqlalchemy import update

from actions.payments import incoming_files
from actions.payments.reconciliation import reconcile
from domain.benefits.benefits import Rail
from domain.kernel import ist_date
from domain.payments.files import FileState, Transport
from store.payments.payment_tables import files_table
from tests.support.payments import Paying

pytestmark = pytest.mark.integration
TOO_LARGE = "0905AAA_24112026113000.xml"
"""Sorted before what PFMS itself writes."""


async def sent(paying: Paying) -> None:
    """A payment that PFMS has taken, and whose news lie ready."""
    paying.pfms.at_once()
    await paying.validated()
    await paying.round(now=True)
    paying.pfms.pass_time(seconds=1)
    paying.pfms.pick_up()


async def night(paying: Paying) -> str:
    """The payment is credited, the night passes, and the statement of the day lies ready; its name."""
    await sent(paying)
    for _ in range(2):
        await paying.answers()
        paying.pfms.pass_time(seconds=1)
        paying.pfms.pick_up()
    paying.pfms.pass_time(hours=18)
    paying.pfms.pick_up()
    (name,) = paying.files().names("/in/daily-statement")
    return name


async def mark(paying: Paying, name: str, state: FileState) -> None:
    """Let the ledger say something else of a file, as where a process died, and let the file lie at PFMS again."""
    async with paying.env.store.write_transaction() as tx:
        values = {"state": state.value, "reason": "BAD_SIGNATURE" if state is FileState.REFUSED else None}
        await tx.connection.execute(update(files_table).where(files_table.c.name == name).values(**values))


@pytest.mark.parametrize("way", Transport)
async def test_a_file_that_is_too_large_is_refused_unread_and_the_others_are_read(
    paying: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(paying)
    monkeypatch.setattr(incoming_files, "LARGEST_FILE", 100_000)
    paying.files().put(f"/in/bank-status/{TOO_LARGE}", b"<" * 100_001)
    await paying.answers()
    (entry,) = [one for one in await paying.ledger() if one.name == TOO_LARGE]
    assert (entry.state, entry.reason, entry.size) == (FileState.REFUSED, incoming_files.TOO_LARGE, 100_001)
    assert TOO_LARGE in paying.archive("bank-status", "failed")
    assert await paying.cases() == [("FILE_REFUSED", f"file:{TOO_LARGE}")]
    assert paying.files().names("/in/bank-status") == []
    assert [one.state for one in await paying.ledger() if one.name != TOO_LARGE][-1] == FileState.APPLIED


async def test_a_statement_that_is_too_large_does_not_keep_the_day_from_being_compared(
    paying: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = ist_date(paying.clock.now())
    await night(paying)
    monkeypatch.setattr(incoming_files, "LARGEST_FILE", 100_000)
    paying.files().put(f"/in/daily-statement/{TOO_LARGE}", b"<" * 100_001)
    run = await reconcile(paying.env, Rail.PFMS, day)
    assert (run.rows_compared, run.differences) == (1, 0)
    assert await paying.cases() == [("FILE_REFUSED", f"file:{TOO_LARGE}")]


async def test_a_statement_that_cannot_be_put_away_does_not_keep_the_day_from_being_compared(paying: Paying) -> None:
    day = ist_date(paying.clock.now())
    name = await night(paying)
    paying.files().put(f"/archive/daily-statement/{name}", b"another file that lies there")
    run = await reconcile(paying.env, Rail.PFMS, day)
    assert (run.problem, run.rows_compared, run.differences) == (None, 1, 0)


@pytest.mark.parametrize("state", [FileState.REFUSED, FileState.REUSED])
async def test_a_statement_whose_refusal_was_cut_off_is_put_away_later_and_never_counts(
    paying: Paying, state: FileState
) -> None:
    day = ist_date(paying.clock.now())
    name = await night(paying)
    content = paying.files().get(f"/in/daily-statement/{name}")
    await reconcile(paying.env, Rail.PFMS, day)
    await mark(paying, name, state)
    assert content is not None
    paying.files().put(f"/in/daily-statement/{name}", content)
    before = len(await paying.ledger())
    await reconcile(paying.env, Rail.PFMS, ist_date(paying.clock.now()))
    assert name in paying.archive("daily-statement", "failed")
    assert len(await paying.ledger()) == before
    assert (await paying.ledger())[-1].state == state


async def test_a_right_statement_under_the_name_of_a_refused_one_is_read(paying: Paying) -> None:
    day = ist_date(paying.clock.now())
    name = await night(paying)
    right = paying.files().get(f"/in/daily-statement/{name}")
    assert right is not None
    paying.files().put(f"/in/daily-statement/{name}", right[:-200])
    first = await reconcile(paying.env, Rail.PFMS, day)
    assert (first.rows_read, first.problem) == (0, "STATEMENT_MISSING")
    paying.files().put(f"/in/daily-statement/{name}", right)
    run = await reconcile(paying.env, Rail.PFMS, day)
    assert (run.rows_read, run.rows_compared, run.differences) == (1, 1, 0)


async def test_other_content_under_the_name_of_a_statement_that_counts_is_an_alarm(paying: Paying) -> None:
    day = ist_date(paying.clock.now())
    name = await night(paying)
    await reconcile(paying.env, Rail.PFMS, day)
    paying.files().put(f"/in/daily-statement/{name}", b"<other/>")
    await reconcile(paying.env, Rail.PFMS, ist_date(paying.clock.now()))
    assert ("FILE_NAME_REUSED", f"file:{name}") in await paying.cases()
    assert (await paying.ledger())[-1].state == FileState.REUSED

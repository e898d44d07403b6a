"""A store with many payments that are due, and PFMS's books in which their beneficiaries are validated already."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from actions.kernel import Environment
from domain.benefits.benefits import PaymentStatus, Rail, SanctionState
from domain.benefits.bills import bill_number, end_to_end_id
from domain.kernel import Bilingual, Citizen, Language, NumberKind, SystemIds, make_number
from domain.payments.files import PayeeDetails, PaymentRules, RegistrationState, Transport, beneficiary_id
from integrations.dbt_finance.pfms import Pfms
from integrations.dbt_finance.pfms.models import PfmsIdentity
from integrations.dbt_finance.pfms.papers import PfmsPapers
from integrations.dbt_finance.pfms.settings import SftpSettings
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.dbt_finance.pfms.system import create_sandbox
from store.benefits.benefits import instalments_table, sanctions_table
from store.database import FieldCipher, Keyrings, Store, Transaction
from store.database.bulk import insert_rows
from store.identity import people
from store.payments.payment_tables import accounts_table, beneficiaries_table
from tests.support.catalogued import bare_environment, calendar_of_the_catalogue
from tests.support.pfms import loopback
from tests.support.remotes import shared_resilience

SCHEME, ACCOUNT, PAISE = "uk-old-age-pension", "50100012345600", 150_000
MORNING = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
"""Tuesday, 11:00 in India: banks work, and the first batch time has passed."""
NEXT_MORNING = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)
"""When the statement of that day lies ready."""

AT_ONCE: dict[str, Any] = {
    "pick_up_minutes": 0.02,
    "check_minutes": 0,
    "credit_hours": 0,
    "return_hours": 0,
    "bank_runs": [],
}
_PAGE = 5_000


def clock_of(folder: Path) -> SandboxClock:
    """The clock of the run, the same in each of its processes: it goes on from that morning."""
    kept = folder / "clock.json"
    now = datetime.now(UTC)
    if not kept.exists():
        kept.write_text(json.dumps((MORNING - now).total_seconds()))
    return SandboxClock(timedelta(seconds=float(json.loads(kept.read_text()))))


def move_clock(folder: Path, to: datetime) -> None:
    """Let processes that are started from now on begin at another time."""
    (folder / "clock.json").write_text(json.dumps((to - datetime.now(UTC)).total_seconds()))


def sandbox_of(folder: Path) -> Sandbox:
    """PFMS; its port is in its onboarding file."""
    home = SandboxHome(
        "pfms",
        folder / "pfms",
        folder / "onboarding" / "pfms.json",
        clock_of(folder),
        {},
        "http://gateway.test",
        "http://sandbox.test",
    )
    return create_sandbox(home)


@asynccontextmanager
async def open_environment(folder: Path, url: str) -> AsyncIterator[Environment]:
    """The environment of a worker, with PFMS over SFTP."""
    clock = clock_of(folder)
    keyrings = Keyrings(folder / "keys")
    keyrings.init()
    given = json.loads((folder / "onboarding" / "pfms.json").read_text())
    async with AsyncExitStack() as stack:
        store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        env = await stack.enter_async_context(bare_environment(store, keyrings, clock, folder, SystemIds(clock)))
        exchange = SftpExchange(SftpSettings.from_onboarding(given), shared_resilience(clock), loopback)
        stack.push_async_callback(exchange.aclose)
        partners = replace(
            env.partners,
            pfms=Pfms(
                exchange,
                Transport.SFTP,
                PfmsIdentity.from_onboarding(given),
                PfmsPapers.from_onboarding(given),
            ),
        )
        rules = PaymentRules(lines_per_file=_lines(folder))
        yield replace(
            env, partners=partners, rules=replace(env.rules, calendar=calendar_of_the_catalogue(), payments=rules)
        )


def _lines(folder: Path) -> int:
    kept = folder / "lines.json"
    return int(json.loads(kept.read_text())) if kept.exists() else PaymentRules().lines_per_file


async def fill(env: Environment, folder: Path, many: int, tell: Callable[[int], None]) -> None:
    """So many sanctions with one payment each, and their beneficiaries on both sides; ten files at least."""
    (folder / "lines.json").write_text(json.dumps(min(env.rules.payments.lines_per_file, max(many // 10, 1))))
    citizen = _citizen(env)
    async with env.store.write_transaction() as tx:
        await people.add_citizen(tx, citizen)
    numbers = iter(range(1, many + 1))
    while page := list(islice(numbers, _PAGE)):
        await env.store.carry_out(lambda tx, page=page: _add(env, tx, citizen.id, page))  # type: ignore[misc]
        _register(folder, page)
        tell(page[-1])


async def _add(env: Environment, tx: Transaction, citizen: str, page: list[int]) -> None:
    now = env.clock.now()
    rows: dict[str, list[dict[str, Any]]] = {"sanctions": [], "instalments": [], "beneficiaries": [], "accounts": []}
    for number in page:
        name, sanction = _number(number), env.ids.key()
        who = beneficiary_id(name)
        account = f"{who}.1"
        rows["sanctions"].append(_sanction(sanction, citizen, name, now))
        rows["instalments"].append(_instalment(env.ids.key(), sanction, citizen, name, now))
        rows["beneficiaries"].append(_beneficiary(who, sanction, citizen, account, number, now))
        details = PayeeDetails("Sita Devi", "सीता देवी", ACCOUNT, "SBIN0000630", "STATE BANK OF INDIA", "49")
        sealed = tx.cipher.encrypt_json(asdict(details), f"beneficiary_accounts:details:{account}")
        rows["accounts"].append(
            {"id": account, "citizen_id": citizen, "beneficiary_id": who, "version": 1, "details": sealed,
             "created_at": now}
        )  # fmt: skip
    for table, name in (
        (sanctions_table, "sanctions"),
        (instalments_table, "instalments"),
        (beneficiaries_table, "beneficiaries"),
        (accounts_table, "accounts"),
    ):
        await insert_rows(tx, table, rows[name])


def _number(number: int) -> str:
    return make_number(NumberKind.PAYMENT, 2026, f"{number:010d}")


def _citizen(env: Environment) -> Citizen:
    return Citizen(
        id=env.ids.key(),
        name=Bilingual("सीता देवी", "Sita Devi"),
        born_on=date(1950, 3, 14),
        gender="F",
        mobile="9800000001",
        district="49",
        tehsil="304",
        language=Language.HI,
        created_at=env.clock.now(),
    )


def _sanction(key: str, citizen: str, number: str, now: datetime) -> dict[str, Any]:
    return {
        "id": key,
        "citizen_id": citizen,
        "number": number,
        "scheme_code": SCHEME,
        "district": "49",
        "amount_paise": PAISE,
        "period": "monthly",
        "bank_account_last4": ACCOUNT[-4:],
        "sanctioned_at": now,
        "state": SanctionState.ACTIVE.value,
    }


def _instalment(key: str, sanction: str, citizen: str, number: str, now: datetime) -> dict[str, Any]:
    return {
        "id": key,
        "citizen_id": citizen,
        "sanction_id": sanction,
        "sequence": 1,
        "period_from": date(2026, 11, 1),
        "period_to": date(2026, 11, 30),
        "amount_paise": PAISE,
        "bill_number": bill_number(number, 1),
        "end_to_end_id": end_to_end_id(number, 1),
        "status": PaymentStatus.SANCTIONED.value,
        "status_at": now,
        "rail": Rail.PFMS.value,
        "kind": "REGULAR",
        "deducted_paise": 0,
    }


def _beneficiary(who: str, sanction: str, citizen: str, account: str, number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": who,
        "citizen_id": citizen,
        "sanction_id": sanction,
        "scheme_code": SCHEME,
        "agency": "UKDD0001",
        "method": "A",
        "version": 1,
        "account_id": account,
        "state": RegistrationState.VALIDATED.value,
        "state_at": now,
        "cpsms_id": f"U{number:09d}",
        "created_at": now,
    }


def _register(folder: Path, page: list[int]) -> None:
    """Enter the same beneficiaries in PFMS's books as validated."""
    rows = [
        (beneficiary_id(_number(number)), f"U{number:09d}", "2411260000", ACCOUNT[-4:], None, None, "ACCP", None,
         "2026-11-20T06:00:00Z")
        for number in page
    ]  # fmt: skip
    with sqlite3.connect(folder / "pfms" / "books.db", timeout=60) as books:
        books.executemany("INSERT INTO beneficiary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", rows)


def orders(folder: Path) -> Iterator[tuple[int, int, int]]:
    """How many orders PFMS holds, of how many payments, and their sum in paise."""
    with sqlite3.connect(folder / "pfms" / "books.db", timeout=60) as books:
        yield from books.execute(
            "SELECT COUNT(*), COUNT(DISTINCT end_to_end_id), COALESCE(SUM(paise), 0) FROM payment"
        ).fetchall()

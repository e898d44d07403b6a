"""A store with many payments that are due, and PFMS's books in which their beneficiaries are validated already."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from actions.kernel import Environment
from benchmarks.money.plan import FILES, Kind, Plan, paise_of
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

SCHEME, ACCOUNT = "uk-old-age-pension", "50100012345600"
AADHAAR = "999941057058"
MORNING = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
"""Wednesday, 11:00 in India: banks work, and the first batch time has passed."""
NEXT_MORNING = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)
"""When the statement of that day lies ready, and what PFMS says late."""
NEXT_NOON = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
"""When what was let go again goes in batches."""
LAST_MORNING = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
"""When the second day's statement lies ready."""

AT_ONCE: dict[str, Any] = {
    "pick_up_minutes": 0.02,
    "check_minutes": 0,
    "credit_hours": 0,
    "return_hours": 0,
    "late_return_days": 1,
    "bank_runs": [],
    "apbs_credits": "both",
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


def plan_of(folder: Path, many: int) -> Plan:
    """What is to become of each of so many payments."""
    return Plan(many, _lines(folder))


async def fill(env: Environment, folder: Path, many: int, tell: Callable[[int], None]) -> None:
    """So many sanctions with one payment each, and their beneficiaries on both sides, as the plan of the day says."""
    (folder / "lines.json").write_text(json.dumps(min(env.rules.payments.lines_per_file, many // FILES)))
    plan = plan_of(folder, many)
    citizen, reference = _citizen(env), (await env.vault.put(AADHAAR)).reference
    async with env.store.write_transaction() as tx:
        await people.add_citizen(tx, citizen)
    numbers = iter(range(1, many + 1))
    while page := list(islice(numbers, _PAGE)):
        payees = [_Payee(number, plan.kind_of(number), citizen.id, reference) for number in page]
        await env.store.carry_out(lambda tx, payees=payees: _add(env, tx, payees))  # type: ignore[misc]
        _register(folder, payees)
        tell(page[-1])


@dataclass(frozen=True, slots=True)
class _Payee:
    """Somebody to be paid: her number, what is to become of her payment, and who she is."""

    number: int
    kind: Kind
    citizen: str
    aadhaar_reference: str

    @property
    def account(self) -> str:
        return ACCOUNT[:-3] + self.kind.account

    @property
    def details(self) -> PayeeDetails:
        reference = self.aadhaar_reference if self.kind.by_aadhaar else None
        return PayeeDetails(
            "Sita Devi", "सीता देवी", self.account, "SBIN0000630", "STATE BANK OF INDIA", "49", reference
        )


async def _add(env: Environment, tx: Transaction, payees: list[_Payee]) -> None:
    now = env.clock.now()
    rows: dict[str, list[dict[str, Any]]] = {"sanctions": [], "instalments": [], "beneficiaries": [], "accounts": []}
    for payee in payees:
        name, sanction = number_of(payee.number), env.ids.key()
        who = beneficiary_id(name)
        account = f"{who}.1"
        rows["sanctions"].append(_sanction(sanction, payee, name, now))
        rows["instalments"].append(_instalment(env.ids.key(), sanction, payee, name, now))
        rows["beneficiaries"].append(_beneficiary(who, sanction, account, payee, now))
        sealed = tx.cipher.encrypt_json(asdict(payee.details), f"beneficiary_accounts:details:{account}")
        rows["accounts"].append(
            {"id": account, "citizen_id": payee.citizen, "beneficiary_id": who, "version": 1, "details": sealed,
             "created_at": now}
        )  # fmt: skip
    for table, name in (
        (sanctions_table, "sanctions"),
        (instalments_table, "instalments"),
        (beneficiaries_table, "beneficiaries"),
        (accounts_table, "accounts"),
    ):
        await insert_rows(tx, table, rows[name])


def number_of(number: int) -> str:
    """The number of a sanction."""
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


def _sanction(key: str, payee: _Payee, number: str, now: datetime) -> dict[str, Any]:
    return {
        "id": key,
        "citizen_id": payee.citizen,
        "number": number,
        "scheme_code": SCHEME,
        "district": "49",
        "amount_paise": paise_of(payee.number),
        "period": "monthly",
        "bank_account_last4": payee.account[-4:],
        "sanctioned_at": now,
        "state": SanctionState.ACTIVE.value,
    }


def _instalment(key: str, sanction: str, payee: _Payee, number: str, now: datetime) -> dict[str, Any]:
    return {
        "id": key,
        "citizen_id": payee.citizen,
        "sanction_id": sanction,
        "sequence": 1,
        "period_from": date(2026, 11, 1),
        "period_to": date(2026, 11, 30),
        "amount_paise": paise_of(payee.number),
        "bill_number": bill_number(number, 1),
        "end_to_end_id": end_to_end_id(number, 1),
        "status": PaymentStatus.SANCTIONED.value,
        "status_at": now,
        "rail": Rail.PFMS.value,
        "kind": "REGULAR",
        "deducted_paise": 0,
    }


def _beneficiary(who: str, sanction: str, account: str, payee: _Payee, now: datetime) -> dict[str, Any]:
    return {
        "id": who,
        "citizen_id": payee.citizen,
        "sanction_id": sanction,
        "scheme_code": SCHEME,
        "agency": "UKDD0001",
        "method": "U" if payee.kind.by_aadhaar else "A",
        "version": 1,
        "account_id": account,
        "state": RegistrationState.VALIDATED.value,
        "state_at": now,
        "cpsms_id": f"U{payee.number:09d}",
        "created_at": now,
    }


def _register(folder: Path, payees: list[_Payee]) -> None:
    """Enter the same beneficiaries in PFMS's books as validated."""
    rows = [
        (beneficiary_id(number_of(payee.number)), f"U{payee.number:09d}", "2411260000", payee.account[-4:], None, None,
         "ACCP", None, "2026-11-20T06:00:00Z")
        for payee in payees
    ]  # fmt: skip
    with sqlite3.connect(folder / "pfms" / "books.db", timeout=60) as books:
        books.executemany("INSERT INTO beneficiary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", rows)


_STANDING = """SELECT end_to_end_id, paise, CASE WHEN return_at IS NOT NULL THEN 'RETURNED'
 WHEN credit_at IS NOT NULL THEN 'CREDITED' ELSE 'IN_FLIGHT' END FROM payment"""
_UNDONE = """SELECT (SELECT COUNT(*) FROM arrival WHERE at <= :now)
 + (SELECT COUNT(*) FROM event WHERE done = 0 AND due <= :now)"""


def is_quiet(folder: Path, now: datetime) -> bool:
    """Whether PFMS has done all that was due until now."""
    with sqlite3.connect(folder / "pfms" / "books.db", timeout=60) as books:
        ((many,),) = books.execute(_UNDONE, {"now": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}).fetchall()
    return bool(many == 0)


def their_payments(folder: Path) -> dict[str, tuple[str, int]]:
    """How each payment that PFMS holds stands in the end, with its amount in paise, by end-to-end id."""
    with sqlite3.connect(folder / "pfms" / "books.db", timeout=60) as books:
        return {name: (stands, paise) for name, paise, stands in books.execute(_STANDING)}

"""Everything that is kept of one citizen: read table by table, and erased where no rule keeps it.

Erasing writes over the person's own words and data and leaves the bare record: numbers, states, dates, places.
Audit lines, counters and the ledger hold no personal data, so nothing here touches them. The rules name what
keeps a table; a test asserts that every table with a citizen, or with sealed columns, is named here.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Select, Table, Text, delete, func, literal, select, true, tuple_, type_coerce, update
from sqlalchemy.sql import ColumnElement

from domain.appeals import OPEN as OPEN_APPEALS
from domain.benefits import PaymentStatus
from domain.certificates import CertificateStatus
from domain.lifecycle import OPEN
from store import changes
from store.checks.contents import sealed_columns
from store.engine import Transaction
from store.sql import AnyRow, first
from store.tables import metadata

ERASED = "(erased)"
"""Stands in for a text that must not be empty."""

DELETED: Mapping[str, str] = MappingProxyType(
    {"identities": "person_id", "locker_grants": "citizen_id", "department_documents": "citizen_id",
     "appeal_opt_outs": "citizen_id", "claims": "citizen_id", "upload_uses": "citizen_id", "uploads": "citizen_id",
     "notices": "citizen_id", "relatives": "citizen_id", "sent_codes": "citizen_id", "account_links": "citizen_id",
     "citizen_contacts": "citizen_id", "locker_orders": "citizen_id", "legacy_persons": "citizen_id",
     "partial_uploads": "citizen_id", "quarantined_files": "citizen_id", "umang_requests": "citizen_id"}
)  # fmt: skip
"""Tables whose rows of the person are deleted, with the column that names her."""

TEXTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "applications": ("reason",),
        "timeline_entries": ("note",),
        "clearances": ("question", "answer"),
        "second_opinions": ("reason", "answer_note"),
        "doorstep_visits": ("witness", "otp"),
        "feedback": ("text",),
        "grievances": ("text",),
        "suggestions": ("text", "reply"),
        "appeal_events": ("note",),
        "appeal_awards": ("reason",),
        "delay_reasons": ("text",),
        "record_claims": ("reason",),
        "grievance_replies": ("text",),
        "finance_case_events": ("note",),
        # That money was taken and given back stays; the words that came about it do not.
        "fee_messages": ("content",),
    }
)
"""Sealed texts that are emptied."""

Blank = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _texts_of(old: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: ERASED if isinstance(value, str) else None for name, value in old.items()}


def _nothing(_: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


def _nobody(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """The person of a row of a roster, whose fields are read back one by one."""
    named = dict.fromkeys(("reference", "name", "guardian"), ERASED)
    unnamed: dict[str, Any] = {"name_hi": None, "mobile": None, "answers": {}, "documents": {}}
    return {**named, **unnamed, "born_on": date.min.isoformat(), "relation": "GUARDIAN"}


VALUES: Mapping[str, tuple[str, Blank]] = MappingProxyType(
    {
        "applications": ("form", _nothing),
        "application_documents": ("reference", _texts_of),
        "appeals": ("content", _texts_of),
        "verifications": ("content", _texts_of),
        "citizens": (
            "personal",
            lambda old: {**dict.fromkeys(old), "name_hi": "मिटाया गया", "name_en": "Erased"},
        ),
        # The record stays for seven years (docs/consent.md); her mobile and e-mail in the artefact do not.
        "consent_records": ("artefact", _nothing),
        # Which documents answers came from; the version of the form stays.
        "application_forms": ("sources", _nothing),
        # Who acted for her, when and by whose word stays, as the consent does; whom the operator named does not.
        "assistances": ("applicant", _nothing),
        "certificate_endings": ("reason", _texts_of),
        # The row goes with its session; by what a provider knew it goes now.
        "session_tokens": ("tokens", _nothing),
        # That a school or camp filed for her stays with the application; who she and her guardian are does not.
        "roster_rows": ("person", _nobody),
        # That the account was corrected stays; which it was does not.
        "payment_accounts": ("account", _nothing),
        # That she was paid stays, as does the code that PFMS has for her; who and to which account does not.
        "beneficiary_accounts": ("details", _texts_of),
        # What the Commission decided stays with the appeal; the words that it came in do not.
        "commission_messages": ("payload", _nothing),
    }
)
"""Sealed JSON values that are replaced."""

PLAIN: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "citizens": {"aadhaar_last4": None, "district": None, "tehsil": None},
        "sanctions": {"bank_account_last4": None},
        "application_documents": {"sha256": None},
        "verifications": {"photos": []},
        "doorstep_visits": {"paper_sha256": None, "otp_hash": None},
        "applications": {"fee_receipt": None},
        "assistances": {"paper_sha256": None},
        # That it came from a former system stays; by what an import would know it again does not.
        "legacy_applications": {"content_index": ""},
        "roster_rows": {"person_index": None, "consent_paper_sha256": None, "receipt_sha256": None},
        "commission_cases": {"bundle": None, "bundle_octets": None},
    }
)
"""Columns that are set to a value that says nothing."""

KEPT: Mapping[str, str] = MappingProxyType(
    {
        "certificates": "a public record that others rely on: it stays as issued while it can be verified "
        "(DPDP Act 2023, sections 7(b) and 17(4))",
        "locker_copies": "which lockers hold a public record, so that one that is revoked can be taken out of them",
        "data_accesses": "receipts without personal data, at least a year (DPDP Rules 2025, rules 6(1)(e) and 8(3))",
        "outside_reads": "receipts without personal data, as data_accesses",
        "consent_deletions": "places in the ledger of consents, without what was said; they hold no personal data",
        "covered_cases": "the record of who had a case while its officer was away; it holds no personal data",
        "sessions": "a log without personal data, at least 180 days (CERT-In directions of 28 April 2022, iv); ended",
        "session_devices": "as sessions; it goes with its session, and what refresh tokens are made of stays sealed",
        "application_strengths": "how sure the applicant's identity was; it holds no personal data",
        "instalments": "the account of public money; it holds no personal data",
        "sanction_stops": "the record of a benefit that was stopped; it holds no personal data",
        "life_certificates": "the record on which a benefit went on; it holds no personal data",
        "payment_approvals": "the record of who approved public money; it holds no personal data",
        "budget_holds": "the account of public money; it holds no personal data",
        "recoveries": "the account of public money; it holds no personal data",
        "recovery_parts": "the account of public money; it holds no personal data",
        "payment_events": "the account of public money; it holds no personal data",
        "payment_beneficiaries": "the account of public money; codes and states only",
        "payment_lines": "the account of public money; references, sums and states only",
        "registration_lines": "the account of public money; references and states only",
        "finance_cases": "the account of public money; it holds no personal data",
        "fee_orders": "the account of public money; it holds no personal data",
        "appeal_hearings": "the record of a statutory appeal; it holds no personal data",
        "escalations": "the record of a breach of the time limit; it holds no personal data",
    }
)
"""Tables of a citizen that stay as they are, and what keeps them."""

PASSING: Mapping[str, str] = MappingProxyType(
    {
        "outbox": "kept until it is delivered; it names rows and not people",
        "changes": "names rows only; forgotten after some weeks (APUNI_RETENTION__CHANGE_DAYS)",
        "idempotency_records": "what verbs kept names rows only; whole answers that she got are deleted with her, "
        "those that others got about her after seven days",
        "sign_ins": "forgotten after minutes",
        "app_codes": "forgotten after minutes",
        "umang_links": "accounts that wait for their person: forgotten after minutes",
        "payment_sealed_files": "destroyed with the final status of the last payment in them, before which nobody in "
        "them can be erased",
        "payment_answers": "what PFMS told, sealed; destroyed after some months (APUNI_PAYMENTS__ANSWER_DAYS)",
        "partial_upload_pieces": "pieces of a file on its way: they go with it, after a day at the latest",
    }
)
"""Tables that pass by themselves, or go with the row of a citizen that they belong to."""

THROUGH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "grievance_replies": ("grievance_id", "grievances"),
        "payment_lines": ("instalment_id", "instalments"),
        "registration_lines": ("beneficiary_id", "payment_beneficiaries"),
        "certificate_endings": ("certificate_id", "certificates"),
        "session_devices": ("session_id", "sessions"),
        "session_tokens": ("session_id", "sessions"),
        "application_strengths": ("application_id", "applications"),
        "partial_upload_pieces": ("partial_id", "partial_uploads"),
    }
)
"""Tables that belong to a citizen through another one: the column that names its row, and that table."""

SECRET = frozenset(
    {
        "otp",
        "otp_hash",
        "tokens",
        "subject_index",
        "witness",
        "code_hash",
        "sent",
        "ticket_hash",
        "browser_hash",
        "seed",
        "proven",
        "mobile_index",
        "person_index",
        "content_index",
        "born_index",
        "reference_index",
        "infected",
    }
)
"""Columns that are not the citizen's to read: secrets of the gateway, or another person's."""

PIECES: Mapping[str, str] = MappingProxyType({"partial_upload_pieces": "content"})
"""Sealed columns with octets of a file, which is no file yet: rows name files and do not carry them."""

FINAL_PAYMENTS = (
    PaymentStatus.CREDITED,
    PaymentStatus.RETURNED,
    PaymentStatus.REISSUED,
    PaymentStatus.BENEFICIARY_REJECTED,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table; `after` goes on behind them, None where there are no more."""

    rows: tuple[Mapping[str, Any], ...]
    after: str | None


def person_tables() -> dict[str, Column[str]]:
    """The tables that hold something of a citizen, with the column that names her, by name."""
    named = {"identities": "person_id", "sessions": "person_id"}
    found = {
        table.name: table.c[named.get(table.name, "citizen_id")]
        for table in metadata.sorted_tables
        if "citizen_id" in table.c or table.name in named
    }
    found |= {name: metadata.tables[name].c[column] for name, (column, _) in THROUGH.items()}
    return dict(sorted(found.items()))


async def rows_of_person(tx: Transaction, name: str, citizen_id: str, *, after: str | None, limit: int) -> Rows:
    """What one table holds of a citizen, opened, in the order of its key.

    Raises KeyError for another table, ValueError for an `after` that is no place in it.
    """
    table = person_tables()[name].table
    keys = list(table.primary_key.columns)
    statement = _of_person(table, citizen_id).order_by(*keys).limit(limit + 1)
    if after is not None:
        place = json.loads(after)
        if not isinstance(place, list) or len(place) != len(keys):
            raise ValueError("not a place in this table")
        there = (literal(value, key.type) for key, value in zip(keys, place, strict=True))
        statement = statement.where(tuple_(*keys) > tuple_(*there))
    found = (await tx.connection.execute(statement)).all()
    shown = tuple(_shown(tx, table, row) for row in found[:limit])
    more = len(found) > limit
    last = [getattr(found[limit - 1], key.name) for key in keys] if more else None
    return Rows(shown, json.dumps(last) if last is not None else None)


async def blocking(tx: Transaction, citizen_id: str) -> dict[str, int]:
    """What must come to its end before the citizen can be erased: how many of each kind; empty where nothing."""
    tables = metadata.tables
    open_states: Mapping[str, tuple[str, ColumnElement[bool]]] = {
        "applications": ("applications", tables["applications"].c.status.in_([status.value for status in OPEN])),
        "payments": ("instalments", tables["instalments"].c.status.not_in([status.value for status in FINAL_PAYMENTS])),
        "appeals": ("appeals", tables["appeals"].c.state.in_([state.value for state in OPEN_APPEALS])),
        "grievances": ("grievances", tables["grievances"].c.closed_at.is_(None)),
    }
    counted: dict[str, int] = {}
    for name, (table, is_open) in open_states.items():
        statement = select(func.count()).where(tables[table].c.citizen_id == citizen_id, is_open)
        many = int((await tx.connection.execute(statement)).scalar_one())
        if many:
            counted[name] = many
    awaited = await _awaited_corrections(tx, citizen_id)
    return counted | ({"corrections": awaited} if awaited else {})


async def _awaited_corrections(tx: Transaction, citizen_id: str) -> int:
    """Certificates of hers whose right ones are being made, from what an erasure would take away."""
    ended, held = metadata.tables["certificate_endings"], metadata.tables["certificates"]
    joined = select(func.count()).join_from(ended, held, held.c.id == ended.c.certificate_id)
    awaited = (ended.c.status == CertificateStatus.CORRECTED.value, ended.c.successor_id.is_(None))
    return int((await tx.connection.execute(joined.where(held.c.citizen_id == citizen_id, *awaited))).scalar_one())


async def files_of_person(tx: Transaction, citizen_id: str) -> set[str]:
    """The files that go with the person: what she handed in and what was photographed, not her certificates."""
    found: set[str] = set()
    for name, column in (
        ("application_documents", "sha256"),
        ("doorstep_visits", "paper_sha256"),
        ("assistances", "paper_sha256"),
        ("roster_rows", "consent_paper_sha256"),
        ("roster_rows", "receipt_sha256"),
        ("uploads", "sha256"),
        ("uploads", "expected"),
        ("commission_cases", "bundle"),
    ):
        table = metadata.tables[name]
        statement = select(table.c[column]).where(table.c.citizen_id == citizen_id, table.c[column].is_not(None))
        found |= set((await tx.connection.execute(statement)).scalars().all())
    photos = metadata.tables["verifications"]
    for held in (await tx.connection.execute(select(photos.c.photos).where(photos.c.citizen_id == citizen_id))).all():
        found |= set(held.photos or ())
    return found


async def erase(tx: Transaction, citizen_id: str) -> dict[str, int]:
    """Erase the citizen's personal data and tell how many rows of each table changed."""
    changed: dict[str, int] = {}
    for name, column in DELETED.items():
        table = metadata.tables[name]
        gone = delete(table).where(table.c[column] == citizen_id).returning(*table.primary_key.columns)
        changed[name] = len((await tx.connection.execute(gone)).all())
    for name in sorted(TEXTS.keys() | VALUES.keys() | PLAIN.keys()):
        changed[name] = await _blank_table(tx, metadata.tables[name], citizen_id)
    if any(changed.values()):
        await changes.touch_all_of(tx, citizen_id)
    sessions = metadata.tables["sessions"]
    ending = update(sessions).where(sessions.c.person_id == citizen_id, sessions.c.revoked_at.is_(None))
    await tx.connection.execute(ending.values(revoked_at=tx.clock.now()))
    return {name: many for name, many in changed.items() if many}


async def holds_more_than(tx: Transaction, citizen_id: str, tables: Collection[str]) -> bool:
    """Whether anything is kept of a citizen beside what lies in these tables."""
    for name, column in person_tables().items():
        if name in tables:
            continue
        if await first(tx, _of_person(column.table, citizen_id).limit(1)) is not None:
            return True
    return False


async def _blank_table(tx: Transaction, table: Table, citizen_id: str) -> int:
    changed = 0
    key = next(iter(table.primary_key.columns))
    for row in (await tx.connection.execute(_of_person(table, citizen_id))).all():
        values = _blank(tx, table, row)
        if values:
            await tx.connection.execute(update(table).where(key == getattr(row, key.name)).values(values))
            changed += 1
    return changed


def _of_person(table: Table, citizen_id: str) -> Select[Any]:
    column = person_tables()[table.name]
    if table.name not in THROUGH:
        return select(table).where(column == citizen_id)
    owner = metadata.tables[THROUGH[table.name][1]]
    hers = person_tables()[owner.name]
    mine = select(next(iter(owner.primary_key.columns))).where(hers == citizen_id)
    return select(table).where(column.in_(mine))


def _blank(tx: Transaction, table: Table, row: AnyRow) -> dict[str, Any]:
    """The changes that erase a row; none where it is erased already."""
    values: dict[str, Any] = {
        name: blank for name, blank in PLAIN.get(table.name, {}).items() if getattr(row, name) not in (blank, None)
    }
    for name in TEXTS.get(table.name, ()):
        sealed = getattr(row, name)
        place = _place(table, row, name)
        if sealed is not None and table.c[name].nullable:
            values[name] = None
        elif sealed is not None and tx.cipher.decrypt(sealed, place) != ERASED.encode():
            values[name] = tx.cipher.encrypt(ERASED.encode(), place)
    if table.name in VALUES:
        name, blank = VALUES[table.name]
        place = _place(table, row, name)
        old = tx.cipher.decrypt_json(getattr(row, name), place)
        if (new := blank(old)) != old:
            values[name] = tx.cipher.encrypt_json(new, place)
    return values


def _shown(tx: Transaction, table: Table, row: AnyRow) -> dict[str, Any]:
    sealed = set(sealed_columns(table))
    return {
        column.name: _opened(tx, table, row, column.name) if column.name in sealed else _plain(row, column.name)
        for column in table.columns
        if column.name not in (*SECRET, PIECES.get(table.name)) and getattr(row, column.name) is not None
    }


def _opened(tx: Transaction, table: Table, row: AnyRow, name: str) -> Any:
    text = tx.cipher.decrypt(getattr(row, name), _place(table, row, name)).decode()
    return json.loads(text) if name not in TEXTS.get(table.name, ()) else text


def _plain(row: AnyRow, name: str) -> Any:
    value = getattr(row, name)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _place(table: Table, row: AnyRow, column: str) -> str:
    return f"{table.name}:{column}:{getattr(row, next(iter(table.primary_key.columns)).name)}"


async def still_named(tx: Transaction, sha256: str) -> bool:
    """Whether any row still names a file."""
    for name, column in (
        ("application_documents", "sha256"),
        ("doorstep_visits", "paper_sha256"),
        ("assistances", "paper_sha256"),
        ("roster_rows", "consent_paper_sha256"),
        ("roster_rows", "receipt_sha256"),
        ("uploads", "sha256"),
        ("uploads", "expected"),
        ("certificates", "pdf_sha256"),
        ("certificates", "xml_sha256"),
        ("commission_cases", "bundle"),
    ):
        table = metadata.tables[name]
        if await first(tx, select(true()).where(table.c[column] == sha256)) is not None:
            return True
    photos = metadata.tables["verifications"].c.photos
    named = select(true()).where(type_coerce(photos, Text).contains(sha256))
    return await first(tx, named) is not None

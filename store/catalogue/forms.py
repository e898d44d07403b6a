"""Forms by version, their assignment to services, and the version under which each application was filed.

A version is kept for ever: an application is read and amended by the form under which it was filed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, delete, select

from domain.catalogue.form_reading import document_of, stored_form
from domain.catalogue.forms import Form, digest_of
from store.database import (
    Board,
    Instant,
    Json,
    Key,
    Transaction,
    cell_name,
    each_kept,
    first_row,
    insert_new,
    raise_version,
    rows_of,
    upsert,
)
from store.database.metadata import metadata

EVERY_OTHER = "*"
"""Stands for the services that have no form of their own."""

form_versions_table = Table(
    "form_versions",
    metadata,
    Column("version", Key, primary_key=True),
    Column("form", Key, nullable=False),
    Column("content", Json, nullable=False),
    Column("since", Instant, nullable=False),
    Index(None, "form"),
)

service_forms_table = Table(
    "service_forms",
    metadata,
    Column("service_code", Key, primary_key=True),
    Column("form", Key, nullable=False),
    Column("version", Key, ForeignKey("form_versions.version"), nullable=False),
    Column("since", Instant, nullable=False),
)

application_forms_table = Table(
    "application_forms",
    metadata,
    Column("application_id", Key, ForeignKey("applications.id"), primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("version", Key, ForeignKey("form_versions.version"), nullable=False),
    Column("sources", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "citizen_id"),
)


@dataclass(frozen=True, slots=True)
class FiledForm:
    """The form that an application was filed under, and by question the document that an answer came from, as JSON."""

    application_id: str
    form: Form
    at: datetime
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def source_of(self, name: str, answer: str) -> Mapping[str, Any] | None:
        """The document that an answer came from; None where somebody wrote it, or changed it since."""
        kept = self.sources.get(name)
        return kept["source"] if kept is not None and kept["digest"] == digest_of(answer) else None


async def add_version(tx: Transaction, form: Form) -> bool:
    """Keep a version of a form; False where it is there."""
    content = document_of(form)
    # The order of questions is given by the sections, so that canonical JSON loses nothing.
    values = {"version": form.version, "form": form.name, "content": content, "since": tx.clock.now()}
    return await insert_new(tx, form_versions_table, values)


async def assign(tx: Transaction, form: Form, service_codes: Iterable[str]) -> None:
    """Give services a version of a form; a service that had it already keeps its day."""
    now, wanted = tx.clock.now(), set(service_codes)
    await raise_version(tx, Board.CATALOGUE)
    there = {code: version for code, (_, version) in (await assigned_forms(tx)).items()}
    rows = [
        {"service_code": code, "form": form.name, "version": form.version, "since": now}
        for code in sorted(wanted)
        if there.get(code) != form.version
    ]
    await upsert(tx, service_forms_table, rows, keys=("service_code",))


async def withdraw(tx: Transaction, service_codes: Iterable[str]) -> None:
    """Take their own form from services, which the general form then serves."""
    codes = sorted(service_codes)
    if codes:
        await raise_version(tx, Board.CATALOGUE)
        await tx.connection.execute(delete(service_forms_table).where(service_forms_table.c.service_code.in_(codes)))


async def assigned_forms(tx: Transaction) -> dict[str, tuple[str, str]]:
    """The form and its version of each service that has one, by code."""
    table = service_forms_table
    rows = (await tx.connection.execute(select(table.c.service_code, table.c.form, table.c.version))).all()
    return {row.service_code: (row.form, row.version) for row in rows}


async def of_services(tx: Transaction, service_codes: Iterable[str]) -> dict[str, Form]:
    """The present form of each service, its own or the general one; empty where no forms were imported."""
    return await each_kept(tx, service_forms_table, service_codes, partial(_read_present, tx))


async def _read_present(tx: Transaction, wanted: list[str]) -> dict[str, Form]:
    table = service_forms_table
    rows = await rows_of(
        tx, select(table.c.service_code, table.c.version), table.c.service_code, [*wanted, EVERY_OTHER]
    )
    named = {row.service_code: row.version for row in rows}
    chosen = {code: named.get(code, named.get(EVERY_OTHER)) for code in wanted}
    forms = await versions(tx, {version for version in chosen.values() if version is not None})
    return {code: forms[version] for code, version in chosen.items() if version is not None}


async def versions(tx: Transaction, wanted: Iterable[str]) -> dict[str, Form]:
    """Forms by version; those that are not there are left out. A version never changes, so it is read once."""
    found = {version: _known[version] for version in set(wanted) if version in _known}
    missing = sorted(set(wanted) - found.keys())
    table = form_versions_table
    for row in await rows_of(tx, select(table.c.version, table.c.content), table.c.version, missing):
        found[row.version] = _remember(row.version, stored_form(row.content))
    return found


async def latest(tx: Transaction, name: str) -> Form | None:
    """The version of a form that was imported last, or None."""
    table = form_versions_table
    statement = select(table.c.version).where(table.c.form == name).order_by(table.c.since.desc(), table.c.version)
    row = await first_row(tx, statement.limit(1))
    return None if row is None else (await versions(tx, [row.version]))[row.version]


async def keep_filed(
    tx: Transaction, application_id: str, citizen_id: str, version: str, sources: Mapping[str, Mapping[str, Any]]
) -> None:
    """Note the version that an application is filed under, and where answers came from (encrypted)."""
    values = {
        "application_id": application_id,
        "citizen_id": citizen_id,
        "version": version,
        "sources": tx.cipher.encrypt_json(dict(sources), cell_name(application_forms_table.c.sources, application_id)),
        "at": tx.clock.now(),
    }
    await upsert(tx, application_forms_table, [values], keys=("application_id",))


async def filed_forms(tx: Transaction, application_ids: Iterable[str]) -> dict[str, FiledForm]:
    """The forms that applications were filed under; one that was filed before there were forms is left out."""
    table = application_forms_table
    rows = await rows_of(tx, select(table), table.c.application_id, application_ids)
    forms = await versions(tx, {row.version for row in rows})
    return {
        row.application_id: FiledForm(
            row.application_id,
            forms[row.version],
            row.at,
            tx.cipher.decrypt_json(row.sources, cell_name(application_forms_table.c.sources, row.application_id)),
        )
        for row in rows
    }


_MOST_KNOWN = 500
_known: dict[str, Form] = {}


def _remember(version: str, form: Form) -> Form:
    if len(_known) >= _MOST_KNOWN:
        _known.pop(next(iter(_known)))
    _known[version] = form
    return form

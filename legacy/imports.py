"""Imports old applications in batches, each in one transaction with its bookmark, so that it can resume.

A dry run does the same but for writing: it remembers what it has seen in a scratch file, so that it leaves out the
same rows for the same reasons.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from actions.certificates.content import CertificateContent
from actions.kernel import draw_uris
from actions.kernel.scanner import Scanner
from domain.catalogue.catalogue import Service
from domain.certificates.kinds import CertificateKinds
from domain.identity.aliases import AliasKind
from domain.identity.policy import Purpose
from domain.kernel import Clock, Ids
from legacy import import_rows
from legacy.applications import Fault, LegacyRow, Reject
from legacy.batch import Batch, Case, Places, case_of, content_of, write
from legacy.files import CertificateFiles, checked_file
from legacy.import_rows import Bookmark
from legacy.people import People, Slot, numbers_in, people_of, persons_to_remember, recall
from legacy.reading import LegacyCatalogue, catalogue_of, number_of, read_row
from legacy.rejects import RejectsFile
from legacy.scratch import Scratch
from legacy.source import OldData, SourceRow, rows_of
from store.catalogue import calendar, catalogue
from store.database import AlreadyThere, EncryptedObjects, FieldCipher, Store, Transaction, audit
from store.database.vault import Vault
from store.identity import aliases

BATCH = 500
"""Rows of one transaction."""
_AT_ONCE = 6
"""Certificates that are read, looked into and signed at the same time."""
_ATTEMPTS = 3
_PDF, _XML = "application/pdf", "application/xml"
_CONTENT = "legacy_content"
OBJECT_KIND = "LEGACY_IMPORT"

Tell = Callable[[Bookmark], None]
"""Called after each batch with the progress."""


class XmlMaker(Protocol):
    """Makes the signed XML of a certificate whose page exists already."""

    def data(self, content: CertificateContent) -> bytes:
        """Sign; blocking, called in a thread."""
        ...


@dataclass(frozen=True, slots=True)
class ImportStorage:
    """What an import works on. `by` is the account that runs it."""

    store: Store
    vault: Vault
    objects: EncryptedObjects
    cipher: FieldCipher
    clock: Clock
    ids: Ids
    scanner: Scanner
    xml: XmlMaker
    issuer_id: str
    by: str
    kinds: CertificateKinds = field(default_factory=CertificateKinds)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is handed over, and how."""

    data: OldData
    files: CertificateFiles
    dry_run: bool = False
    twelve_digit_numbers: bool = False


async def bookmark_of(rooms: ImportStorage, data: OldData) -> Bookmark:
    """Where an import of this file continues; one that came to its end begins anew, and skips what is there."""
    async with rooms.store.read_transaction() as tx:
        found = await import_rows.unfinished_import(tx, data.sha256)
    return found or Bookmark(rooms.ids.key(), data.sha256)


async def import_applications(
    rooms: ImportStorage, plan: Plan, start: Bookmark, rejects: RejectsFile, tell: Tell
) -> Bookmark:
    """Take over what is good from the bookmark on, and list the rest; gives how far it came.

    Raises MovedOn where another process works on the same file, ScannerAway, and as the store does; it may be begun
    again after any of them.
    """
    run = await _Run.open_run(rooms, plan, rejects)
    try:
        if not plan.dry_run and not start.rows_done:
            await rooms.store.carry_out(lambda tx: _begin(tx, start, rooms.by, rejects.length))
            start = replace(start, rejects_bytes=rejects.length)
        done = replace(start, rejects_bytes=rejects.length)
        source = rows_of(plan.data, start=done.bytes_done, done=done.rows_done)
        while True:
            rows = await asyncio.to_thread(_next_rows, source)
            done = await run.batch(rows, done)
            tell(done)
            if len(rows) < BATCH:
                return done
    finally:
        run.close()


def _next_rows(source: Iterator[SourceRow]) -> list[SourceRow]:
    return list(islice(source, BATCH))


async def _begin(tx: Transaction, start: Bookmark, by: str, rejects_bytes: int) -> None:
    if await import_rows.unfinished_import(tx, start.source_digest) is None:
        await import_rows.begin(tx, replace(start, rejects_bytes=rejects_bytes))
        line = audit.AuditLine(by, "legacy.import", OBJECT_KIND, start.id, Purpose.OPERATE.value, {})
        await audit.append(tx, line)


@dataclass(frozen=True, slots=True)
class _Good:
    """A row that was found good, and the blind indexes of what it says, the active key's first."""

    row: LegacyRow
    contents: tuple[str, ...]


class _Sorted:
    """The rows of a batch on their way: what is left of them, what is skipped, and what is left out and why."""

    def __init__(self) -> None:
        self.good: list[_Good] = []
        self.skipped = 0
        self.rejects: list[Reject] = []

    def reject(self, good: _Good, name: str, fault: Fault) -> None:
        self.rejects.append(Reject(good.row.row, good.row.number, name, fault))


class _Run:
    """One import on its way through the file."""

    def __init__(
        self, rooms: ImportStorage, plan: Plan, rejects: RejectsFile, places: Places, words: LegacyCatalogue
    ) -> None:
        self._rooms, self._plan, self._rejects = rooms, plan, rejects
        self._places, self._words = places, words
        self._scratch = Scratch() if plan.dry_run else None
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    async def open_run(cls, rooms: ImportStorage, plan: Plan, rejects: RejectsFile) -> "_Run":
        """Read the catalogue, by which every row of this run is read."""
        async with rooms.store.read_transaction() as tx:
            services: list[Service] = await catalogue.all_services(tx)
            districts = await catalogue.districts(tx)
            tehsils = await catalogue.tehsils_of(tx, [one.code for one in districts])
            departments = await catalogue.departments(tx)
            days = await calendar.work_calendar(tx)
        every = [one for some in tehsils.values() for one in some]
        words = catalogue_of(
            services, districts, every, rooms.clock.now(), twelve_digit_numbers=plan.twelve_digit_numbers
        )
        places = Places(
            calendar=days,
            departments={one.slug: one for one in departments},
            districts={one.code: one for one in districts},
            tehsils={one.code: one for one in every},
            kinds=rooms.kinds,
        )
        return cls(rooms, plan, rejects, places, words)

    def close(self) -> None:
        if self._scratch is not None:
            self._scratch.close()

    async def batch(self, rows: Sequence[SourceRow], before: Bookmark) -> Bookmark:
        """One batch; where a number was taken by somebody else meanwhile, it is sorted once more."""
        for attempt in range(_ATTEMPTS):
            try:
                return await self._attempt(rows, before)
            except AlreadyThere:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, rows: Sequence[SourceRow], before: Bookmark) -> Bookmark:
        batch = _Sorted()
        self._read(rows, batch)
        async with self._rooms.store.read_transaction() as tx:
            await self._without_known(tx, batch)
            await self._without_taken_certificates(tx, batch)
            references = await self._rooms.vault.find_many(numbers_in(one.row for one in batch.good))
            people = await people_of(tx, [one.row for one in batch.good], references, self._rooms.cipher)
        if self._scratch is not None:
            recall(people, [one.row for one in batch.good], self._scratch, self._rooms.vault)
        _without_strangers(batch, people)
        files = await self._files(batch)
        people.slots.clear()
        cases = []
        for one in batch.good:
            slot = people.place(one.row)
            if isinstance(slot, Slot):
                cases.append(self._case(one, slot, files))
        after = import_rows.add_counts(
            before, imported=len(cases), skipped=batch.skipped, rejected=_rows_in(batch.rejects)
        )
        after = replace(
            after,
            bytes_done=rows[-1].end if rows else before.bytes_done,
            rows_done=rows[-1].row if rows else before.rows_done,
        )
        if self._scratch is not None:
            return self._dry(cases, people, batch, after)
        return await self._write_batch(cases, people, batch, before, after, finished=len(rows) < BATCH)

    def _case(self, one: _Good, slot: Slot, files: dict[int, tuple[str, str, str]]) -> Case:
        case = case_of(one.row, one.contents[0], slot, self._places, self._rooms.ids)
        if one.row.row in files:
            case.pdf_sha256, case.xml_sha256, case.uri = files[one.row.row]
        return case

    def _dry(self, cases: Sequence[Case], people: People, batch: _Sorted, after: Bookmark) -> Bookmark:
        if self._scratch is not None:
            seen = {f"{AliasKind.APPLICATION}:{case.row.number}": case.content for case in cases}
            seen |= {
                f"{AliasKind.CERTIFICATE}:{case.row.certificate.number}": case.content
                for case in cases
                if case.row.certificate
            }
            self._scratch.add(seen | persons_to_remember(people, self._rooms.vault))
        return replace(after, rejects_bytes=self._rejects.add(after.rejects_bytes, batch.rejects))

    async def _write_batch(
        self,
        cases: Sequence[Case],
        people: People,
        batch: _Sorted,
        before: Bookmark,
        after: Bookmark,
        *,
        finished: bool,
    ) -> Bookmark:
        references = await self._rooms.vault.put_many(numbers_in(case.row for case in cases))

        async def work(tx: Transaction) -> Bookmark:
            # Before the commit: a list that is longer than the bookmark says is cut, one that is shorter is a loss.
            moved = replace(after, rejects_bytes=self._rejects.add(before.rejects_bytes, batch.rejects))
            whole = Batch(cases, people, references, before, moved, finished, self._rooms.by)
            await write(tx, whole, self._places, self._rooms.ids)
            return moved

        return await self._rooms.store.carry_out(work)

    def _read(self, rows: Sequence[SourceRow], batch: _Sorted) -> None:
        """What is good by itself, each number once."""
        first: dict[str, _Good] = {}
        for given in rows:
            if given.cells is None:
                batch.rejects.append(Reject(given.row, None, "", given.fault or Fault.ROW_NOT_READABLE))
                continue
            row, faults = read_row(given.row, given.cells, self._words)
            if row is None:
                number = number_of(given.cells)
                batch.rejects += [Reject(given.row, number, name, fault) for name, fault in faults]
                continue
            good = _Good(row, self._contents(row))
            twin = first.setdefault(row.number, good)
            if twin is good:
                batch.good.append(good)
            elif twin.contents == good.contents:
                batch.skipped += 1
            else:
                batch.reject(good, "legacy_number", Fault.OTHER_CONTENT)

    def _contents(self, row: LegacyRow) -> tuple[str, ...]:
        return self._rooms.cipher.blind_indexes(_CONTENT, hashlib.sha256(row.content.encode()).hexdigest())

    async def _without_known(self, tx: Transaction, batch: _Sorted) -> None:
        """Rows whose number is there: skipped where they say the same, or were erased; else left out."""
        numbers = [one.row.number for one in batch.good]
        named = await aliases.find_object_ids(tx, AliasKind.APPLICATION, numbers)
        contents = await import_rows.contents(tx, named.values())
        known: dict[str, str | None] = {number: contents.get(key) for number, key in named.items()}
        if self._scratch is not None:
            seen = self._scratch.find_values(f"{AliasKind.APPLICATION}:{number}" for number in numbers)
            known.update({key.partition(":")[2]: content for key, content in seen.items()})
        left = []
        for one in batch.good:
            if one.row.number not in known:
                left.append(one)
            elif known[one.row.number] in ("", *one.contents):
                batch.skipped += 1
            else:
                taken = known[one.row.number] is None
                batch.reject(one, "legacy_number", Fault.NUMBER_TAKEN if taken else Fault.OTHER_CONTENT)
        batch.good = left

    async def _without_taken_certificates(self, tx: Transaction, batch: _Sorted) -> None:
        numbers = [one.row.certificate.number for one in batch.good if one.row.certificate]
        taken = set(await aliases.find_object_ids(tx, AliasKind.CERTIFICATE, numbers))
        if self._scratch is not None:
            seen = self._scratch.find_values(f"{AliasKind.CERTIFICATE}:{number}" for number in numbers)
            taken |= {key.partition(":")[2] for key in seen}
        left = []
        for one in batch.good:
            number = one.row.certificate.number if one.row.certificate else None
            if number is not None and number in taken:
                batch.reject(one, "certificate_number", Fault.NUMBER_TAKEN)
                continue
            if number is not None:
                taken.add(number)
            left.append(one)
        batch.good = left

    async def _files(self, batch: _Sorted) -> dict[int, tuple[str, str, str]]:
        """PDF and XML of each certificate by row, in the object store by now; rows whose file is bad are left out."""
        held = [one for one in batch.good if one.row.certificate is not None]
        doctypes = [one.row.service.doctype or "" for one in held]
        async with self._rooms.store.read_transaction() as tx:
            uris = await draw_uris(tx, self._rooms.ids, self._rooms.issuer_id, doctypes)
        done = await asyncio.gather(*(self._file(one, uri) for one, uri in zip(held, uris, strict=True)))
        found: dict[int, tuple[str, str, str]] = {}
        for one, uri, made in zip(held, uris, done, strict=True):
            if isinstance(made, Fault):
                batch.reject(one, "certificate_file", made)
            else:
                found[one.row.row] = (*made, uri)
        batch.good = [one for one in batch.good if one.row.certificate is None or one.row.row in found]
        return found

    async def _file(self, one: _Good, uri: str) -> tuple[str, str] | Fault:
        certificate = one.row.certificate
        if certificate is None:
            raise ValueError("the row brings no certificate")
        async with self._at_once:
            pdf, fault = await checked_file(self._plan.files, certificate, self._rooms.scanner)
            if fault is not None or self._plan.dry_run:
                return fault or ("", "")
            nobody = Slot(one.row.person, one.row)
            content = content_of(case_of(one.row, "", nobody, self._places, self._rooms.ids), self._places, uri)
            xml = await asyncio.to_thread(self._rooms.xml.data, content)
            objects = self._rooms.objects
            return await objects.put(pdf, _PDF), await objects.put(xml, _XML)


def _without_strangers(batch: _Sorted, people: People) -> None:
    """Rows that say of somebody known that she was born on another day."""
    left = []
    for one in batch.good:
        placed = people.place(one.row)
        if isinstance(placed, Fault):
            batch.reject(one, "born_on", placed)
        else:
            left.append(one)
    batch.good = left


def _rows_in(rejects: Sequence[Reject]) -> int:
    return len({one.row for one in rejects})

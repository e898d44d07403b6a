"""Writes the PFMS sandbox's answers when they are due, and applies their faults.

Faults go by the routes `/in/<kind>`: `malformed` with a `shape`, `signature` with `how` (none, foreign, moved),
`partial` for a truncated file, `duplicate` for one that comes twice, `foreign` for an acknowledgement of an unknown
batch beside the right one, and `latency` with `seconds` of the city's clock for answers out of order.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from sandbox.city.kit import SandboxHome
from sandbox.dbt_finance.pfms import answers, times
from sandbox.dbt_finance.pfms.apbs import return_file
from sandbox.dbt_finance.pfms.findings import BATCH
from sandbox.dbt_finance.pfms.store import ADD_EVENT, Books, SealedFiles, instant, stamp

PART_ROWS = 20_000
"""Rows of one part of a statement."""


@dataclass(frozen=True)
class Desk:
    """What the office uses. `pfms` and `bank` sign answers; `client` is what onboarding handed over."""

    home: SandboxHome
    files: SealedFiles
    books: Books
    client: Mapping[str, Any]
    pfms: answers.Seal
    bank: answers.Seal
    stranger: answers.Seal
    hmac_key: bytes


class Post:
    """Writes answers into the folders that we read from."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def fire(self, event: Mapping[str, Any]) -> None:
        """Write what an event is about."""
        key, _, moment = str(event["key"]).rpartition("|")
        kind = str(event["kind"])
        of_beneficiaries = kind == "NACK" and json.loads(key)["kind"] == "beneficiary-request"
        folder = "beneficiary-response" if of_beneficiaries else _FOLDER_OF[kind]
        late = self._desk.home.faults.match("latency", f"/in/{folder}") if event["due"] == moment else None
        if late is not None:  # out of order: other answers come before this one
            later = stamp(instant(moment) + timedelta(seconds=float(late.params.get("seconds", 86_400))))
            self._desk.books.write((ADD_EVENT, [(later, kind, event["key"])]))
            return
        at = instant(str(event["due"]))
        if kind == "NACK":
            self._nack(json.loads(key), at)
        elif kind == "WAVE1":
            self._wave1(key, at)
        elif kind == "WAVE2":
            self._wave2(key, moment, at)
        elif kind == "STATEMENT":
            self._statement(key, moment, at)
        elif kind == "RETURN_ONE":
            moved = self._desk.books.rows("SELECT * FROM payment WHERE end_to_end_id = ?", key)
            self._write_returns(str(moved[0]["batch"]), moved, at)
        else:
            self._payments_moved(kind, key, moment, at)

    def _nack(self, verdict: Mapping[str, Any], at: datetime) -> None:
        message, batch, wrong = verdict["message"], verdict["batch"], verdict["lines"]
        if verdict["kind"] == "beneficiary-request" and batch and verdict["ids"]:
            first = next(iter(verdict["codes"]), BATCH)
            rows = [{"id": one, "status": "RJCT", "code": wrong.get(one, first)} for one in verdict["ids"] if one]
            draw = answers.beneficiary_answer(batch, self._agency(), at, rows)
            self._deliver("beneficiary-response", str(message), answers.RESPONSE, draw, at)
            return
        if (verdict.get("told") or {}).get("codes") is not None:
            reasons = verdict["told"].get("reasons", "group")
            draw = answers.acknowledgement(message, batch, at, verdict["codes"], (), word="RJCT", reasons=reasons)
            self._deliver("payment-ack", str(message), answers.ACK, draw, at)
            return
        rows_of_ack = [(one, "RJCT", wrong.get(one, BATCH)) for one in dict.fromkeys(verdict["ids"]) if one]
        codes = verdict["codes"] or [BATCH]
        folder = "payment-ack" if verdict["kind"] == "payment-request" else "beneficiary-response"
        draw = answers.acknowledgement(message, batch, at, codes, rows_of_ack)
        self._deliver(folder, str(message), answers.ACK, draw, at)

    def _wave1(self, batch: str, at: datetime) -> None:
        rows = [
            {"id": row["id"], "status": "ACCP", "cpsms_id": row["cpsms_id"]}
            if row["state"] == "DLTD"
            else {"id": row["id"], "status": "PDNG"}
            for row in self._desk.books.rows("SELECT * FROM beneficiary WHERE batch = ? ORDER BY id", batch)
        ]
        draw = answers.beneficiary_answer(batch, self._agency(), at, rows)
        self._deliver("beneficiary-response", self._message(batch), answers.RESPONSE, draw, at)

    def _wave2(self, batch: str, moment: str, at: datetime) -> None:
        books = self._desk.books
        due = books.rows(
            "SELECT * FROM beneficiary WHERE batch = ? AND answer_at = ? AND state = 'PDNG' ORDER BY id", batch, moment
        )
        if not due:
            return
        names = self._read_again("beneficiary-request", self._message(batch), "Cstmr", "Id")
        rows: list[dict[str, Any]] = []
        for row in due:
            if row["code"]:
                rows.append({"id": row["id"], "status": "RJCT", "code": row["code"]})
            else:
                name = names.get(row["id"], {}).get("Nm", "")
                told = {"cpsms_id": row["cpsms_id"], "name": name.upper().replace("I", "EE", 1)}
                rows.append({"id": row["id"], "status": "ACCP", **told})
        draw = answers.beneficiary_answer(batch, self._agency(), at, rows)
        self._deliver("beneficiary-response", self._message(batch), answers.RESPONSE, draw, at)
        states = [("RJCT" if row["code"] else "ACCP", row["id"]) for row in due]
        books.write(("UPDATE beneficiary SET state = ? WHERE id = ?", states))

    def _payments_moved(self, kind: str, batch: str, moment: str, at: datetime) -> None:
        column = {"ACK": None, "DEBIT": "debit_at", "CREDIT": "credit_at", "RETURN": "return_at"}[kind]
        books, message = self._desk.books, self._message(batch)
        if column is None:
            ids = books.rows("SELECT end_to_end_id FROM payment WHERE batch = ? ORDER BY rowid", batch)
            rows = [(row["end_to_end_id"], "ACCP", None) for row in ids]
            draw = answers.acknowledgement(message, batch, at, (), rows)
            self._deliver("payment-ack", message, answers.ACK, draw, at)
            if self._desk.home.faults.match("foreign", "/in/payment-ack"):
                self.stray(at)
            return
        statement = f"SELECT * FROM payment WHERE batch = ? AND {column} = ? ORDER BY rowid"  # noqa: S608
        moved = books.rows(statement, batch, moment)
        if kind == "RETURN":
            self._write_returns(batch, moved, at)
        elif moved:
            self._tell_moved(kind, batch, moved, at)

    def _tell_moved(self, kind: str, batch: str, moved: list[dict[str, Any]], at: datetime) -> None:
        """A debit or a credit: of what was sent by Aadhaar the file of APBS may tell the credit too, or alone."""
        teller = str(self._times()["apbs_credits"])
        by_aadhaar = [row for row in moved if row["method"] == "U"] if kind == "CREDIT" and teller != "bank" else []
        if by_aadhaar:
            self._apbs(self._message(batch), [{**row, "code": None} for row in by_aadhaar], at)
        others = [row for row in moved if row not in by_aadhaar] if teller == "bridge" else moved
        if others:
            self._bank_said(kind, batch, others, at)

    def _times(self) -> dict[str, Any]:
        return {**times.DEFAULTS, **(self._desk.home.state.get("config", "times") or {})}

    def _write_returns(self, batch: str, moved: list[dict[str, Any]], at: datetime) -> None:
        """What was sent by Aadhaar comes back in a file of APBS, the rest in the bank's status."""
        by_aadhaar = [row for row in moved if row["method"] == "U"]
        others = [row for row in moved if row["method"] != "U"]
        if by_aadhaar:
            self._apbs(self._message(batch), by_aadhaar, at)
        if others:
            self._bank_said("RETURN", batch, others, at)

    def _bank_said(self, kind: str, batch: str, moved: Iterable[Mapping[str, Any]], at: datetime) -> None:
        tree = str(self._times()["status_tree"])
        paid = "ACSC" if tree == "plain" else "ACCP"
        status = {"DEBIT": "ACSP", "CREDIT": paid, "RETURN": "RTND"}[kind]
        day = at.astimezone(times.INDIA).date().isoformat()
        rows = [
            {**row, "status": status, "day": day, "code": row["code"] if kind == "RETURN" else None} for row in moved
        ]
        if kind == "CREDIT":
            rows = [{**row, "utr": None} if times.has_no_reference(row["last4"]) else row for row in rows]
        self._deliver(
            "bank-status", self._message(batch), answers.STATUS, answers.bank_status(batch, at, rows, tree), at
        )

    def _apbs(self, message: str, moved: list[dict[str, Any]], at: datetime) -> None:
        again = self._read_again("payment-request", message, "CdtTrfTxInf", "EndToEndId")
        rows = [
            {**row, "aadhaar": again[row["end_to_end_id"]].get("SOSE", ""), "name": again[row["end_to_end_id"]]["Nm"]}
            for row in moved
        ]
        local = at.astimezone(times.INDIA)
        how = self._signature_fault("apbs-return")
        seal = {"none": None, "foreign": self._desk.stranger}.get(how, self._desk.bank)
        content = return_file(local.date(), rows, seal)
        shape = self._shape("apbs-return")
        if shape == "truncated":
            content = content[: len(content) * 2 // 3]
        source = self._desk.client["source_id"]
        name = self.free(f"/in/apbs-return/{source}APBSRET{local:%d%m%Y}_{local:%d%m%Y%H%M%S}.txt")
        self._desk.files.put(name, content)

    def _statement(self, day: str, moment: str, at: datetime) -> None:
        since = stamp(instant(moment) - timedelta(days=1))
        columns = ("taken_at", "debit_at", "credit_at", "return_at")
        within = " OR ".join(f"({column} > ? AND {column} <= ?)" for column in columns)
        marks = [since, moment] * len(columns)
        many = self._desk.books.first_row(f"SELECT COUNT(*) AS count FROM payment WHERE {within}", *marks)  # noqa: S608
        parts = -(-int(many["count"] if many else 0) // PART_ROWS)
        digits = "".join(reversed(day.split("-")))
        some = f"SELECT rowid AS seq, * FROM payment WHERE rowid > ? AND ({within}) ORDER BY rowid LIMIT ?"  # noqa: S608
        last = 0
        for number in range(1, parts + 1):  # a part at a time, as a day may have a million rows
            part = self._desk.books.rows(some, last, *marks, PART_ROWS)
            last = part[-1]["seq"]
            draw = answers.statement(day, at, (number, parts), [_statement_row(row, moment) for row in part])
            suffix = f"P{number:03d}" if parts > 1 else ""
            message = f"{self._desk.client['source_id']}DBTSTM{digits}{suffix}"
            self._deliver("daily-statement", message, answers.STATEMENT, draw, at)

    def _deliver(self, folder: str, message: str, kind: tuple[str, str], draw: answers.Draw, at: datetime) -> str:
        """Write one answer, spoilt where a fault says so."""
        desk, how = self._desk, self._signature_fault(folder)
        own = desk.bank if folder == "bank-status" else desk.pfms
        seal = {"none": None, "foreign": desk.stranger}.get(how, own)
        content = answers.document(kind, draw, seal, self._shape(folder), moved=how == "moved")
        local = at.astimezone(times.INDIA)
        path = self.free(f"/in/{folder}/{message}_{local:%d%m%Y%H%M%S}.xml")
        desk.files.put(path, content)
        if desk.home.faults.match("duplicate", f"/in/{folder}"):
            desk.files.put(self.free(path), content)
        return path.rpartition("/")[2]

    def stray(self, at: datetime) -> str:
        """Write an acknowledgement of a batch that nobody sent; its name."""
        source, day = self._desk.client["source_id"], at.astimezone(times.INDIA)
        batch = f"CP{source}{day:%d%m%Y}987654"
        message = f"{source}DBTPAYREQ{day:%d%m%Y}987654"
        draw = answers.acknowledgement(message, batch, at, (), [("UNKNOWNPAYMENT1", "ACCP", None)])
        return self._deliver("payment-ack", message, answers.ACK, draw, at)

    def write_enrolment(self, fingerprint: str, code: str | None, at: datetime) -> str:
        """Write whether a certificate may sign; gives the file's name."""
        local = at.astimezone(times.INDIA)
        message = f"{self._desk.client['source_id']}DSCENRACK{local:%d%m%Y}"
        draw = answers.enrolment(fingerprint, code is None, code, at)
        return self._deliver("dsc-enrolment", message, answers.ENROLMENT, draw, at)

    def _shape(self, folder: str) -> str:
        fault = self._desk.home.faults.match("malformed", f"/in/{folder}")
        cut = self._desk.home.faults.match("partial", f"/in/{folder}")
        return str(fault.params.get("shape", "syntax")) if fault else "truncated" if cut else ""

    def _signature_fault(self, folder: str) -> str:
        fault = self._desk.home.faults.match("signature", f"/in/{folder}")
        return str(fault.params.get("how", "foreign")) if fault else ""

    def free(self, path: str) -> str:
        """A name that is not taken: the time in it is moved on by seconds, or a number is put behind."""
        stem, _, ending = path.rpartition(".")
        number, found = 1, path
        while self._is_name_taken(found):
            head, _, time_text = stem.rpartition("_")
            if time_text.isdigit() and len(time_text) == 14:
                moved = datetime.strptime(time_text, "%d%m%Y%H%M%S") + timedelta(seconds=number)  # noqa: DTZ007
                found = f"{head}_{moved:%d%m%Y%H%M%S}.{ending}"
            else:
                found = f"{stem}.{number}.{ending}"
            number += 1
        return found

    def _is_name_taken(self, path: str) -> bool:
        _, folder, kind, name = path.split("/")
        folders = ("in", "archive", "failed") if folder == "in" else (folder,)
        return any(self._desk.files.size(f"/{each}/{kind}/{name}") is not None for each in folders)

    def _message(self, batch: str) -> str:
        found = self._desk.books.first_row("SELECT id FROM message WHERE batch = ?", batch)
        return str(found["id"]) if found else batch

    def _agency(self) -> str:
        return str(self._desk.client["agency"]["code"])

    def _read_again(self, kind: str, message: str, line: str, key: str) -> dict[str, dict[str, str]]:
        """Lines of an archived, encrypted request by their id, for what the records do not store."""
        content = self._desk.files.get(f"/archive/{kind}/{message}.xml")
        if content is None:
            return {}
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        found: dict[str, dict[str, str]] = {}
        for element in root.iter(f"{{*}}{line}"):
            texts = {str(each.tag).rpartition("}")[2]: (each.text or "").strip() for each in element.iter("{*}*")}
            found[texts.get(key, "")] = texts
        return found


_FOLDER_OF = {
    "NACK": "payment-ack",
    "ACK": "payment-ack",
    "WAVE1": "beneficiary-response",
    "WAVE2": "beneficiary-response",
    "DEBIT": "bank-status",
    "CREDIT": "bank-status",
    "RETURN": "bank-status",
    "RETURN_ONE": "bank-status",
    "STATEMENT": "daily-statement",
}


def _statement_row(row: Mapping[str, Any], moment: str) -> dict[str, Any]:
    status, since = times.status_of(row, moment)
    told = {"status": status, "code": row["code"] if status == "RTND" else None, "utr": None, "day": None}
    if status != "ACCP":
        told |= {"utr": row["utr"], "day": instant(since).astimezone(times.INDIA).date().isoformat()}
    return {**row, **told}

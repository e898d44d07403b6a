"""Processes the PFMS sandbox's files by the city's clock: picks them up, and answers when an answer is due.

Nothing runs in the background. Whenever somebody looks (an operation of SFTP, or an action), everything that was due
until now is done in its order, so a clock that was moved by days gives what those days would have brought.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.dbt_finance.pfms import times
from sandbox.dbt_finance.pfms.checks import examine
from sandbox.dbt_finance.pfms.findings import Examined, Rules
from sandbox.dbt_finance.pfms.post import Desk, Post
from sandbox.dbt_finance.pfms.signers import Signers
from sandbox.dbt_finance.pfms.store import ADD_EVENT, OUT_KINDS, instant, stamp

Step = tuple[str, Sequence[Sequence[object]]]
"""A statement with its rows."""
_LATE = timedelta(hours=15)
"""After so long a file that was taken is refused where `late` was arranged for it."""
_ADD_BENEFICIARY = "INSERT OR REPLACE INTO beneficiary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_PAYMENT = "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Office:
    """Takes request files and writes answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._post = Post(desk)
        self._signers = Signers(desk)
        self._state = desk.home.state
        self._due: str | None = ""
        self._repair_after_crash()

    @property
    def times(self) -> dict[str, Any]:
        """The times in force."""
        return {**times.DEFAULTS, **(self._state.get("config", "times") or {})}

    def configure(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Change times; raises ValueError for one that there is not."""
        if not set(given) <= set(times.DEFAULTS):
            raise ValueError(f"the times are {', '.join(times.DEFAULTS)}")
        self._state.put("config", "times", {**self.times, **given})
        self._due = ""
        return self.times

    def record_arrival(self, path: str) -> None:
        """A request got its name."""
        lies = timedelta(hours=self._verdict_on(path.rpartition("/")[2]).get("hours", 0))
        at = stamp(self._current_time() + lies)
        self._desk.books.write(("INSERT OR IGNORE INTO arrival VALUES (?, ?)", [(path, at)]))
        self._due = ""

    def catch_up(self) -> None:
        """Do all that was due until now, in its order."""
        now = stamp(self._current_time())
        while True:
            if self._due == "":
                self._due = self._next_due()
            if self._due is None or self._due > now:
                return
            due, self._due = self._due, ""
            self._do(due)

    def pick_up(self) -> list[dict[str, Any]]:
        """Take every file that waits, now; tells what became of each."""
        self.catch_up()
        waiting = self._desk.books.rows("SELECT path FROM arrival ORDER BY at, path")
        told = [self._take(row["path"], self._current_time()) for row in waiting]
        self._due = ""
        self.catch_up()
        return told

    def approve(self, message_id: str) -> dict[str, Any]:
        """Take an unsigned batch for which the signed advice came on paper."""
        message = self._desk.books.first_row("SELECT * FROM message WHERE id = ? AND state = 'WAITS'", message_id)
        if message is None:
            raise ValueError("no such message waits for its advice")
        path = f"/archive/{message['kind']}/{message_id}.xml"
        content = self._desk.files.get(path) or b""
        kind = str(message["kind"])
        self._desk.books.write(("DELETE FROM message WHERE id = ?", [(message_id,)]))
        found = self._examine_file(kind, f"{message_id}.xml", content)
        self._desk.books.write(*self._outcome_steps(kind, found, self._current_time()))
        self._tell_orders(kind, found)
        self._due = ""
        self.catch_up()
        return {"message_id": message_id, "rejected": found.rejected}

    def return_payment(self, end_to_end_id: str, code: str) -> dict[str, Any]:
        """Have the bank return a payment now."""
        payment = self._desk.books.first_row("SELECT * FROM payment WHERE end_to_end_id = ?", end_to_end_id)
        if payment is None or code not in times.APBS_CODES:
            raise ValueError("an end_to_end_id that was taken, and an APBS code, are needed")
        at = stamp(self._current_time())
        debit = min(payment["debit_at"] or at, at)
        self._desk.books.write(
            (
                "UPDATE payment SET debit_at = ?, return_at = ?, code = ? WHERE end_to_end_id = ?",
                [(debit, at, code, end_to_end_id)],
            ),
            (ADD_EVENT, [(at, "RETURN_ONE", f"{end_to_end_id}|{at}"), self._statement_event(at)]),
        )
        self._due = ""
        self.catch_up()
        return {"end_to_end_id": end_to_end_id, "code": code}

    def enrol_signer(self, certificate: str, code: str | None) -> dict[str, Any]:
        """Take a certificate with which the source signs, or decline it with a code; a file notifies the source."""
        fingerprint = self._signers.enrol(certificate, code)
        return {"name": self._post.write_enrolment(fingerprint, code, self._current_time()), "fingerprint": fingerprint}

    def unknown_ack(self) -> dict[str, Any]:
        """Write an acknowledgement of a batch that nobody sent."""
        return {"name": self._post.stray(self._current_time())}

    def _current_time(self) -> datetime:
        return self._desk.home.clock.now()

    def _next_due(self) -> str | None:
        event = self._desk.books.first_row("SELECT due FROM event WHERE done = 0 ORDER BY due LIMIT 1")
        waiting = self._desk.books.first_row("SELECT at FROM arrival ORDER BY at LIMIT 1")
        found = [event["due"]] if event else []
        if waiting:
            found.append(stamp(times.pick_up_after(instant(waiting["at"]), self.times)))
        return min(found, default=None)

    def _do(self, due: str) -> None:
        for row in self._desk.books.rows("SELECT path, at FROM arrival ORDER BY at, path"):
            if stamp(times.pick_up_after(instant(row["at"]), self.times)) <= due:
                self._take(row["path"], instant(due))
        for event in self._desk.books.rows("SELECT * FROM event WHERE done = 0 AND due <= ? ORDER BY due, seq", due):
            self._post.fire(event)  # a sandbox that is killed now writes the answer again: partners do such things
            self._desk.books.write(("UPDATE event SET done = 1 WHERE seq = ?", [(event["seq"],)]))

    def _take(self, path: str, at: datetime) -> dict[str, Any]:
        """Examine one request and move it to the archive, or to `failed`."""
        files, books = self._desk.files, self._desk.books
        _, _, kind, name = path.split("/")
        content = files.get(path)
        gone = ("DELETE FROM arrival WHERE path = ?", [(path,)])
        if content is None or kind not in OUT_KINDS:
            books.write(gone)
            return {"name": name, "effect": "gone"}
        found = self._examine_file(kind, name, content)
        waits = found.signed is None and not found.rejected
        books.write(
            gone, *([self._message_step(kind, found, "WAITS", at)] if waits else self._outcome_steps(kind, found, at))
        )
        effect = f"rejected {'/'.join(found.codes)}".strip() if found.rejected else "waits" if waits else "taken"
        self._desk.home.ledger.record("SFTP", f"/out/{kind}", found.message_id or name, content, f"file {effect}")
        folder = "failed" if found.rejected else "archive"
        if not waits and not found.rejected:
            self._tell_orders(kind, found)
        files.move(path, self._post.free(f"/{folder}/{kind}/{name}"))
        return {"name": name, "effect": effect, "lines": len(found.lines), "wrong_lines": found.line_codes}

    def _examine_file(self, kind: str, name: str, content: bytes) -> Examined:
        today = self._current_time().astimezone(times.INDIA).date()
        desk, signers = self._desk, self._signers.accepted_certificates()
        found = examine(kind, name, content, Rules(desk.client, desk.books, today, desk.hmac_key, signers))
        found.told = self._verdict_on(name)
        if not found.told.get("late"):
            found.codes += found.told.get("codes", ())
        return found

    def _verdict_on(self, name: str) -> dict[str, Any]:
        """What was arranged for a payment file (`verdicts` of times.py)."""
        arranged: dict[str, Any] = self.times["verdicts"].get(name.removesuffix(".xml"), {})
        return arranged

    def _message_step(self, kind: str, found: Examined, state: str, at: datetime) -> Step:
        key = found.message_id or "UNKNOWN"
        row = (key, kind, found.batch_id or key, state, stamp(at))
        return "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?)", [row]

    def _outcome_steps(self, kind: str, found: Examined, at: datetime) -> list[Step]:
        """What is written of a file that was examined: all of it in one transaction, or none."""
        late = timedelta(days=1 if found.told.get("late") else 0)
        answer_at = stamp(at + timedelta(minutes=self.times["check_minutes"]) + late)
        if found.rejected:
            return [self._message_step(kind, found, "RJCT", at), _refusal(kind, found, found.codes, answer_at)]
        taken = self._message_step(kind, found, "TAKEN", at)
        if late:
            refusal = _refusal(kind, found, found.told["codes"], stamp(at + _LATE))
            return [taken, refusal, *self._taken_payments(found, at, answer_at)]
        if kind == "payment-request":
            return [taken, *self._taken_payments(found, at, answer_at)]
        return [taken, *self._taken_beneficiaries(found, answer_at)]

    def _tell_orders(self, kind: str, found: Examined) -> None:
        """One entry of the ledger for each payment that was taken."""
        if kind == "payment-request" and not found.rejected:
            for line in found.lines:
                self._desk.home.ledger.record("SFTP", "/out/payment-request", line["id"], b"", "order taken")

    def _repair_after_crash(self) -> None:
        """After kill -9: files that got their name or were taken, but of which one half was not done."""
        known = {row["id"]: row["state"] for row in self._desk.books.rows("SELECT id, state FROM message")}
        waiting = {row["path"] for row in self._desk.books.rows("SELECT path FROM arrival")}
        for kind in OUT_KINDS:
            for name in self._desk.files.names(f"/out/{kind}"):
                path, state = f"/out/{kind}/{name}", known.get(name.removesuffix(".xml"))
                if name.endswith(".tmp") or path in waiting:
                    continue
                if state is None:
                    self.record_arrival(path)
                else:
                    folder = "failed" if state == "RJCT" else "archive"
                    self._desk.files.move(path, self._post.free(f"/{folder}/{kind}/{name}"))

    def _taken_payments(self, found: Examined, at: datetime, answer_at: str) -> list[Step]:
        batch, taken, rows, moments = str(found.batch_id), stamp(at), [], {("ACK", answer_at)}
        for line in found.lines:
            last4 = line["last4"] or line["registered_last4"]
            course = times.course(last4, instant(answer_at), self.times)
            steps = [stamp(each) if each else None for each in (course.debit_at, course.credit_at, course.return_at)]
            moments |= {(name, step) for name, step in zip(("DEBIT", "CREDIT", "RETURN"), steps, strict=True) if step}
            rows.append(
                (
                    *(line["id"], found.message_id, batch, found.scheme, found.method, line["paise"], line["cpsms_id"]),
                    *(last4, line["aadhaar_hmac"], line["aadhaar_last4"], taken, *steps, course.code),
                    _utr(line["id"]),
                )
            )
        events = [(step, name, f"{batch}|{step}") for name, step in sorted(moments, key=lambda each: each[1])]
        statements = {self._statement_event(step) for _, step in moments} | {self._statement_event(taken)}
        return [(_ADD_PAYMENT, rows), (ADD_EVENT, [*events, *sorted(statements)])]

    def _taken_beneficiaries(self, found: Examined, answer_at: str) -> list[Step]:
        batch, rows = str(found.batch_id), []
        events = {(answer_at, "WAVE1", f"{batch}|{answer_at}")}
        for line in found.lines:
            due, code = times.validation(line["last4"], instant(answer_at), self.times)
            gone = line["purpose"] == "D"
            cpsms_id = line["cpsms_id"] or _cpsms_id(line["id"])
            told = (line["last4"], line["aadhaar_hmac"], line["aadhaar_last4"])
            state = "DLTD" if gone else "PDNG"
            account = (line["account_hmac"], line["ifsc"] or None)
            rows.append((line["id"], cpsms_id, batch, *told, state, None if gone else code, stamp(due), *account))
            if not gone:
                events.add((stamp(due), "WAVE2", f"{batch}|{stamp(due)}"))
        return [(_ADD_BENEFICIARY, rows), (ADD_EVENT, sorted(events))]

    def _statement_event(self, step: str) -> tuple[str, str, str]:
        made = times.statement_time(instant(step), self.times)
        return stamp(made), "STATEMENT", f"{made.date().isoformat()}|{stamp(made)}"


def _refusal(kind: str, found: Examined, codes: Sequence[str], at: str) -> Step:
    verdict = {"codes": codes, "lines": found.line_codes, "batch": found.batch_id, "kind": kind, "told": found.told}
    ids = [line["id"] for line in found.lines]
    key = json.dumps({**verdict, "message": found.message_id, "ids": ids})
    return ADD_EVENT, [(at, "NACK", f"{key}|{at}")]


def _utr(end_to_end_id: str) -> str:
    return f"SBINR5{_number(f'utr/{end_to_end_id}', 16)}"


def _cpsms_id(beneficiary: str) -> str:
    return f"U{_number(f'cpsms/{beneficiary}', 12)}"


def _number(text: str, digits: int) -> str:
    return f"{int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10**digits:0{digits}d}"

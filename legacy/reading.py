"""Parses a row of old data into the models of legacy/applications.py, and reports all its errors at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from stdnum.in_ import aadhaar as aadhaar_number

from domain.applications.applications import Channel, DeliveryMode, RejectionGround
from domain.applications.lifecycle import REFUSED, Move, Status
from domain.catalogue.catalogue import District, Outcome, Service, Tehsil
from domain.identity.aliases import alias_form
from domain.kernel import Bilingual, holds_aadhaar, latin_digits, mobile_digits
from legacy.applications import (
    OUTCOME_OF,
    Fault,
    LegacyCertificate,
    LegacyOutcome,
    LegacyPerson,
    LegacyRow,
    LegacyStep,
    NotLawful,
    derive_steps,
    statuses_of,
    with_scrutiny,
)
from legacy.cells import LONGEST, REQUIRED, RowCells, fault_of_text

_MOST_STEPS, _MOST_ANSWERS = 100, 200
_RELATIVES = ("father_name", "mother_name", "husband_name", "guardian_name")
_STEP_KEYS = frozenset({"move", "at", "by", "ground", "note"})
_GENDERS = MappingProxyType(
    {"M": "M", "F": "F", "T": "T", "MALE": "M", "FEMALE": "F", "TRANSGENDER": "T", "OTHER": "T"}
)
_ENDED_BY = MappingProxyType(
    {
        LegacyOutcome.DELIVERED: Move.DELIVER,
        LegacyOutcome.REJECTED: Move.REJECT,
        LegacyOutcome.RETURNED: Move.RETURN_AS_INCOMPLETE,
        LegacyOutcome.WITHDRAWN: Move.WITHDRAW,
    }
)
_SHA256_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class LegacyCatalogue:
    """What rows are read by: services by code and slug, places by code and name, all in lower case."""

    services: Mapping[str, Service]
    districts: Mapping[str, District]
    tehsils: Mapping[tuple[str, str], Tehsil]
    now: datetime
    twelve_digit_numbers: bool = False
    """Whether old numbers may themselves have twelve digits, so that they are not taken for Aadhaar numbers."""


def catalogue_of(
    services: Sequence[Service],
    districts: Sequence[District],
    tehsils: Sequence[Tehsil],
    now: datetime,
    *,
    twelve_digit_numbers: bool = False,
) -> LegacyCatalogue:
    """Services and places by every word that names them."""
    return LegacyCatalogue(
        services={word.lower(): one for one in services for word in (one.slug, one.code)},
        districts={word: one for one in districts for word in _words(one.code, one.name)},
        tehsils={(one.district, word): one for one in tehsils for word in _words(one.code, one.name)},
        now=now,
        twelve_digit_numbers=twelve_digit_numbers,
    )


def number_of(cells: Mapping[str, Any]) -> str | None:
    """The old number of a row for the list of rejects; None where it has none, or one that may not be shown."""
    given = cells.get("legacy_number")
    if not isinstance(given, str | int) or holds_aadhaar(str(given)):
        return None
    return alias_form(str(given)[:100])


def read_row(
    row: int, given: Mapping[str, Any], known: LegacyCatalogue
) -> tuple[LegacyRow | None, list[tuple[str, Fault]]]:
    """The row, or every fault with its column. `given` is as CSV or JSON gave it; empty cells count as left out."""
    cells = RowCells(given, known.now, known.twelve_digit_numbers)
    found = _Reader(row, cells, known).read()
    return (None, cells.faults) if cells.faults else (found, [])


class _Reader:
    """One row on its way. What is wrong is noted by its cells, and the rest is read all the same."""

    def __init__(self, row: int, cells: RowCells, known: LegacyCatalogue) -> None:
        self._row, self._cells, self._known = row, cells, known
        self._said = cells.texts

    def read(self) -> LegacyRow | None:
        cells = self._cells
        form, history = cells.json_of("form", dict), cells.json_of("history", list)
        cells.take()
        for name in REQUIRED:
            if name not in self._said:
                cells.fault(name, Fault.FIELD_MISSING)
        service, outcome = self._service(), cells.word("outcome", LegacyOutcome, None)
        district = self._district()
        parts: dict[str, Any] = {
            "row": self._row,
            "number": cells.number("legacy_number") or "",
            "content": self._content(form, history),
            "person": self._person(),
            "district": district or "",
            "tehsil": self._tehsil(district),
            "channel": cells.word("channel", Channel, None) or Channel.WEB,
            "delivery": cells.word("delivery", DeliveryMode, None) or DeliveryMode.PORTAL,
            "form": self._answers(form),
            "fee_paise": cells.whole_number("fee_paise"),
            "reason": self._said.get("reason"),
            "due_on": cells.day("due_on", past=False),
        }
        times = {name: cells.instant(name) for name in ("submitted_at", "decided_at", "ended_at")}
        if service is None or outcome is None:
            return None  # which steps are lawful depends on both
        steps = self._steps(service, outcome, history, times)
        ground_at = f"history[{len(history) - 1}].ground" if history else "ground"
        certificate = self._certificate(service, self._status(steps, service, outcome, ground_at))
        return LegacyRow(service=service, steps=steps, certificate=certificate, **parts)

    def _service(self) -> Service | None:
        found = self._known.services.get(self._said.get("service", "").lower())
        if found is None and "service" in self._said:
            self._cells.fault("service", Fault.SERVICE_UNKNOWN)
        return found

    def _district(self) -> str | None:
        found = self._known.districts.get(self._said.get("district", "").lower())
        if found is None and "district" in self._said:
            self._cells.fault("district", Fault.PLACE_UNKNOWN)
        return found.code if found else None

    def _tehsil(self, district: str | None) -> str | None:
        named = self._said.get("tehsil")
        if named is None or district is None:
            return None
        found = self._known.tehsils.get((district, named.lower()))
        if found is None:
            self._cells.fault("tehsil", Fault.PLACE_UNKNOWN)
        return found.code if found else None

    def _person(self) -> LegacyPerson:
        english, hindi = self._said.get("name_en"), self._said.get("name_hi")
        if english is None and hindi is None:
            self._cells.fault("name_en", Fault.FIELD_MISSING)
        gender = self._said.get("gender")
        if gender is not None and gender.upper() not in _GENDERS:
            self._cells.fault("gender", Fault.WORD_UNKNOWN)
        mobile, aadhaar = self._said.get("mobile"), self._said.get("aadhaar")
        if mobile is not None and (mobile := mobile_digits(mobile)) is None:
            self._cells.fault("mobile", Fault.MOBILE_NOT_VALID)
        if aadhaar is not None:
            aadhaar = aadhaar_number.compact(latin_digits(aadhaar))
            if not aadhaar_number.is_valid(aadhaar):
                self._cells.fault("aadhaar", Fault.AADHAAR_NOT_VALID)
        return LegacyPerson(
            name=Bilingual(hindi, english or hindi or ""),
            born_on=self._cells.day("born_on"),
            gender=_GENDERS.get(gender.upper()) if gender else None,
            mobile=mobile,
            email=self._said.get("email"),
            old_id=self._said.get("applicant_id"),
            aadhaar=aadhaar,
        )

    def _answers(self, form: Any) -> Mapping[str, str]:
        found = {name: self._said[name] for name in _RELATIVES if name in self._said}
        for name, value in (form or {}).items():
            if not isinstance(value, str | int) or isinstance(value, bool):
                self._cells.fault("form", Fault.NOT_TEXT)
            elif (fault := fault_of_text(f"{name}{value}")) is not None:
                self._cells.fault("form", fault)
            elif len(str(value)) > LONGEST["reason"] or len(name) > 100 or len(found) > _MOST_ANSWERS:
                self._cells.fault("form", Fault.FIELD_TOO_LONG)
            elif holds_aadhaar(str(value)) or holds_aadhaar(name):
                self._cells.fault("form", Fault.AADHAAR_IN_TEXT)
            else:
                found[name] = str(value)
        return found

    def _steps(
        self, service: Service, outcome: LegacyOutcome, history: Any, times: Mapping[str, datetime | None]
    ) -> tuple[LegacyStep, ...]:
        submitted_at, decided_at, ended_at = times["submitted_at"], times["decided_at"], times["ended_at"]
        ground = self._cells.word("ground", RejectionGround, None)
        if submitted_at is None:
            return ()
        if history:
            return with_scrutiny(tuple(self._history(history)))
        if outcome is not LegacyOutcome.PENDING and ended_at is None:
            self._cells.fault("ended_at", Fault.FIELD_MISSING)
            return ()
        move = _ENDED_BY.get(outcome, Move.SUBMIT)
        note = self._said.get("reason") if outcome in (LegacyOutcome.REJECTED, LegacyOutcome.RETURNED) else None
        last = LegacyStep(move, ended_at or submitted_at, self._said.get("officer"), ground, note)
        return derive_steps(service, outcome, submitted_at, decided_at, last)

    def _history(self, history: Sequence[Any]) -> Iterator[LegacyStep]:
        if len(history) > _MOST_STEPS:
            self._cells.fault("history", Fault.FIELD_TOO_LONG)
            return
        for place, given in enumerate(history):
            name = f"history[{place}]"
            if not isinstance(given, dict) or not given.keys() <= _STEP_KEYS:
                self._cells.fault(name, Fault.NOT_TEXT)
                continue
            step = self._one_step(name, given)
            if step is not None:
                yield step

    def _one_step(self, name: str, given: Mapping[str, Any]) -> LegacyStep | None:
        if not all(value is None or isinstance(value, str) for value in given.values()):
            self._cells.fault(name, Fault.NOT_TEXT)
            return None
        texts = {key: value.strip() for key, value in given.items() if value is not None}
        if any(len(text) > LONGEST["reason"] for text in texts.values()):
            self._cells.fault(name, Fault.FIELD_TOO_LONG)
        for fault in map(fault_of_text, texts.values()):
            if fault is not None:
                self._cells.fault(name, fault)
        if any(holds_aadhaar(text) for text in texts.values()):
            self._cells.fault(name, Fault.AADHAAR_IN_TEXT)
        at = self._cells.instant_in(name, texts.get("at", ""))
        try:
            move = Move(texts.get("move", "").upper())
            ground = RejectionGround(texts["ground"].upper()) if texts.get("ground") else None
        except ValueError:
            self._cells.fault(name, Fault.WORD_UNKNOWN)
            return None
        return LegacyStep(move, at, texts.get("by") or None, ground, texts.get("note") or None) if at else None

    def _status(
        self, steps: tuple[LegacyStep, ...], service: Service, outcome: LegacyOutcome, ground_at: str
    ) -> Status | None:
        if not steps or self._cells.faults:
            return None
        try:
            status = statuses_of(steps, service)[-1]
        except NotLawful as wrong:
            self._cells.fault(f"history[{wrong.place}]", wrong.fault)
            return None
        if steps[0].at != self._cells.instant("submitted_at"):
            self._cells.fault("submitted_at", Fault.OUTCOME_DIFFERS)
        if OUTCOME_OF.get(status) is not outcome:
            self._cells.fault("outcome", Fault.OUTCOME_DIFFERS)
        if status in REFUSED and steps[-1].ground is None:
            self._cells.fault(ground_at, Fault.GROUND_MISSING)
        if status in (Status.APPROVED, Status.BENEFIT_SANCTIONED) and service.outcome is not Outcome.CERTIFICATE:
            self._cells.fault("outcome", Fault.PAYMENT_UNDER_WAY)
        return status

    def _certificate(self, service: Service, status: Status | None) -> LegacyCertificate | None:
        names = ("certificate_number", "issued_on", "certificate_file")
        given = [name for name in names if name in self._said]
        if not given and "valid_until" not in self._said and status is not Status.CERTIFICATE_ISSUED:
            return None
        missing = [name for name in names if name not in self._said]
        for name in missing:
            self._cells.fault(name, Fault.CERTIFICATE_MISSING)
        ready = status in (Status.CERTIFICATE_ISSUED, Status.DELIVERED, None)
        if service.outcome is not Outcome.CERTIFICATE or service.doctype is None or not ready:
            self._cells.fault("certificate_number", Fault.NO_CERTIFICATE_HERE)
        number, issued_on = self._cells.number("certificate_number"), self._cells.day("issued_on")
        valid_until = self._cells.day("valid_until", past=False)
        sha256 = self._said.get("certificate_sha256", "").lower() or None
        if sha256 is not None and not (len(sha256) == 64 and _SHA256_DIGITS.issuperset(sha256)):
            self._cells.fault("certificate_sha256", Fault.NOT_TEXT)
        if issued_on and valid_until and valid_until < issued_on:
            self._cells.fault("valid_until", Fault.OUT_OF_ORDER)
        if missing or number is None or issued_on is None:
            return None
        return LegacyCertificate(
            number, self._said["certificate_number"], issued_on, valid_until, self._said["certificate_file"], sha256
        )

    def _content(self, form: Any, history: Any) -> str:
        """Everything that the row says, in one order, for comparing."""
        said = {**self._said, "form": form, "history": history}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _words(code: str, name: Bilingual) -> Iterator[str]:
    yield from (word.strip().lower() for word in (name.en, name.hi, code) if word)

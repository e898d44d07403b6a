"""What a queue pack says: what is needed to decide, and no more of a person than the queue shows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from domain.applications import Application, AttachedDocument, RejectionGround
from domain.catalogue import Service
from domain.clock import IST
from domain.desk import Pack
from domain.global_ids import TypeCode, to_global_id
from domain.lifecycle import Move, moves_from
from domain.masks import mask_aadhaar_in, mask_account
from domain.people import Citizen
from domain.text import Bilingual
from store.forms import FiledForm

_VERDICTS = MappingProxyType(
    {
        Move.APPROVE: "APPROVE",
        Move.REJECT: "REJECT",
        Move.RETURN_AS_INCOMPLETE: "RETURN_AS_INCOMPLETE",
        Move.RAISE_QUERY: "RAISE_QUERY",
        Move.SEND_FOR_VERIFICATION: "SEND_FOR_VERIFICATION",
        Move.REPORT_VERIFICATION: "REPORT_VERIFICATION",
    }
)
_HIDDEN = re.compile(r"account|mobile|phone|aadhaar|email", re.IGNORECASE)
"""Form fields of which a pack shows the last four signs only: a lost telephone must tell little."""


@dataclass(frozen=True, slots=True)
class MadeOf:
    """The cases of a pack with what belongs to them, each by its key."""

    cases: Sequence[Application]
    citizens: Mapping[str, Citizen]
    services: Mapping[tuple[str, int | None], Service]
    documents: Mapping[str, Sequence[AttachedDocument]]
    filed: Mapping[str, FiledForm]


def content_of(pack: Pack, made_of: MadeOf) -> dict[str, Any]:
    """The pack as JSON; instants are India's."""
    return {
        "packId": pack.id,
        "officerId": to_global_id(TypeCode.OFFICER, pack.officer_id),
        "day": pack.day.isoformat(),
        "issuedAt": _instant(pack.issued_at),
        "expiresAt": _instant(pack.expires_at),
        "grounds": [ground.value for ground in RejectionGround],
        "cases": [_case(case, made_of) for case in made_of.cases],
    }


def _case(case: Application, made_of: MadeOf) -> dict[str, Any]:
    service = made_of.services.get((case.service_code, case.service_version))
    citizen = made_of.citizens.get(case.citizen_id)
    return {
        "applicationId": to_global_id(TypeCode.APPLICATION, case.id),
        "number": case.number,
        "version": case.version,
        "status": case.status.value,
        "serviceCode": case.service_code,
        "service": _text(service.name if service else None),
        "needsSecondPair": bool(service and service.needs_second_pair),
        "asksFor": [paper.key for paper in service.documents] if service else [],
        "district": case.district,
        "tehsil": case.tehsil,
        "submittedAt": _instant(case.submitted_at),
        "dueAt": _instant(case.due_at),
        "applicant": _text(citizen.name if citizen else None),
        "form": [_answer(name, value, made_of.filed.get(case.id)) for name, value in case.form.items()],
        "documents": [
            {"key": paper.key, "name": paper.name, "seenAtSource": paper.verified_at is not None}
            for paper in made_of.documents.get(case.id, ())
        ],
        "verdicts": [name for move, name in _VERDICTS.items() if move in moves_from(case.status)],
    }


def _answer(name: str, value: str, filed: FiledForm | None) -> dict[str, Any]:
    """An answer, and the document that gave it where somebody did not write it herself; never its number."""
    shown: dict[str, Any] = {"name": name, "value": _shown(name, value)}
    source = filed.source_of(name, value) if filed is not None else None
    if source is not None:
        told = {"document": source["name"], "issuer": source["issuer"], "issuedOn": source["issued_on"]}
        shown["source"] = {"origin": source["origin"], **told, "signature": source["signature"]}
    return shown


def _shown(name: str, value: str) -> str:
    return mask_account(value) if _HIDDEN.search(name) else mask_aadhaar_in(value)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(IST).isoformat(timespec="milliseconds")


def _text(name: Bilingual | None) -> dict[str, str | None] | None:
    return None if name is None else {"hi": name.hi, "en": name.en}

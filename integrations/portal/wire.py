"""The JSON of `GET /api/service` (docs/catalogue.md): a list of records, read one by one.

Known from the capture: id, slug, nameEnglish, nameHindi, department, serviceType, charge, deliveryTimeInSeconds, rts,
documents[], officerFields, forms. INFERRED: that the list may stand in an object under `services` or `data`; that a
department is a text or an object with a slug; the parts of a document. `officerFields` and `forms` are not read: no
source says what they hold.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.kernel import is_plain_line, paise_from_rupees
from integrations.portal.models import PortalDepartment, PortalPaper, PortalReject, PortalService, ReadCatalogue

MOST_RECORDS = 10_000
MOST_ID = 10**12
LONGEST_TEXT = 300
MOST_DAYS = 3650
MOST_PAISE = 10**11
MOST_PAPERS = 100
DAY_SECONDS = 86_400

_LISTS = ("services", "data")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class NotACatalogue(ValueError):
    """The document is not a catalogue at all."""


class _Wrong(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def read_catalogue(document: Any) -> ReadCatalogue:
    """Read the records; an invalid one is left out and reported. Raises NotACatalogue for another document."""
    records = _records(document)
    services: dict[str, PortalService] = {}
    rejects: list[PortalReject] = []
    for row, record in enumerate(records, 1):
        try:
            service = replace(_service(record), row=row)
            if service.code in services:
                raise _Wrong("id", "TWICE")  # noqa: TRY301 - as any other fault of the record
        except _Wrong as wrong:
            rejects.append(PortalReject(row, _shown_key(record), wrong.field, wrong.reason))
        else:
            services[service.code] = service
    return ReadCatalogue(tuple(services.values()), tuple(rejects))


def _shown_key(record: Any) -> str:
    """How a record that is left out is named: by its id, as far as that can be shown."""
    key = record.get("id") if isinstance(record, Mapping) else None
    shown = str(key) if isinstance(key, int) else key
    return shown[:40] if isinstance(shown, str) and is_plain_line(shown) else ""


def _records(document: Any) -> Sequence[Any]:
    if isinstance(document, Mapping):
        document = next((document[name] for name in _LISTS if name in document), None)
    if not isinstance(document, list) or not document or len(document) > MOST_RECORDS:
        raise NotACatalogue("a list of 1 to 10000 services is needed")
    return document


def _service(record: Any) -> PortalService:
    if not isinstance(record, Mapping):
        raise _Wrong("record", "NOT_AN_OBJECT")
    code, name = _code(record), _text(record, "nameEnglish")
    if code is None or name is None:
        raise _Wrong("id" if code is None else "nameEnglish", "MISSING")
    rts = record.get("rts")
    if rts is not None and not isinstance(rts, bool):
        raise _Wrong("rts", "NOT_YES_OR_NO")
    return PortalService(
        code=code,
        slug=_key(record, "slug"),
        name_en=name,
        name_hi=_text(record, "nameHindi"),
        department=_department(record),
        category=_text(record, "serviceType"),
        charge_paise=_charge(record),
        delivery_days=_days(record),
        rts=rts,
        documents=_documents(record),
    )


def _text(record: Mapping[str, Any], field: str) -> str | None:
    found = record.get(field)
    if found is None:
        return None
    if not isinstance(found, str):
        raise _Wrong(field, "NOT_TEXT")
    if len(found) > LONGEST_TEXT:
        raise _Wrong(field, "TOO_LONG")
    if not is_plain_line(found.strip()):
        raise _Wrong(field, "NOT_PLAIN")
    return found.strip() or None


def _code(record: Mapping[str, Any]) -> str | None:
    """The id of a record, a text or a whole number above zero, as a text."""
    found = record.get("id")
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= MOST_ID:
        return str(found)
    return _key(record, "id")


def _key(record: Mapping[str, Any], field: str) -> str | None:
    """A code or a slug, which stands in addresses."""
    found = _text(record, field)
    if found is not None and not _KEY.fullmatch(found):
        raise _Wrong(field, "NOT_A_KEY")
    return found


def _department(record: Mapping[str, Any]) -> PortalDepartment | None:
    found = record.get("department")
    try:
        if isinstance(found, Mapping):
            said = PortalDepartment(_key(found, "slug"), _text(found, "nameEnglish"), _text(found, "nameHindi"))
        else:
            said = PortalDepartment(None, _text(record, "department"))
    except _Wrong as wrong:
        raise _Wrong("department", wrong.reason) from None
    return said if said.slug or said.name_en else None


def _charge(record: Mapping[str, Any]) -> int | None:
    found = record.get("charge")
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise _Wrong("charge", "NOT_AN_AMOUNT")
    try:
        paise = paise_from_rupees(str(found))
    except (ValueError, ArithmeticError):
        raise _Wrong("charge", "NOT_AN_AMOUNT") from None
    if not 0 <= paise <= MOST_PAISE:
        raise _Wrong("charge", "OUT_OF_RANGE")
    return paise


def _days(record: Mapping[str, Any]) -> int | None:
    """1296000 is 15 days; zero seconds is the field's default and says nothing."""
    found = record.get("deliveryTimeInSeconds")
    if found is None or found == 0:
        return None
    if isinstance(found, bool) or not isinstance(found, int):
        raise _Wrong("deliveryTimeInSeconds", "NOT_A_NUMBER")
    if not 0 < found <= MOST_DAYS * DAY_SECONDS:
        raise _Wrong("deliveryTimeInSeconds", "OUT_OF_RANGE")
    if found % DAY_SECONDS:
        raise _Wrong("deliveryTimeInSeconds", "NOT_WHOLE_DAYS")
    return found // DAY_SECONDS


def _documents(record: Mapping[str, Any]) -> tuple[PortalPaper, ...] | None:
    found = record.get("documents")
    if found is None:
        return None
    if not isinstance(found, list) or len(found) > MOST_PAPERS:
        raise _Wrong("documents", "NOT_A_LIST")
    return tuple(_paper(each) for each in found)


def _paper(found: Any) -> PortalPaper:
    if isinstance(found, str):
        found = {"nameEnglish": found}
    if not isinstance(found, Mapping):
        raise _Wrong("documents", "NOT_AN_OBJECT")
    name, required = _text(found, "nameEnglish") or _text(found, "name"), found.get("required", True)
    if name is None:
        raise _Wrong("documents", "MISSING")
    if not isinstance(required, bool):
        raise _Wrong("documents", "NOT_YES_OR_NO")
    return PortalPaper(name, required)

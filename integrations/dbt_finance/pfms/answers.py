"""Verifies and reads the files that PFMS and the banks write.

Source: docs/contracts/dbt_finance.md sections 2.3, 2.5 and 10. Elements are found by their local name, whatever the
prefix; the namespace of the root says what a file is. Nothing is read but what the signature covers, and nothing is
given out before counts and sums are checked. Names of containers that the contract leaves open are INFERRED from ISO
20022; a value is looked for by its own name at any depth.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType

from domain.kernel import IST, paise_from_rupees
from integrations.calling import safe_xml
from integrations.dbt_finance.pfms.apbs_layout import read_returns
from integrations.dbt_finance.pfms.exchange import LARGEST_FILE
from integrations.dbt_finance.pfms.models import (
    BankStatus,
    BatchAcknowledgement,
    BeneficiaryAnswer,
    BeneficiaryRow,
    DailyStatement,
    EnrolmentAnswer,
    FileRefusal,
    FileRefused,
    LineStatus,
    PaymentRow,
    StatementRow,
    Trust,
)
from integrations.dbt_finance.pfms.names import answered_at, is_safe
from integrations.dbt_finance.pfms.signing import signed_part

MOST_MARKUP = 1_500_000
"""Tags and attributes of one file: what is larger comes in parts."""

_BASE = "http://cpsms.nic.in/Beneficiary"
BENEFICIARY_RESPONSE = frozenset({f"{_BASE}/BeneficiaryDataResponse"})
ACKNOWLEDGEMENT = frozenset({f"{_BASE}/ContractorPaymentAck", f"{_BASE}/DbtPaymentAck"})
BANK_STATUS = frozenset({f"{_BASE}/ContractorPaymentStatus", f"{_BASE}/DbtPaymentStatus"})
STATEMENT = frozenset({f"{_BASE}/DailyPaymentStatement"})
ENROLMENT = frozenset({f"{_BASE}/DscEnrolmentAck"})
"""The namespaces of the contractor variant are public, those of DBT by analogy; of the statement and of the enrolment
of a signer, of which only the existence is public, they are INFERRED with all their elements."""

_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_ENCODING = re.compile(rb"^\s*(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._\-]{1,40})[\"']")
_TYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/\-]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9]{2,12}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){31}")

Answer = BeneficiaryAnswer | BatchAcknowledgement | BankStatus
"""Answers about batches and their lines; an EnrolmentAnswer is about a certificate."""
Fields = Mapping[str, safe_xml.Element]


def read_answer(name: str, content: bytes, trust: Trust) -> Answer | EnrolmentAnswer:
    """What an answer file says. Raises FileRefused, before anything of it may be applied."""
    _check_file(name, content)
    if name.lower().endswith(".txt"):
        return read_returns(content, trust, answered_at(name) or trust.at)
    root = _root(content)
    namespace = _namespace(root)
    if namespace in BENEFICIARY_RESPONSE:
        return _beneficiaries(signed_part(root, trust.pfms, trust.at))
    if namespace in ACKNOWLEDGEMENT:
        return _acknowledgement(signed_part(root, trust.pfms, trust.at))
    if namespace in BANK_STATUS:
        return _bank_status(signed_part(root, trust.banks, trust.at))
    if namespace in ENROLMENT:
        return _enrolment(signed_part(root, trust.pfms, trust.at))
    raise FileRefused(FileRefusal.UNKNOWN_NAMESPACE)


def read_statement(name: str, content: bytes, trust: Trust) -> DailyStatement:
    """PFMS's statement of a day, or a part of it. Raises FileRefused."""
    _check_file(name, content)
    root = _root(content)
    if _namespace(root) not in STATEMENT:
        raise FileRefused(FileRefusal.UNKNOWN_NAMESPACE)
    part = signed_part(root, trust.pfms, trust.at)
    head, elements = _only_element(part, "GrpHdr"), list(part.iterchildren("{*}TxInf"))
    rows = tuple(_statement_row(element, number) for number, element in enumerate(elements, 1))
    _check_rows(head, [row.end_to_end_id for row in rows], [row.amount_paise for row in rows], needed=True)
    return DailyStatement(
        day=_day(_required_text(head, "StmtDt"), "StmtDt"),
        created_at=_instant(_required_text(head, "CreDtTm")),
        rows=rows,
        total_paise=sum(row.amount_paise for row in rows),
        part=_count(_required_text(head, "Part"), "Part"),
        parts=_count(_required_text(head, "Parts"), "Parts"),
    )


def _check_file(name: str, content: bytes) -> None:
    if not is_safe(name):
        raise FileRefused(FileRefusal.NAME)
    if len(content) > LARGEST_FILE:
        raise FileRefused(FileRefusal.TOO_LARGE)


def _root(content: bytes) -> safe_xml.Element:
    declared = _ENCODING.match(content[:400])
    plain = declared is None or declared[1].upper() in {b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"}
    if content.startswith(_WIDE) or b"\x00" in content or not plain:
        raise FileRefused(FileRefusal.ENCODING)
    if _TYPE.search(content):
        raise FileRefused(FileRefusal.DOCUMENT_TYPE)
    if content.count(b"<") + content.count(b"=") > MOST_MARKUP:
        raise FileRefused(FileRefusal.TOO_LARGE)
    try:
        return safe_xml.parse(content, limit=LARGEST_FILE)
    except safe_xml.UnsafeXml:
        raise FileRefused(FileRefusal.MALFORMED) from None


def _namespace(root: safe_xml.Element) -> str:
    return str(root.tag).rpartition("}")[0].removeprefix("{")


def _beneficiaries(part: safe_xml.Element) -> BeneficiaryAnswer:
    head, info = _only_element(part, "GrpHdr"), _only_element(part, "CstmrInf")
    rows = tuple(
        _beneficiary_row(_only_element(element, "Cstmr"), number)
        for number, element in enumerate(info.iterchildren("{*}CstmrTxInf"), 1)
    )
    _check_rows(head, [row.id for row in rows], ())
    return BeneficiaryAnswer(
        _required_text(info, "CstmrInfId", _REFERENCE), _instant(_required_text(head, "CreDtTm")), rows
    )


def _beneficiary_row(customer: safe_xml.Element, number: int) -> BeneficiaryRow:
    fields = _fields(customer)
    status = _status(fields, "CstmrSts", number, {LineStatus.ACCEPTED, LineStatus.REJECTED, LineStatus.PENDING})
    cpsms_id = _text(fields, "CPSMSId") or None
    if (status is LineStatus.ACCEPTED) is not (cpsms_id is not None):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, f"CPSMSId {number}")
    name = None
    if "CstmrAcct" in fields:
        family = next(fields["CstmrAcct"].iter("{*}CstmrAcctFmly"), None)
        name = safe_xml.child_text(family, "Nm") if family is not None else None
    party = fields.get("PrTry")
    if party is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, f"PrTry {number}")
    return BeneficiaryRow(_required_text(party, "Id", _REFERENCE), status, cpsms_id, _codes(customer, number), name)


def _acknowledgement(part: safe_xml.Element) -> BatchAcknowledgement:
    rows = tuple(_payment_row(each, number) for number, each in enumerate(part.iter("{*}TxInfAndSts"), 1))
    message, batch = _one_of(part, "OrgnlMsgId"), _one_of(part, "OrgnlPmtInfId")
    if message is None and batch is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "OrgnlPmtInfId")
    group = next(part.iter("{*}OrgnlGrpInfAndSts"), None)
    told = safe_xml.child_text(group, "GrpSts") if group is not None else None
    accepted = _batch_accepted(told, rows)
    _check_rows(next(part.iter("{*}GrpHdr"), None), [row.end_to_end_id for row in rows], ())
    codes = _codes(group, 0) if group is not None else ()
    if not accepted and not codes:
        codes = tuple(dict.fromkeys(code for row in rows for code in row.codes))
    return BatchAcknowledgement(message, batch, _creation_time(part), accepted, codes, rows)


def _batch_accepted(status: str | None, rows: Iterable[PaymentRow]) -> bool:
    """One rejected line means that the whole batch is rejected, whatever the head says."""
    if status not in {None, LineStatus.ACCEPTED.value, LineStatus.REJECTED.value}:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "GrpSts")
    statuses = {row.status for row in rows}
    if status is None and not statuses:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "TxInfAndSts")
    return status != LineStatus.REJECTED.value and LineStatus.REJECTED not in statuses


def _bank_status(part: safe_xml.Element) -> BankStatus:
    rows = tuple(_payment_row(each, number) for number, each in enumerate(part.iter("{*}TxInfAndSts"), 1))
    batch = _one_of(part, "OrgnlPmtInfId")
    if batch is None or not rows:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "TxInfAndSts" if batch else "OrgnlPmtInfId")
    told = [row.amount_paise for row in rows if row.amount_paise is not None]
    _check_rows(
        next(part.iter("{*}GrpHdr"), None), [row.end_to_end_id for row in rows], told if len(told) == len(rows) else ()
    )
    return BankStatus(batch, _creation_time(part), rows)


def _enrolment(part: safe_xml.Element) -> EnrolmentAnswer:
    signer = _only_element(part, "SgnrInf")
    told = _required_text(signer, "EnrlmtSts")
    if told not in {LineStatus.ACCEPTED.value, LineStatus.REJECTED.value}:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "EnrlmtSts")
    fingerprint = _required_text(signer, "Tmbprnt", _FINGERPRINT).replace(":", "").lower()
    accepted = told == LineStatus.ACCEPTED.value
    return EnrolmentAnswer(fingerprint, _creation_time(part), accepted, _codes(signer, 0))


def _payment_row(element: safe_xml.Element, number: int) -> PaymentRow:
    fields = _fields(element)
    day, amount = _text(fields, "ValDt"), _text(fields, "Amt")
    return PaymentRow(
        end_to_end_id=_require_match(_text(fields, "OrgnlEndToEndId"), _REFERENCE, f"OrgnlEndToEndId {number}"),
        status=_status(fields, "TxSts", number, set(LineStatus)),
        codes=_codes(element, number),
        utr=_require_match(_text(fields, "UTR"), _REFERENCE, f"UTR {number}") if _text(fields, "UTR") else None,
        value_date=_day(day, f"ValDt {number}") if day else None,
        amount_paise=_paise(amount, f"Amt {number}") if amount else None,
    )


def _statement_row(element: safe_xml.Element, number: int) -> StatementRow:
    fields = _fields(element)
    utr, day, code = _text(fields, "UTR"), _text(fields, "ValDt"), _text(fields, "RsnCd")
    return StatementRow(
        end_to_end_id=_require_match(_text(fields, "EndToEndId"), _REFERENCE, f"EndToEndId {number}"),
        batch_id=_require_match(_text(fields, "PmtInfId"), _REFERENCE, f"PmtInfId {number}"),
        amount_paise=_paise(_text(fields, "Amt"), f"Amt {number}"),
        status=_status(fields, "TxSts", number, set(LineStatus)),
        codes=(_require_match(code, _CODE, f"RsnCd {number}"),) if code else (),
        utr=_require_match(utr, _REFERENCE, f"UTR {number}") if utr else None,
        value_date=_day(day, f"ValDt {number}") if day else None,
    )


def _check_rows(head: safe_xml.Element | None, ids: list[str], amounts: Iterable[int], *, needed: bool = False) -> None:
    """Check count and sum of the header, and that no row comes twice; a header may leave them out unless `needed`."""
    if len(set(ids)) != len(ids):
        raise FileRefused(FileRefusal.ROW_TWICE)
    count = safe_xml.child_text(head, "NbOfTxs") if head is not None else None
    total = safe_xml.child_text(head, "CtrlSum") if head is not None else None
    if needed and (count is None or total is None):
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "CtrlSum" if count else "NbOfTxs")
    if count is not None and _count(count, "NbOfTxs") != len(ids):
        raise FileRefused(FileRefusal.WRONG_COUNT)
    told = tuple(amounts)
    if total is not None and (told or needed) and _paise(total, "CtrlSum") != sum(told):
        raise FileRefused(FileRefusal.WRONG_TOTAL)


def _fields(element: safe_xml.Element) -> Fields:
    """Child elements by local name; raises FileRefused where a name comes twice, but for reasons, which may."""
    found: dict[str, safe_xml.Element] = {}
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        if name in found and name != "StsRsnInf":
            raise FileRefused(FileRefusal.MALFORMED, f"{name} twice")
        found[name] = child
    return MappingProxyType(found)


def _codes(element: safe_xml.Element, number: int) -> tuple[str, ...]:
    """Every reason code directly below, in order."""
    found: list[str] = []
    for information in element.iterchildren("{*}StsRsnInf"):
        for reason in information.iterchildren("{*}Rsn"):
            code = safe_xml.child_text(reason, "Cd")
            if code:
                found.append(_require_match(code, _CODE, f"Cd {number}"))
    return tuple(dict.fromkeys(found))


def _only_element(element: safe_xml.Element, name: str) -> safe_xml.Element:
    found = list(element.iter(f"{{*}}{name}"))
    if len(found) != 1:
        raise FileRefused(FileRefusal.MISSING_ELEMENT if not found else FileRefusal.MALFORMED, name)
    return found[0]


def _one_of(part: safe_xml.Element, name: str) -> str | None:
    """A value that occurs once in a file, at any depth; None where it does not."""
    found = {safe_xml.text_of(element) for element in part.iter(f"{{*}}{name}")} - {None}
    if len(found) > 1:
        raise FileRefused(FileRefusal.MALFORMED, f"{name} twice")
    value = next(iter(found), None)
    return None if value is None else _require_match(value, _REFERENCE, name)


def _required_text(element: safe_xml.Element, name: str, form: re.Pattern[str] | None = None) -> str:
    text = safe_xml.child_text(element, name)
    if text is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, name)
    return text if form is None else _require_match(text, form, name)


def _text(fields: Fields, name: str) -> str:
    """The trimmed text; files have thousands of elements without children, so those are read the short way."""
    element = fields.get(name)
    if element is None:
        return ""
    return (safe_xml.text_of(element) or "") if len(element) else (element.text or "").strip()


def _require_match(text: str, form: re.Pattern[str], where: str) -> str:
    if not text:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, where)
    if not form.fullmatch(text):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    return text


def _status(fields: Fields, name: str, number: int, allowed: set[LineStatus]) -> LineStatus:
    text = _text(fields, name)
    if text not in allowed:
        raise FileRefused(FileRefusal.MALFORMED_VALUE if text else FileRefusal.MISSING_ELEMENT, f"{name} {number}")
    return LineStatus(text)


def _creation_time(part: safe_xml.Element) -> datetime:
    text = _one_text(part, "CreDtTm")
    if text is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "CreDtTm")
    return _instant(text)


def _one_text(part: safe_xml.Element, name: str) -> str | None:
    found = next(part.iter(f"{{*}}{name}"), None)
    return safe_xml.text_of(found) if found is not None else None


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "CreDtTm") from None
    return read if read.tzinfo else read.replace(tzinfo=IST)


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where) from None


def _paise(text: str, where: str) -> int:
    """Rupees with two decimals; nothing below zero, no exponents, no separators."""
    if not re.fullmatch(r"[0-9]{1,14}(?:\.[0-9]{1,2})?", text):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    return paise_from_rupees(text)


def _count(text: str, where: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    return int(text)

"""Verifies and reads the files that PFMS and the banks write.

Source: docs/contracts/dbt_finance.md sections 2.3, 2.5 and 10. The local name of the root says what a file is; its
namespace is taken from the document, and one that was never seen is told. Where a file is signed nothing is read but
what the signature covers; the settings say whether one may come unsigned. Nothing is given out before counts and sums
are checked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from domain.payments.files import AnswersSigned
from integrations.calling import safe_xml
from integrations.dbt_finance.pfms.answer_values import (
    CODE,
    REFERENCE,
    check_rows,
    codes_below,
    count_of,
    creation_time,
    day_of,
    fields_of,
    instant,
    only_element,
    paise_of,
    require_match,
    required_text,
    status_in,
    text_in,
)
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
    StatementRow,
    Trust,
)
from integrations.dbt_finance.pfms.names import answered_at, is_safe
from integrations.dbt_finance.pfms.payment_reports import read_acknowledgement, read_bank_status
from integrations.dbt_finance.pfms.signing import signed_part
from integrations.xml_signatures import DS

MOST_MARKUP = 1_500_000
"""Tags and attributes of one file: what is larger comes in parts."""

_BASE = "http://cpsms.nic.in/"
KNOWN_NAMESPACES = frozenset(
    {
        f"{_BASE}BeneficiaryDataResponse",
        f"{_BASE}Beneficiary/BeneficiaryDataResponse",
        f"{_BASE}BeneficiaryPaymentAck",
        f"{_BASE}Beneficiary/ContractorPaymentAck",
        f"{_BASE}Beneficiary/DbtPaymentAck",
        f"{_BASE}BeneficiaryPaymentStatus",
        f"{_BASE}Beneficiary/ContractorPaymentStatus",
        f"{_BASE}Beneficiary/DbtPaymentStatus",
        f"{_BASE}Beneficiary/DailyPaymentStatement",
        f"{_BASE}Beneficiary/DscEnrolmentAck",
    }
)
"""Those that were seen in public, and ours by analogy. The last two are INFERRED with all elements of their files, the
statement and the enrolment of a signer, of which only the existence is public."""
STATEMENT = "DailyPaymentStatement"

_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_ENCODING = re.compile(rb"^\s*(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._\-]{1,40})[\"']")
_TYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_BENEFICIARY_WORDS: Mapping[str, LineStatus] = {
    "ACCP": LineStatus.ACCEPTED,
    "ACPT": LineStatus.ACCEPTED,
    "RJCT": LineStatus.REJECTED,
    "PDNG": LineStatus.PENDING,
}
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){31}")
_log = structlog.get_logger(__name__)

Answer = BeneficiaryAnswer | BatchAcknowledgement | BankStatus
"""Answers about batches and their lines; an EnrolmentAnswer is about a certificate."""


def read_answer(name: str, content: bytes, trust: Trust) -> Answer | EnrolmentAnswer:
    """What an answer file says. Raises FileRefused, before anything of it may be applied."""
    _check_file(name, content)
    if name.lower().endswith(".txt"):
        return read_returns(content, trust, answered_at(name) or trust.at)
    root = _root(content)
    reader = _READERS.get(safe_xml.local_name(root))
    if reader is None:
        raise FileRefused(FileRefusal.UNKNOWN_ROOT)
    by_bank = reader is read_bank_status
    answer = reader(_trusted_part(root, trust.banks if by_bank else trust.pfms, trust))
    return replace(answer, unknown_namespace=_unknown_namespace(root))


def read_statement(name: str, content: bytes, trust: Trust) -> DailyStatement:
    """PFMS's statement of a day, or a part of it. Raises FileRefused."""
    _check_file(name, content)
    root = _root(content)
    if safe_xml.local_name(root) != STATEMENT:
        raise FileRefused(FileRefusal.UNKNOWN_ROOT)
    part = _trusted_part(root, trust.pfms, trust)
    _unknown_namespace(root)
    head, elements = only_element(part, "GrpHdr"), list(part.iterchildren("{*}TxInf"))
    rows = tuple(_statement_row(element, number) for number, element in enumerate(elements, 1))
    check_rows(head, [row.end_to_end_id for row in rows], [row.amount_paise for row in rows], needed=True)
    return DailyStatement(
        day=day_of(required_text(head, "StmtDt"), "StmtDt"),
        created_at=instant(required_text(head, "CreDtTm")),
        rows=rows,
        total_paise=sum(row.amount_paise for row in rows),
        part=count_of(required_text(head, "Part"), "Part"),
        parts=count_of(required_text(head, "Parts"), "Parts"),
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


def _trusted_part(root: safe_xml.Element, signers: tuple[str, ...], trust: Trust) -> safe_xml.Element:
    """The part of a document that may be read: what its signature covers, or the whole where it may be unsigned.

    Whoever could write an unsigned file could also take a signature away, so that with IF_PRESENT and NONE the host
    and its folder are the only proof (docs/contracts/dbt_finance.md section 2.5).
    """
    signed = next(root.iter(f"{DS}Signature"), None) is not None
    if trust.answers_signed is AnswersSigned.NONE or (trust.answers_signed is AnswersSigned.IF_PRESENT and not signed):
        return root
    return signed_part(root, signers, trust.at)


def _unknown_namespace(root: safe_xml.Element) -> str | None:
    """The namespace of a document that was never seen for its kind of file, noted in the log; None for a known one."""
    namespace = str(root.tag).rpartition("}")[0].removeprefix("{")[:200]
    if namespace in KNOWN_NAMESPACES:
        return None
    _log.warning("pfms_namespace_unknown", root=safe_xml.local_name(root))
    return namespace


def _beneficiaries(part: safe_xml.Element) -> BeneficiaryAnswer:
    head, info = only_element(part, "GrpHdr"), only_element(part, "CstmrInf")
    told = [
        _beneficiary_row(only_element(element, "Cstmr"), number)
        for number, element in enumerate(info.iterchildren("{*}CstmrTxInf"), 1)
    ]
    check_rows(head, [name for name, _ in told], ())
    rows = tuple(row for _, row in told if row is not None)
    return BeneficiaryAnswer(
        required_text(info, "CstmrInfId", REFERENCE), instant(required_text(head, "CreDtTm")), rows
    )


def _beneficiary_row(customer: safe_xml.Element, number: int) -> tuple[str, BeneficiaryRow | None]:
    """The id of a beneficiary with what is said of it; None for a word that leaves the record as it was."""
    fields = fields_of(customer)
    party = fields.get("PrTry")
    if party is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, f"PrTry {number}")
    ours, word = required_text(party, "Id", REFERENCE), text_in(fields, "CstmrSts")
    if not word:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, f"CstmrSts {number}")
    status = _BENEFICIARY_WORDS.get(word)
    if status is None:
        _log.warning("pfms_beneficiary_word_unknown", line=number)
        return ours, None
    cpsms_id = text_in(fields, "CPSMSId") or None
    if (status is LineStatus.ACCEPTED) is not (cpsms_id is not None):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, f"CPSMSId {number}")
    name = None
    if "CstmrAcct" in fields:
        family = next(fields["CstmrAcct"].iter("{*}CstmrAcctFmly"), None)
        name = safe_xml.child_text(family, "Nm") if family is not None else None
    return ours, BeneficiaryRow(ours, status, cpsms_id, codes_below(customer, number), name)


def _enrolment(part: safe_xml.Element) -> EnrolmentAnswer:
    signer = only_element(part, "SgnrInf")
    told = required_text(signer, "EnrlmtSts")
    if told not in {LineStatus.ACCEPTED.value, LineStatus.REJECTED.value}:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "EnrlmtSts")
    fingerprint = required_text(signer, "Tmbprnt", _FINGERPRINT).replace(":", "").lower()
    accepted = told == LineStatus.ACCEPTED.value
    return EnrolmentAnswer(fingerprint, creation_time(part), accepted, codes_below(signer, 0))


def _statement_row(element: safe_xml.Element, number: int) -> StatementRow:
    fields = fields_of(element)
    utr, day, code = text_in(fields, "UTR"), text_in(fields, "ValDt"), text_in(fields, "RsnCd")
    return StatementRow(
        end_to_end_id=require_match(text_in(fields, "EndToEndId"), REFERENCE, f"EndToEndId {number}"),
        batch_id=require_match(text_in(fields, "PmtInfId"), REFERENCE, f"PmtInfId {number}"),
        amount_paise=paise_of(text_in(fields, "Amt"), f"Amt {number}"),
        status=status_in(fields, "TxSts", number, set(LineStatus) - {LineStatus.UNKNOWN}),
        codes=(require_match(code, CODE, f"RsnCd {number}"),) if code else (),
        utr=require_match(utr, REFERENCE, f"UTR {number}") if utr else None,
        value_date=day_of(day, f"ValDt {number}") if day else None,
    )


_READERS: Mapping[str, Callable[[safe_xml.Element], Answer | EnrolmentAnswer]] = {
    "DbtBeneficiaries": _beneficiaries,
    "BeneficiaryDataResponse": _beneficiaries,
    "DbtPaymentAck": read_acknowledgement,
    "ContractorPaymentAck": read_acknowledgement,
    "DbtPaymentStatus": read_bank_status,
    "ContractorPaymentStatus": read_bank_status,
    "DscEnrolmentAck": _enrolment,
}
"""Who reads a file, by the local name of its root; where public readers and our first reading differ, both."""

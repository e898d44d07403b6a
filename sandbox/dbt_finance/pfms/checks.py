"""Validates a request file as PFMS does: paths, signature, counts, sums, and earlier files.

One wrong line rejects the whole batch. Codes are the simulator's DBE ones (docs/contracts/dbt_finance.md section 2.6).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier
from stdnum.in_ import aadhaar

from integrations.calling import safe_xml
from sandbox.dbt_finance.pfms.store import Books

MALFORMED, HEADER, BATCH, DUPLICATE = "DBE0001", "DBE0002", "DBE0003", "DBE0004"
EXISTS, MISSING, BAD_ACCOUNT, NO_ACCOUNT = "DBE0006", "DBE0007", "DBE0008", "DBE0010"
BAD_MOBILE, BAD_PLACE, BAD_PURPOSE, BAD_IFSC, TWICE = "DBE0011", "DBE0012", "DBE0014", "DBE0015", "DBE0018"
DATE_PAST = "DBE0019"
"""The day on which the batch was to be carried out is over (no public code; docs/contracts/dbt_finance.md 2.6)."""

_ROOTS = {
    "beneficiary-request": ("DbtBeneficiaries", "http://cpsms.nic.in/BeneficiaryDataRequest"),
    "payment-request": ("DbtPayment", "http://cpsms.nic.in/PaymentRequest"),
}
_DS = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_LARGEST = 40_000_000


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


@dataclass(slots=True)
class Examined:
    """What was found in a file. `line_codes` name the lines that are wrong; `signed` None where no signature is."""

    message_id: str | None = None
    batch_id: str | None = None
    codes: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    line_codes: dict[str, str] = field(default_factory=dict)
    scheme: str = ""
    method: str = ""
    signed: bool | None = None

    @property
    def rejected(self) -> bool:
        """Whether the whole batch is rejected."""
        return bool(self.codes or self.line_codes)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the checks know: the source's enrolment, the books, the day, the key of the HMAC, and who may sign."""

    client: Mapping[str, Any]
    books: Books
    today: date
    hmac_key: bytes
    signers: tuple[str, ...]
    """The certificates of the source that are enrolled, as PEM."""


def examine(kind: str, name: str, content: bytes, rules: Rules) -> Examined:
    """Check a whole file."""
    found = Examined(
        message_id=name.removesuffix(".xml") if re.fullmatch(r"[0-9]{4}DBT[A-Z]{6}[0-9]+\.xml", name) else None
    )
    root_name, namespace = _ROOTS[kind]
    try:
        root = safe_xml.parse(content, limit=_LARGEST)
    except safe_xml.UnsafeXml:
        found.codes.append(MALFORMED)
        return found
    if root.tag != f"{{{namespace}}}{root_name}":
        found.codes.append(MALFORMED)
        return found
    found.signed = _signature(root, rules.signers)
    if found.signed is False:
        found.codes.append(MALFORMED)
        return found
    reader = _Reader(namespace)
    if kind == "payment-request":
        _payments(root, reader, found, rules)
    else:
        _beneficiaries(root, reader, found, rules)
    return found


class _Reader:
    """Finds values by their path in one namespace."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def path(self, path: str) -> str:
        return "/".join(f"{{{self._namespace}}}{name}" for name in path.split("/"))

    def text(self, element: safe_xml.Element, path: str) -> str:
        return (element.findtext(self.path(path)) or "").strip()

    def find_all(self, element: safe_xml.Element, path: str) -> list[safe_xml.Element]:
        return element.findall(self.path(path))


def _payments(root: safe_xml.Element, reader: _Reader, found: Examined, rules: Rules) -> None:
    base = "CstmrCdtTrfInitn"
    found.batch_id = reader.text(root, f"{base}/PmtInf/PmtInfId") or None
    lines = reader.find_all(root, f"{base}/PmtInf/CdtTrfTxInf")
    _header(root, reader, found, rules, (base, "PAY", "PFMS", str(len(lines))))
    found.scheme = reader.text(root, f"{base}/PmtInf/OrgId/SchmeCd")
    found.method = reader.text(root, f"{base}/PmtInf/PmtMtd")
    found.lines = [_payment(line, reader, rules) for line in lines]
    source = re.escape(str(rules.client["source_id"]))
    total = paise(reader.text(root, f"{base}/GrpHdr/CtrlSum"))
    wrong = (
        not re.fullmatch(rf"CP{source}[0-9]{{8}}[0-9]+", found.batch_id or ""),
        total is None or total != sum(line["paise"] or 0 for line in found.lines),
        found.scheme not in rules.client["scheme_codes"].values(),
        found.method not in {"A", "U"},
        reader.text(root, f"{base}/PmtInf/BtchBookg") != "true",
    )
    if any(wrong):
        found.codes.append(BATCH)
    if _too_old(reader.text(root, f"{base}/PmtInf/ReqdExctnDt"), rules.today):
        found.codes.append(DATE_PAST)
    _known_batch(found, rules)
    _payment_lines(found, rules)


def _payment(line: safe_xml.Element, reader: _Reader, rules: Rules) -> dict[str, Any]:
    account = reader.text(line, "CdtrAcct/Id/Othr/BBAN")
    number = reader.text(line, "CdtrAcct/Id/Othr/SOSE")
    return {
        "id": reader.text(line, "PmtId/EndToEndId"),
        "paise": paise(reader.text(line, "Amt/CtreAmt")),
        "beneficiary": reader.text(line, "Cdtr/PrTry/Id"),
        "cpsms_id": reader.text(line, "Cdtr/CPSMSId"),
        "named": bool(reader.text(line, "Cdtr/Nm")),
        "ifsc": reader.text(line, "CdtrAgt/FinInstnId/BrnchId"),
        "account_ok": bool(re.fullmatch(r"[0-9A-Za-z]{5,24}", account)),
        "last4": account[-4:],
        "aadhaar_ok": _is_aadhaar(number),
        "aadhaar_hmac": _hmac(rules, number),
        "aadhaar_last4": number[-4:] or None,
    }


def _payment_lines(found: Examined, rules: Rules) -> None:
    taken = rules.books.known_payments(line["id"] for line in found.lines)
    registered = rules.books.registered_beneficiaries(line["cpsms_id"] for line in found.lines)
    seen: set[str] = set()
    for line in found.lines:
        code = _payment_code(line, found.method, registered.get(line["cpsms_id"]))
        if line["id"] in taken or line["id"] in seen:
            code = TWICE
        if code:
            found.line_codes[line["id"]] = code
        seen.add(line["id"])
        line["registered_last4"] = (registered.get(line["cpsms_id"]) or {}).get("last4", "")


def _payment_code(line: Mapping[str, Any], method: str, registered: Mapping[str, Any] | None) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9]{1,35}", line["id"]) or not line["paise"] or not line["named"]:
        return MALFORMED
    if registered is None or registered["id"] != line["beneficiary"]:
        return MISSING
    if method == "U":
        return None if line["aadhaar_ok"] else NO_ACCOUNT
    if not line["account_ok"]:
        return NO_ACCOUNT
    return None if re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", line["ifsc"]) else BAD_IFSC


def _beneficiaries(root: safe_xml.Element, reader: _Reader, found: Examined, rules: Rules) -> None:
    base = "CstmrDtls"
    found.batch_id = reader.text(root, f"{base}/CstmrInf/CstmrInfId") or None
    lines = reader.find_all(root, f"{base}/CstmrInf/CstmrTxInf")
    _header(root, reader, found, rules, (base, "BEN", "CPSMS", str(len(lines))))
    if not re.fullmatch(r"[0-9]{10}", found.batch_id or ""):
        found.codes.append(BATCH)
    _known_batch(found, rules)
    for line in lines:
        read = _beneficiary(line, reader, rules)
        code = _beneficiary_code(read, found, rules)
        if code:
            found.line_codes[read["id"]] = code
        found.lines.append(read)
    ids = [line["id"] for line in found.lines]
    found.line_codes |= {one: TWICE for one in ids if ids.count(one) > 1} if len(set(ids)) != len(ids) else {}


def _beneficiary(line: safe_xml.Element, reader: _Reader, rules: Rules) -> dict[str, Any]:
    account = reader.text(line, "Cstmr/CstmrAcct/AcctId/Othr/BBAN")
    number = reader.text(line, "Cstmr/CstmrAcct/AcctId/Othr/SOSE")
    return {
        "id": reader.text(line, "Cstmr/PrTry/Id"),
        "purpose": reader.text(line, "Cstmr/Purp/Cd"),
        "cpsms_id": reader.text(line, "Cstmr/CPSMSId"),
        "named": bool(reader.text(line, "Cstmr/Nm")),
        "scheme": reader.text(line, "OrgId/SchmeCd"),
        "district": reader.text(line, "Cstmr/PstlAdr/Prtry/DstCd"),
        "country": reader.text(line, "Cstmr/PstlAdr/Prtry/CtryCd"),
        "mobile": reader.text(line, "Cstmr/CtctDtls/MobNb"),
        "ifsc": reader.text(line, "Cstmr/CstmrAcct/CstmrAgt/FinInstnId/BrnchId"),
        "bank": reader.text(line, "Cstmr/CstmrAcct/CstmrAgt/FinInstnId/BICFI"),
        "account": bool(account),
        "account_ok": bool(re.fullmatch(r"[0-9A-Za-z]{5,24}", account)),
        "last4": account[-4:],
        "aadhaar": bool(number),
        "aadhaar_ok": _is_aadhaar(number),
        "aadhaar_hmac": _hmac(rules, number),
        "aadhaar_last4": number[-4:] or None,
    }


def _beneficiary_code(line: Mapping[str, Any], found: Examined, rules: Rules) -> str | None:
    known = rules.books.first_row("SELECT * FROM beneficiary WHERE id = ?", line["id"])
    rules_of_line = (
        (not line["id"] or not line["named"], MALFORMED),
        (line["purpose"] not in {"A", "U", "D"}, BAD_PURPOSE),
        (line["purpose"] == "A" and known is not None and known["state"] in {"ACCP", "PDNG"}, EXISTS),
        (line["purpose"] in {"U", "D"} and not _is_registered(known, line["cpsms_id"]), MISSING),
        (line["scheme"] not in rules.client["scheme_codes"].values(), BATCH),
        (line["country"] != "91" or not re.fullmatch(r"[0-9]{1,6}", line["district"]), BAD_PLACE),
        (bool(line["mobile"]) and not re.fullmatch(r"[0-9]{10}", line["mobile"]), BAD_MOBILE),
    )
    del found
    code = next((code for wrong, code in rules_of_line if wrong), None)
    return code or (None if line["purpose"] == "D" else _account_code(line))


def _is_registered(known: Mapping[str, Any] | None, cpsms_id: str) -> bool:
    """Whether a beneficiary is there under this code, and was not deleted."""
    return known is not None and known["state"] != "DLTD" and known["cpsms_id"] == cpsms_id


def _account_code(line: Mapping[str, Any]) -> str | None:
    rules_of_account = (
        (not line["account"] and not line["aadhaar"], NO_ACCOUNT),
        (line["account"] and not line["account_ok"], BAD_ACCOUNT),
        (line["account"] and not re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", line["ifsc"]), BAD_IFSC),
        (line["account"] and not line["bank"], "DBE0009"),
        (line["aadhaar"] and not line["aadhaar_ok"], NO_ACCOUNT),
    )
    return next((code for wrong, code in rules_of_account if wrong), None)


def _header(
    root: safe_xml.Element, reader: _Reader, found: Examined, rules: Rules, said: tuple[str, str, str, str]
) -> None:
    base, kind, receiver, count = said
    head = {name: reader.text(root, f"{base}/GrpHdr/{name}") for name in ("MsgId", "CreDtTm", "NbOfTxs", "Src", "Dest")}
    source = str(rules.client["source_id"])
    agency = reader.text(root, f"{base}/GrpHdr/InitgPty/PrTry/Id")
    agencies = {rules.client["agency"]["code"], *(each["code"] for each in rules.client["agencies"].values())}
    wrong = (
        head["MsgId"] != found.message_id,
        not re.fullmatch(rf"{re.escape(source)}DBT{kind}REQ[0-9]{{9,}}", head["MsgId"]),
        not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", head["CreDtTm"]),
        head["Src"] != source or head["Dest"] != receiver,
        agency not in agencies or not reader.text(root, f"{base}/GrpHdr/InitgPty/Nm"),
    )
    if any(wrong):
        found.codes.append(HEADER)
    if head["NbOfTxs"] != count or count == "0":
        found.codes.append(BATCH)


def _known_batch(found: Examined, rules: Rules) -> None:
    before = rules.books.first_row(
        "SELECT id FROM message WHERE id = ? OR batch = ?", found.message_id or "", found.batch_id or ""
    )
    if before is not None:
        found.codes.append(DUPLICATE)


def _signature(root: safe_xml.Element, signers: tuple[str, ...]) -> bool | None:
    if root.find(_DS) is None:
        return None
    return any(_signed_by(root, certificate) for certificate in signers)


def _signed_by(root: safe_xml.Element, certificate: str) -> bool:
    settings = SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    )
    try:
        result = _Verifier().verify(root, x509_cert=certificate, expect_config=settings)
    except (SignXMLException, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError):
        return False
    return isinstance(result, VerifyResult) and result.signed_xml is not None


def paise(amount: str) -> int | None:
    """Rupees with two decimals in paise; None where it is no such amount."""
    match = re.fullmatch(r"([0-9]{1,13})\.([0-9]{2})", amount)
    return int(match[1]) * 100 + int(match[2]) if match else None


def _too_old(day: str, today: date) -> bool:
    try:
        return datetime.strptime(day, "%Y-%m-%d").date() < today  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return True


def _hmac(rules: Rules, number: str) -> str | None:
    return hmac.new(rules.hmac_key, number.encode(), hashlib.sha256).hexdigest() if number else None


def _is_aadhaar(number: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{12}", number)) and bool(aadhaar.is_valid(number))

"""Validates a request file as PFMS does: paths, signature, counts, sums, and earlier files.

One wrong line rejects the whole batch. Codes are the simulator's DBE ones (docs/contracts/dbt_finance.md section 2.6).
"""

import re
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from integrations.calling import safe_xml
from sandbox.dbt_finance.pfms.findings import (
    BAD_ACCOUNT,
    BAD_IFSC,
    BAD_MOBILE,
    BAD_PLACE,
    BAD_PURPOSE,
    BATCH,
    EXISTS,
    MALFORMED,
    MISSING,
    NO_ACCOUNT,
    NO_BANK,
    TWICE,
    Examined,
    Reader,
    Rules,
    agency_codes,
    check_header,
    check_known_batch,
    hmac_of,
    is_aadhaar,
    is_day,
    terms_of,
)
from sandbox.dbt_finance.pfms.payment_checks import examine_payments

_ROOTS = {
    "beneficiary-request": ("DbtBeneficiaries", "http://cpsms.nic.in/BeneficiaryDataRequest"),
    "payment-request": ("DbtPayment", "http://cpsms.nic.in/PaymentRequest"),
}
_DS = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_LARGEST = 40_000_000


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


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
    reader = Reader(namespace)
    if kind == "payment-request":
        examine_payments(root, reader, found, rules)
    else:
        _beneficiaries(root, reader, found, rules)
    return found


def _beneficiaries(root: safe_xml.Element, reader: Reader, found: Examined, rules: Rules) -> None:
    base = "CstmrDtls"
    found.batch_id = reader.text(root, f"{base}/CstmrInf/CstmrInfId") or None
    lines = reader.find_all(root, f"{base}/CstmrInf/CstmrTxInf")
    check_header(root, reader, found, rules, (base, "BEN", "CPSMS", str(len(lines))))
    source, made_on = re.escape(str(rules.client["source_id"])), reader.text(root, f"{base}/CstmrInf/CstmrInfDt")
    if not re.fullmatch(rf"(?:CB{source})?[0-9]{{10}}", found.batch_id or "") or not is_day(made_on):
        found.codes.append(BATCH)
    check_known_batch(found, rules)
    for line in lines:
        read = _beneficiary(line, reader, rules)
        code = _beneficiary_code(read, found, rules)
        if code:
            found.line_codes[read["id"]] = code
        found.lines.append(read)
    ids = [line["id"] for line in found.lines]
    found.line_codes |= {one: TWICE for one in ids if ids.count(one) > 1} if len(set(ids)) != len(ids) else {}


def _beneficiary(line: safe_xml.Element, reader: Reader, rules: Rules) -> dict[str, Any]:
    account = reader.text(line, "Cstmr/CstmrAcct/AcctId/Othr/BBAN")
    number = reader.text(line, "Cstmr/CstmrAcct/AcctId/Othr/SOSE")
    return {
        "id": reader.text(line, "Cstmr/PrTry/Id"),
        "purpose": reader.text(line, "Cstmr/Purp/Cd"),
        "cpsms_id": reader.text(line, "Cstmr/CPSMSId"),
        "named": bool(reader.text(line, "Cstmr/Nm")),
        "agency": reader.text(line, "OrgId/Cd"),
        "scheme": reader.text(line, "OrgId/SchmeCd"),
        "district": reader.text(line, "Cstmr/PstlAdr/Prtry/DstCd"),
        "state": reader.text(line, "Cstmr/PstlAdr/Prtry/PrvcCd"),
        "country": reader.text(line, "Cstmr/PstlAdr/Prtry/CtryCd"),
        "mobile": reader.text(line, "Cstmr/CtctDtls/MobNb"),
        "ifsc": reader.text(line, "Cstmr/CstmrAcct/CstmrAgt/FinInstnId/BrnchId"),
        "bank": reader.text(line, "Cstmr/CstmrAcct/CstmrAgt/FinInstnId/BICFI"),
        "account": bool(account),
        "account_hmac": hmac_of(rules, account),
        "type": reader.text(line, "Cstmr/Tp"),
        "account_ok": bool(re.fullmatch(r"[0-9A-Za-z]{5,24}", account)),
        "last4": account[-4:],
        "aadhaar": bool(number),
        "aadhaar_ok": is_aadhaar(number),
        "aadhaar_hmac": hmac_of(rules, number),
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
        (line["agency"] not in agency_codes(rules), BATCH),
        (line["type"] != terms_of(line["scheme"], rules).get("beneficiary_type", "Cash"), MALFORMED),
        (line["country"] != "91" or not re.fullmatch(r"[0-9]{1,6}", line["district"]), BAD_PLACE),
        (not re.fullmatch(r"[0-9]{1,3}", line["state"]), BAD_PLACE),
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
        (line["account"] and not line["bank"], NO_BANK),
        (line["aadhaar"] and not line["aadhaar_ok"], NO_ACCOUNT),
    )
    return next((code for wrong, code in rules_of_account if wrong), None)


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

"""Validates a payment request as PFMS does: paths and their order, shares, authorities, and who is registered."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.calling import safe_xml
from sandbox.dbt_finance.pfms.findings import (
    BAD_ACCOUNT,
    BAD_IFSC,
    BATCH,
    DATE_PAST,
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
    paise,
    terms_of,
)
from sandbox.dbt_finance.pfms.times import line_code


def examine_payments(root: safe_xml.Element, reader: Reader, found: Examined, rules: Rules) -> None:
    """Check a payment file, and note its lines and what is wrong with them."""
    base = "CstmrCdtTrfInitn"
    found.batch_id = reader.text(root, f"{base}/PmtInf/PmtInfId") or None
    lines = reader.find_all(root, f"{base}/PmtInf/CdtTrfTxInf")
    check_header(root, reader, found, rules, (base, "PAY", "PFMS", str(len(lines))))
    found.scheme = reader.text(root, f"{base}/PmtInf/OrgId/SchmeCd")
    found.method = reader.text(root, f"{base}/PmtInf/PmtMtd")
    terms = terms_of(found.scheme, rules)
    found.lines = [_payment(line, reader, rules, terms) for line in lines]
    source = re.escape(str(rules.client["source_id"]))
    total = paise(reader.text(root, f"{base}/GrpHdr/CtrlSum"))
    if _out_of_order(root.find(reader.path(f"{base}/PmtInf")), _ORDER_OF_BATCH):
        found.codes.append(MALFORMED)
    owner = reader.text(root, f"{base}/PmtInf/OrgId/Nm")
    wrong = (
        not re.fullmatch(rf"CP{source}[0-9]{{8,12}}", found.batch_id or "") or len(found.batch_id or "") > 16,
        owner not in {found.batch_id, *_agency_names(rules)},
        reader.text(root, f"{base}/PmtInf/OrgId/Cd") not in agency_codes(rules),
        not is_day(reader.text(root, f"{base}/PmtInf/PmtInfDt")),
        _wrong_authority(root, reader, f"{base}/PmtInf", terms),
        total is None or total != sum(line["paise"] or 0 for line in found.lines),
        found.scheme not in rules.client["scheme_codes"].values(),
        found.method not in {"A", "U"},
        reader.text(root, f"{base}/PmtInf/BtchBookg") != "true",
    )
    if any(wrong):
        found.codes.append(BATCH)
    if _too_old(reader.text(root, f"{base}/PmtInf/ReqdExctnDt"), rules.today):
        found.codes.append(DATE_PAST)
    check_known_batch(found, rules)
    _payment_lines(found, rules)


_ORDER_OF_BATCH = (
    *("PmtInfId", "PmtInfDt", "PmtAuthCtre", "PmtAuthPrvc", "OrgId", "PmtMtd", "BtchBookg", "ReqdExctnDt"),
    "CdtTrfTxInf",
)
_ORDER_OF_LINE = ("PmtId", "Amt", "CdtrAgt", "Cdtr", "Purp", "RmtInf")
_ORDER_OF_CREDITOR = ("PrTry", "CPSMSId", "Tp", "Titl", "Nm", "BenRegType", "PstlAdr", "CdtrAcct")


def _out_of_order(element: safe_xml.Element | None, names: tuple[str, ...]) -> bool:
    """Whether an element is not there, or its children are others than these or in another order."""
    if element is None:
        return True
    told = [safe_xml.local_name(child) for child in safe_xml.children(element)]
    return any(name not in names for name in told) or told != sorted(told, key=names.index)


def _agency_names(rules: Rules) -> set[str]:
    return {rules.client["agency"]["name"], *(each["name"] for each in rules.client["agencies"].values())}


def _central_part(total: int, terms: Mapping[str, Any]) -> int:
    """The Centre's part of a payment in paise, as agreed for its scheme."""
    share = terms.get("share", "state")
    if isinstance(share, str):
        return total if share == "central" else 0
    if "central_rupees" in share:
        return min(total, paise(str(share["central_rupees"])) or 0)
    return int((Decimal(total) * Decimal(str(share["central_percent"])) / 100).quantize(0, ROUND_HALF_UP))


def _wrong_authority(root: safe_xml.Element, reader: Reader, info: str, terms: Mapping[str, Any]) -> bool:
    """Whether the Centre's or the state's authority is missing, is another, or stands there for nothing."""
    central, state = (reader.text(root, f"{info}/{name}/Cd") for name in ("PmtAuthCtre", "PmtAuthPrvc"))
    share = terms.get("share", "state")
    token = terms.get("authorisation")
    wrong_state = bool(state) if share == "central" else not state or (token is not None and state != token)
    return central != terms.get("mission_code", "") or wrong_state


def _shares(element: safe_xml.Element, reader: Reader, terms: Mapping[str, Any]) -> int | None:
    """The sum of the shares of a payment in paise; None where they are not those of the scheme, or do not add up."""
    parts = [reader.text(element, name) for name in ("CtreAmt", "PrvcAmt", "InstdAmt")]
    central, state, total = (paise(text) if text else 0 for text in parts)
    if central is None or state is None or not total or central + state != total:
        return None
    return total if central == _central_part(total, terms) else None


def _payment(line: safe_xml.Element, reader: Reader, rules: Rules, terms: Mapping[str, Any]) -> dict[str, Any]:
    account = reader.text(line, "Cdtr/CdtrAcct/Id/Othr/BBAN")
    number = reader.text(line, "Cdtr/CdtrAcct/Id/Othr/SOSE")
    amounts = [line.find(reader.path(path)) for path in ("Amt", "Purp/Amt")]
    sums = [None if each is None else _shares(each, reader, terms) for each in amounts]
    creditor = line.find(reader.path("Cdtr"))
    places = [reader.text(line, f"Cdtr/PstlAdr/Prtry/{name}") for name in ("DstCd", "PrvcCd")]
    period = [reader.text(line, f"RmtInf/Strd/{name}") for name in ("FrmDt", "ToDt")]
    return {
        "id": reader.text(line, "PmtId/EndToEndId"),
        "paise": sums[0],
        "well_formed": not _out_of_order(line, _ORDER_OF_LINE)
        and not _out_of_order(creditor, _ORDER_OF_CREDITOR)
        and all(re.fullmatch(r"[0-9]{0,5}", place) for place in places)
        and all(is_day(day) for day in period if day),
        "purpose_ok": sums[0] == sums[1] and reader.text(line, "Purp/Cd") == terms.get("purpose"),
        "type_ok": reader.text(line, "Cdtr/Tp") == terms.get("beneficiary_type", "Cash"),
        "beneficiary": reader.text(line, "Cdtr/PrTry/Id"),
        "cpsms_id": reader.text(line, "Cdtr/CPSMSId"),
        "named": bool(reader.text(line, "Cdtr/Nm")),
        "ifsc": reader.text(line, "CdtrAgt/FinInstnId/BrnchId"),
        "bank": reader.text(line, "CdtrAgt/FinInstnId/BICFI"),
        "account_ok": bool(re.fullmatch(r"[0-9A-Za-z]{5,24}", account)),
        "account_hmac": hmac_of(rules, account),
        "last4": account[-4:],
        "aadhaar_ok": is_aadhaar(number),
        "aadhaar_hmac": hmac_of(rules, number),
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
    whole = line["paise"] and line["named"] and line["well_formed"] and line["purpose_ok"] and line["type_ok"]
    if not re.fullmatch(r"[A-Za-z0-9]{1,35}", line["id"]) or not whole:
        return MALFORMED
    if registered is None or registered["id"] != line["beneficiary"]:
        return MISSING
    if arranged := line_code(line["last4"] or registered["last4"]):
        return arranged
    if method == "U":
        return _not_registered(line, registered, "aadhaar_hmac", BAD_ACCOUNT) if line["aadhaar_ok"] else NO_ACCOUNT
    if not line["account_ok"]:
        return NO_ACCOUNT
    if not re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", line["ifsc"]):
        return BAD_IFSC
    if not line["bank"]:
        return NO_BANK
    wrong = _not_registered(line, registered, "account_hmac", BAD_ACCOUNT)
    return wrong or _not_registered(line, registered, "ifsc", BAD_IFSC)


def _not_registered(line: Mapping[str, Any], registered: Mapping[str, Any], name: str, code: str) -> str | None:
    """The code where a payment goes elsewhere than what is registered; books of a former release do not say it."""
    return code if registered[name] is not None and registered[name] != line[name] else None


def _too_old(day: str, today: date) -> bool:
    try:
        return datetime.strptime(day, "%Y-%m-%d").date() < today  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return True

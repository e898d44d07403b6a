"""The sandbox of DBT Bharat: receives a scheme's monthly figures; a later report replaces the earlier one.

Written from docs/contracts/dbt_finance.md section 6 a second time; it shares no code with our client.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

CASH = (
    "StateCode",
    "StateName",
    "Amount",
    "FundTransferMethod",
    "TransactionDate",
    "NoOfBeneficiaries_Transacations",
    "AadharSeededBeneficiariesTransactions",
    "TotalBeneficiary",
    "TotalBeneficiaryAadhaarSeeding",
    "TotalBeneficiarywithBankAccount",
    "TotalBeneficiarywithAadhaarSeededwithBankAccount",
)
NEEDED = ("StateCode", "StateName", "Amount", "FundTransferMethod", "TransactionDate", "TotalBeneficiary")
_COUNTS = [name for name in CASH if name.startswith(("Total", "NoOf", "Aadhar"))]


def read_report(content: bytes) -> dict[str, Any] | str:
    """The report as it is stored, or the text of what is wrong with it."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError:
        return "Not well-formed"
    if root.getroottree().docinfo.doctype:
        return "DOCTYPE is not allowed"
    month, scheme, cash = root.get("month", ""), root.get("schemeCode", ""), root.find("Cash")
    if root.tag != "DBTReport" or cash is None or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) or not scheme:
        return "Header is missing"
    values = {str(element.tag): element.text or "" for element in cash}
    return _fault(values) or {"month": month, "scheme": scheme, "fields": values}


def _fault(values: Mapping[str, str]) -> str | None:
    if unknown := sorted(set(values) - set(CASH)):
        return f"Unknown field {unknown[0]}"
    if missing := [name for name in NEEDED if not values.get(name)]:
        return f"Missing field {missing[0]}"
    try:
        amount = Decimal(values["Amount"])
    except InvalidOperation:
        return "Amount is not a number"
    if amount < 0 or amount != round(amount, 2):
        return "Amount is not in rupees and paise"
    wrong = [name for name in _COUNTS if name in values and not values[name].isdigit()]
    return f"{wrong[0]} is not a count" if wrong else None


def answer_of(kept: Mapping[str, Any] | str) -> dict[str, Any]:
    """What the service answers."""
    if isinstance(kept, str):
        return {"status": "0", "message": kept}
    return {"status": "1", "message": "Data saved", "month": kept["month"], "schemeCode": kept["scheme"]}

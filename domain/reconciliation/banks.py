"""Names of banks by the first four letters of the IFSC, as the bank master of PFMS spells them.

INFERRED: the master itself is not public (docs/contracts/dbt_finance.md section 2.2). A branch of another bank has no
name here, and PFMS says so with the code for a bank that it does not know.
"""

from types import MappingProxyType

_BANKS = MappingProxyType(
    {
        "AIRP": "AIRTEL PAYMENTS BANK",
        "ALLA": "INDIAN BANK",
        "ANDB": "UNION BANK OF INDIA",
        "BARB": "BANK OF BARODA",
        "BKID": "BANK OF INDIA",
        "CBIN": "CENTRAL BANK OF INDIA",
        "CNRB": "CANARA BANK",
        "CORP": "UNION BANK OF INDIA",
        "DEMO": "DEMO BANK",
        "FDRL": "FEDERAL BANK",
        "HDFC": "HDFC BANK",
        "IBKL": "IDBI BANK",
        "ICIC": "ICICI BANK",
        "IDFB": "IDFC FIRST BANK",
        "IDIB": "INDIAN BANK",
        "INDB": "INDUSIND BANK",
        "IOBA": "INDIAN OVERSEAS BANK",
        "IPOS": "INDIA POST PAYMENTS BANK",
        "JAKA": "JAMMU AND KASHMIR BANK",
        "KKBK": "KOTAK MAHINDRA BANK",
        "KVBL": "KARUR VYSYA BANK",
        "MAHB": "BANK OF MAHARASHTRA",
        "NTBL": "NAINITAL BANK",
        "ORBC": "PUNJAB NATIONAL BANK",
        "PSIB": "PUNJAB AND SIND BANK",
        "PUNB": "PUNJAB NATIONAL BANK",
        "PYTM": "PAYTM PAYMENTS BANK",
        "SBIN": "STATE BANK OF INDIA",
        "SYNB": "CANARA BANK",
        "UBIN": "UNION BANK OF INDIA",
        "UCBA": "UCO BANK",
        "UTBI": "PUNJAB NATIONAL BANK",
        "UTIB": "AXIS BANK",
        "YESB": "YES BANK",
    }
)


def bank_name(ifsc: str) -> str:
    """The bank of a branch; empty where it is not known."""
    return _BANKS.get(ifsc[:4].upper(), "")

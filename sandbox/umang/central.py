"""Public departments of the Union behind the UMANG sandbox, with invented data: eNAM, Jan Aushadhi, e-RaktKosh."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]
Operation = Callable[[Mapping[str, Any]], Answer]

MANDIS = {
    "NAINITAL": ("HALDWANI", "RAMNAGAR"),
    "HARIDWAR": ("HARIDWAR UNION", "ROORKEE"),
    "UDHAM SINGH NAGAR": ("KASHIPUR", "RUDRAPUR", "SITARGANJ"),
    "DEHRADUN": ("DEHRADUN", "VIKASNAGAR"),
}
MEDICINES = (
    ("100", "Paracetamol Tablets IP 500 mg", "10's", "9.35"),
    ("101", "Paracetamol Paediatric Oral Suspension IP", "60 ml", "12.50"),
    ("204", "Metformin Tablets IP 500 mg", "10's", 7),
    ("310", "Amoxycillin Capsules IP 500 mg", "10's", "none"),
)
BANKS = {
    "DEHRADUN": (
        ("Doon Hospital Blood Centre", "Dehradun", "0135-0000000", {"A+": "12", "O+": 20, "AB-": "0"}),
        ("Himalayan Hospital Blood Centre", "Jolly Grant", "none", {"B+": "7"}),
    ),
    "NAINITAL": (("Base Hospital Blood Centre", "Haldwani", "05946-000000", {"O-": "2"}),),
}


@dataclass(frozen=True, slots=True)
class Department:
    """One department: its name in paths, its services and operations, and whether its bodies are encrypted.

    `setu` is whether it is listed on API Setu's own host alone.
    """

    api: str
    srvids: frozenset[str]
    operations: Mapping[str, Operation]
    encrypted: bool
    setu: bool = False


def central_departments() -> dict[str, Department]:
    """The departments by their ids; that of e-RaktKosh is made up."""
    return {
        "324": Department("enam", frozenset({"1408", "1411"}), {"getApmcForMI": _mandis}, encrypted=False),
        "180": Department("janAushadhi", frozenset({"1089"}), {"searchmedicinebyname": _medicines}, encrypted=False),
        "171": Department("eraktkosh", frozenset({"1090"}), {"stocknearby": _blood}, encrypted=False, setu=True),
    }


def _mandis(fields: Mapping[str, Any]) -> Answer:
    asked = _nested_fields(fields, "getApmcForMI")
    district = _plain(asked.get("districtName"))
    if str(asked.get("stateName") or "").upper() != "UTTARAKHAND" or (district and district not in MANDIS):
        return {"rs": "failure", "rc": "ENAM0404", "rd": "No data", "pd": None}
    rows = [
        {"apmcName": name, "districtName": place}
        for place, names in MANDIS.items()
        for name in names
        if district in ("", place)
    ]
    return {"rs": "S", "rc": "ENAM0000", "rd": "Success", "pd": [{"apmcList": rows}]}


def _medicines(fields: Mapping[str, Any]) -> Answer:
    wanted = str(_nested_fields(fields, "searchmedicinebyname").get("medicineName") or "").upper()
    rows = [
        {"drugCode": code, "genericName": name, "unitSize": pack, "mrp": price}
        for code, name, pack, price in MEDICINES
        if wanted and wanted in name.upper()
    ]
    if not rows:
        return {"rs": "S", "rc": "JANA0000", "rd": "Success", "pd": None}
    return {"rs": "S", "rc": "JANA0000", "rd": "Success", "pd": {"medicineList": rows}}


def _blood(fields: Mapping[str, Any]) -> Answer:
    banks = BANKS.get(_plain(_nested_fields(fields, "stocknearby").get("districtName")))
    if banks is None:
        return {"rs": "F", "rc": "ERKT0404", "rd": "No data", "pd": None}
    rows = [
        {
            "name": name,
            "address": address,
            "contact": contact,
            "stock": [{"bloodGroup": group, "units": units} for group, units in stock.items()],
        }
        for name, address, contact, stock in banks
    ]
    return {"rs": "s", "rc": "ERKT0000", "rd": "Success", "pd": {"bloodBankList": rows}}


def _plain(name: Any) -> str:
    return " ".join(str(name or "").split()).upper()


def _nested_fields(fields: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    nested = fields.get(operation)
    return nested if isinstance(nested, dict) else fields

"""The departments behind the UMANG sandbox: ration cards of ONORC (encrypted) and mandis of eNAM (in clear)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

DISTRICTS = {
    "45": "ALMORA",
    "46": "BAGESHWAR",
    "47": "CHAMOLI",
    "48": "CHAMPAWAT",
    "49": "DEHRADUN",
    "50": "HARIDWAR",
    "51": "NAINITAL",
    "52": "PAURI GARHWAL",
    "53": "PITHORAGARH",
    "54": "RUDRA PRAYAG",
    "55": "TEHRI GARHWAL",
    "56": "UDAM SINGH NAGAR",
    "57": "UTTAR KASHI",
}
_MANDIS = ("HALDWANI", "HARIDWAR UNION", "KASHIPUR", "RUDRAPUR", "SITARGANJ")

Answer = dict[str, Any]
Operation = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class Department:
    """One department: its name in paths, its services and operations, and whether its bodies are encrypted."""

    api: str
    srvids: frozenset[str]
    operations: Mapping[str, Operation]
    encrypted: bool


def departments(people: list[Mapping[str, Any]], user_name: str, token: str) -> dict[str, Department]:
    """Every department by its id. `people` is the demo's people.json."""
    cards = {person["ration_card"]["number"]: person for person in people if person.get("ration_card")}

    def ration_card(fields: Mapping[str, Any]) -> Answer:
        if (fields.get("userName"), fields.get("token")) != (user_name, token):
            return _failure("ONRC0403", fields, "Service not subscribed", "सेवा उपलब्ध नहीं है")
        if fields.get("idType") != "R" or not str(fields.get("id") or "").isalnum():
            return _failure("ONRC0400", fields, "Invalid parameter", "जानकारी ग़लत है")
        person = cards.get(str(fields["id"]))
        if person is None:
            return _failure("ONRC0404", fields, "Ration card not found", "राशन कार्ड नहीं मिला")
        return {"rs": "S", "rc": "ONRC0000", "rd": "Success", "pd": _card(person)}

    def mandis(fields: Mapping[str, Any]) -> Answer:
        asked = fields.get("getApmcForMI")
        state = asked.get("stateName") if isinstance(asked, dict) else fields.get("stateName")
        if str(state or "").upper() != "UTTARAKHAND":
            return {"rs": "failure", "rc": "ENAM0404", "rd": "No data", "pd": None}
        return {"rs": "S", "rc": "ENAM0000", "rd": "Success", "pd": [{"apmcList": [{"apmcName": m} for m in _MANDIS]}]}

    return {
        "317": Department("onorc", frozenset({"1519"}), {"getrationcard": ration_card}, encrypted=True),
        "324": Department("enam", frozenset({"1408", "1411"}), {"getApmcForMI": mandis}, encrypted=False),
    }


def _card(person: Mapping[str, Any]) -> Answer:
    card = person["ration_card"]
    members = [
        {
            "memberId": f"{card['number']}{position:02d}",
            "memberName": member["name"],
            "uid": "Yes",
            "relationship_code": str(position),
            "releationship_name": member["relation"],
        }
        for position, member in enumerate(card["members"], start=1)
    ]
    return {
        "rcId": card["number"],
        "homeStateCode": "05",
        "homeStateName": "UTTARAKHAND",
        "homeDistName": DISTRICTS.get(str(person["district"]), "UTTARAKHAND"),
        "districtCode": str(person["district"]),
        "fpsId": card["shop"],
        "schemeId": "none",
        "schemeName": card["scheme"],
        "address": "none",
        "allowed_onorc": "Yes",
        "dup_uid_status": "No",
        "memberDetailsList": members,
    }


def _failure(code: str, fields: Mapping[str, Any], english: str, hindi: str) -> Answer:
    return {"rs": "F", "rc": code, "rd": hindi if fields.get("lang") == "hi" else english, "pd": None}

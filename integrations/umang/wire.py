"""The wire format of UMANG's common envelope and of ONORC's ration card, as pure functions.

Source: docs/contracts/umang.md sections 2 to 4. The field names of ONORC, `releationship_name` spelled so, are those
that public clients read. INFERRED: the result codes and texts in RESULT_CODES and RESULT_TEXTS, and that an empty `pd`
with success means no card.
"""

import json
from collections.abc import Mapping
from typing import Any

from domain.kernel import Language, without_hidden_characters
from integrations.calling.answers import read_object
from integrations.calling.errors import Foreign, Unreadable
from integrations.umang.models import DepartmentAccess, Host, Member, RationCard, UmangSettings

NO_DATA = "NO_DATA"
"""A list of a service for everybody that is empty."""

PLAIN_FORM = "/{api}Api/ws1/{operation}"
API_SETU_FORM = "/umang/apisetu/dept/{api}api/ws1/{operation}"

CARD_NOT_FOUND = "CARD_NOT_FOUND"
NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
"""The refusal that concerns our own subscription, not the person."""

RESULT_CODES = {
    "ONRC0400": "BAD_REQUEST",
    "ONRC0403": NOT_SUBSCRIBED,
    "ONRC0404": CARD_NOT_FOUND,
    "ONRC0409": "CARD_NOT_ACTIVE",
    "ENAM0403": NOT_SUBSCRIBED,
    "ENAM0404": NO_DATA,
    "JANA0403": NOT_SUBSCRIBED,
    "JANA0404": NO_DATA,
    "ERKT0403": NOT_SUBSCRIBED,
    "ERKT0404": NO_DATA,
}
"""Our word for a result code (`rc`) that comes with a refusal."""
TRANSIENT_CODES = frozenset(
    f"{prefix}{code}" for prefix in ("ONRC", "ENAM", "JANA", "ERKT") for code in ("0500", "0503")
)
"""Result codes by which the department says that it is down itself."""
RESULT_TEXTS = (
    ("not found", CARD_NOT_FOUND),
    ("no record", CARD_NOT_FOUND),
    ("no data", CARD_NOT_FOUND),
    ("नहीं मिला", CARD_NOT_FOUND),
)
"""Parts of `rd` in small letters, for codes that are not in the table."""
OTHER_REFUSAL = "REFUSED_BY_DEPARTMENT"

_EMPTY = frozenset({"", "none", "null", "na", "n/a"})


def path(settings: UmangSettings, department: DepartmentAccess, api: str, operation: str) -> str:
    """The path of a department's operation, in the form that its host and the settings call for."""
    published = department.host is Host.API_SETU or department.published or settings.bearer is not None
    form = API_SETU_FORM if published else PLAIN_FORM
    return form.format(api=api, operation=operation)


def headers(settings: UmangSettings, department: DepartmentAccess) -> dict[str, str]:
    """The keys and the routing headers; the gateway routes by these, not by their copies in the body.

    API Setu's own host asks for the keys of a subscription there (docs/contracts/umang.md section 2, form 5).
    """
    sent = {**_routing(department), "tenantid": "", "Content-Type": "application/json", "Accept": "application/json"}
    if department.host is Host.API_SETU:
        return {"X-APISETU-CLIENTID": settings.setu_client_id, "X-APISETU-APIKEY": settings.setu_api_key, **sent}
    bearer = settings.bearer or (settings.published_bearer if department.published else None)
    return {"x-api-key": settings.api_key, **sent, **({"Authorization": f"Bearer {bearer}"} if bearer else {})}


def body(
    settings: UmangSettings,
    department: DepartmentAccess,
    *,
    tracker: str,
    language: Language,
    parameters: Mapping[str, Any],
) -> bytes:
    """The common fields with the department's parameters flat beside them, as compact JSON; all values are texts."""
    fields = {
        "tkn": settings.user_token,
        "trkr": tracker,
        "apitrkr": f"z{tracker}",
        "lang": language.catalogue.value,
        "lat": settings.latitude,
        "lon": settings.longitude,
        "lac": "90",
        "usag": "90",
        "usrid": settings.user_id,
        "mode": "web",
        "pltfrm": "linux",
        "did": None,
        **_routing(department),
        **parameters,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def ration_card_parameters(department: DepartmentAccess, card_number: str, tracker: str) -> dict[str, str]:
    """What ONORC asks for with the common fields; `idType` R is a ration card number."""
    return {
        "id": card_number,
        "idType": "R",
        "sessionId": tracker,
        "userName": department.user_name,
        "token": department.token,
    }


def read_answer(content: bytes) -> Mapping[str, Any]:
    """The answer's fields; raises Unreadable where it is no JSON object with a result status."""
    answer = read_object(content)
    if not isinstance(answer.get("rs"), str):
        raise Unreadable("no_result_status")
    return answer


def is_success(answer: Mapping[str, Any]) -> bool:
    """Whether `rs` says success, in letters of any size; the HTTP status says nothing."""
    return str(answer["rs"]).strip().lower() in {"s", "success"}


def is_transient(answer: Mapping[str, Any]) -> bool:
    """Whether a failure is the department's own outage."""
    return text_of(answer, "rc") in TRANSIENT_CODES


def refusal_code(answer: Mapping[str, Any]) -> str:
    """Our word for why the department refused."""
    by_code = RESULT_CODES.get(text_of(answer, "rc") or "")
    said = (text_of(answer, "rd") or "").lower()
    return by_code or next((code for part, code in RESULT_TEXTS if part in said), OTHER_REFUSAL)


def ration_card(answer: Mapping[str, Any], card_number: str) -> RationCard | None:
    """The card in `pd`, be it an object or a list of blocks; None where `pd` is empty. Raises Unreadable."""
    fields = _payload(answer.get("pd"))
    if not fields:
        return None
    if (text_of(fields, "rcId") or "").upper() != card_number:
        raise Foreign("foreign_record")
    members = fields.get("memberDetailsList") or []
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise Unreadable("members_malformed")
    scheme, district = text_of(fields, "schemeName"), text_of(fields, "homeDistName")
    if scheme is None or district is None:
        raise Unreadable("card_incomplete")
    people = tuple(
        Member(name, text_of(member, "releationship_name") or "")
        for member in members
        if (name := text_of(member, "memberName"))
    )
    return RationCard(card_number, scheme, district, text_of(fields, "fpsId"), people)


def _routing(department: DepartmentAccess) -> dict[str, str]:
    return {
        "deptid": department.deptid,
        "srvid": department.srvid,
        "subsid": department.subsid,
        "subsid2": department.subsid2,
        "formtrkr": "0",
    }


def _payload(given: Any) -> Mapping[str, Any]:
    """`pd` as one mapping: an object as it is, the blocks of a list laid together, anything else empty."""
    blocks = given if isinstance(given, list) else [given]
    return {name: value for block in blocks if isinstance(block, dict) for name, value in block.items()}


def text_of(fields: Mapping[str, Any], name: str) -> str | None:
    """A text without characters that nobody sees, or a number as text; None for what is missing or says so ("none")."""
    value = fields.get(name)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = without_hidden_characters(str(value)).strip()
    return None if text.lower() in _EMPTY else text

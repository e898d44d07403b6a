"""The sample calls that docs/partners/umang shows: who asks what, and what is wrong with those that are refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

LINKED: Mapping[str, str] = MappingProxyType({"sub": "4000000001", "mobile": "9800000001", "name": "Asha Negi"})
UNKNOWN: Mapping[str, str] = MappingProxyType({"sub": "4000000002", "mobile": "9800000002", "name": "Ravi Rawat"})
USERS = MappingProxyType({"linked": LINKED, "unknown": UNKNOWN})
SERVICE = "UKX-CNWTMC"
"""Birth Certificate: without a fee and without papers."""
APPLICATION = "{application}"
"""Stands for the number of the application that the samples file."""

_ANSWERS = {
    "district": "49",
    "tehsil": "304",
    "applicant_name": "Asha Negi",
    "informant_relation": "MOTHER",
    "mobile": "9800000001",
    "child_name": "Ananya Negi",
    "child_gender": "F",
    "date_of_birth": "2026-08-14",
    "birth_at": "HOSPITAL",
    "place_of_birth": "District Hospital",
    "mother_name": "Asha Negi",
    "father_name": "Mohan Negi",
    "address": "House 12, Upper Bazaar",
    "village": "Barlowganj",
    "pin_code": "248122",
    "declaration": "true",
}
_BIRTH = {"serviceCode": SERVICE, "formData": _ANSWERS, "clientRef": "client-1"}
_OF_IT = {"applicationId": APPLICATION}


@dataclass(frozen=True, slots=True)
class Sample:
    """One call. `user` is a name of USERS, or None; `spoilt` names what is wrong with it.

    `decided` is whether the officer decides before it.
    """

    name: str
    about: str
    operation: str
    parameters: Mapping[str, Any]
    user: str | None = "linked"
    lang: str = "en"
    tracker: str | None = None
    jti: str | None = None
    spoilt: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    decided: bool = False


SAMPLES = (
    Sample("services", "The catalogue, asked for nobody.", "getServices", {"page": "1", "limit": "2"}, None),
    Sample("service-detail", "One service.", "getServiceDetail", {"serviceCode": SERVICE}, None, "hi"),
    Sample("form", "Its form.", "getForm", {"serviceCode": SERVICE}, None),
    Sample("not-linked", "An account that is not linked yet: APSK1001.", "getMyApplications", {}, "unknown"),
    Sample("apply", "Hand in an application.", "applyService", _BIRTH, tracker="z1795501800001"),
    Sample("apply-again", "The same once more, signed anew: the same octets.", "applyService", _BIRTH,
           tracker="z1795501800001"),
    Sample("apply-other", "Another request under that apitrkr: APSK0409.", "applyService",
           {**_BIRTH, "clientRef": "client-2"}, tracker="z1795501800001"),
    Sample("my-applications", "Her applications.", "getMyApplications", {"page": "1", "limit": "20"}),
    Sample("status", "One of them, in Hindi.", "getApplicationStatus", _OF_IT, lang="hi"),
    Sample("no-certificate", "There is no certificate yet: APSK0404.", "getCertificate", _OF_IT),
    Sample("benefits", "Her benefits of a year.", "getBenefits", {"financialYear": "2026-27"}),
    Sample("no-fee", "No fee is due: APSK0422.", "initiatePayment", _OF_IT),
    Sample("not-asked", "Nobody asked for this paper: APSK0422.", "attachDocument",
           {**_OF_IT, "key": "id-proof", "uri": "in.gov.uk.apunisarkar-INCER-1", "source": "STORE"}),
    Sample("feedback-early", "It is not decided yet: APSK0422.", "postFeedback", {**_OF_IT, "rating": "5"}),
    Sample("feedback", "After the officer refused it.", "postFeedback", {**_OF_IT, "rating": "2", "text": "Why?"},
           decided=True),
    Sample("appeal", "An appeal against the refusal.", "fileAppeal",
           {**_OF_IT, "ground": "REJECTED", "text": "The register has the entry."}),
    Sample("bad-parameter", "A parameter is wrong: APSK0400.", "postFeedback", {**_OF_IT, "rating": "9"}),
    Sample("other-service", "srvid stands for another operation: APSK0403.", "getBenefits", {},
           headers={"srvid": "2101"}),
    Sample("header-differs", "x-request-id is not apitrkr: APSK0400.", "getBenefits", {},
           headers={"x-request-id": "z1"}),
    Sample("wrong-key", "Another x-api-key: APSK0401.", "getBenefits", {}, headers={"x-api-key": "somebody-elses"}),
    Sample("unsigned", "No x-umang-signature: APSK0401.", "getBenefits", {}, spoilt="unsigned"),
    Sample("tampered", "The body was changed after it was signed: APSK0401.", "getBenefits", {}, spoilt="tampered"),
    Sample("stale", "Signed ten minutes ago: APSK0401.", "getBenefits", {}, spoilt="stale"),
    Sample("replayed", "An assertion that was used before: APSK0401.", "getBenefits", {}, jti="sample-apply"),
)  # fmt: skip
"""In the order in which they are made; each one finds what those before it left."""

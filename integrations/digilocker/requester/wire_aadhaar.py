"""Parses the XML of an e-Aadhaar, and masks numbers in its texts; pure (docs/contracts/digilocker.md section 6)."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from domain.certificates.signatures import SignatureState
from domain.kernel import mask_aadhaar_in, without_hidden_characters
from integrations.calling import safe_xml
from integrations.calling.errors import Garbled, Refused
from integrations.digilocker.requester import wire
from integrations.digilocker.requester.models import EAadhaar

_ADDRESS = ("co", "house", "street", "lm", "loc", "vtc", "subdist", "dist", "state", "pc", "country")
_DAYS = (r"(?P<d>\d{2})[-/](?P<m>\d{2})[-/](?P<y>\d{4})", r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})")
_GENDERS = frozenset({"M", "F", "T"})


def whole_number(root: safe_xml.Element) -> str | None:
    """The number, where the source did not mask it; its twelve digits without spaces."""
    digits = re.sub(r"[\s-]", "", safe_xml.attribute(_uid_data(root), "uid") or "")
    return digits if re.fullmatch(r"[0-9]{12}", digits) else None


def read(root: safe_xml.Element, reference: str | None, state: SignatureState, at: datetime) -> EAadhaar:
    """The model; raises Garbled where the document does not have its form, Refused where it says no."""
    kyc = _kyc(root)
    if (safe_xml.attribute(kyc, "ret") or "Y").upper() != "Y":
        raise Refused(wire.SOURCE, "aadhaar_not_available")
    data = _uid_data(root)
    uid, person = safe_xml.attribute(data, "uid") or "", safe_xml.child(data, "Poi")
    last4 = re.sub(r"[\s-]", "", uid)[-4:]
    name = safe_xml.attribute(person, "name") if person is not None else None
    if person is None or name is None or not re.fullmatch(r"[0-9]{4}", last4):
        raise Garbled(wire.SOURCE, "eaadhaar")
    gender = (safe_xml.attribute(person, "gender") or "").upper()
    local = safe_xml.child(data, "LData")
    return EAadhaar(
        reference=reference,
        last4=last4,
        name=_mask_text(name),
        born_on=_day(safe_xml.attribute(person, "dob") or ""),
        gender=gender if gender in _GENDERS else None,
        address=_texts(safe_xml.child(data, "Poa"), _ADDRESS),
        local=_texts(local, ("lang", "name", *_ADDRESS)),
        signature=state,
        fetched_at=at,
    )


def _kyc(root: safe_xml.Element) -> safe_xml.Element:
    """KycRes itself (`/2/`), or below Certificate/CertificateData (`/3/`, INFERRED); raises Garbled."""
    places = [root, *(each for each in root.iter() if isinstance(each.tag, str))]
    found = [each for each in dict.fromkeys(places) if safe_xml.local_name(each) == "KycRes"]
    if len(found) != 1:
        raise Garbled(wire.SOURCE, "eaadhaar")
    return found[0]


def _uid_data(root: safe_xml.Element) -> safe_xml.Element:
    data = safe_xml.child(_kyc(root), "UidData")
    if data is None:
        raise Garbled(wire.SOURCE, "eaadhaar")
    return data


def _mask_text(value: str) -> str:
    return mask_aadhaar_in(without_hidden_characters(value))


def _texts(element: safe_xml.Element | None, names: tuple[str, ...]) -> Mapping[str, str]:
    if element is None:
        return {}
    found = {name: safe_xml.attribute(element, name) for name in names}
    return {name: _mask_text(value) for name, value in found.items() if value}


def _day(text: str) -> date | None:
    """The date of birth; None where only a year is known, as on older cards."""
    for form in _DAYS:
        match = re.fullmatch(form, text)
        if match:
            try:
                return date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                return None
    return None

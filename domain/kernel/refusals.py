"""Advice to a citizen about an outside system's refusal, by the system's own code.

The codes are those of docs/contracts/digilocker.md sections 3.2 and 4 to 4.3 and docs/contracts/apisetu.md section 6;
of UMANG they are our own words (integrations/umang/wire.py). A
code that is not here, or says that we asked wrongly, is for the helpline.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.kernel.errors import Remedy
from domain.kernel.sources import Source

_LOCKER: Mapping[str, Remedy] = {
    "insufficient_scope": Remedy.LINK_ACCOUNT,
    "invalid_grant": Remedy.LINK_ACCOUNT,
    "invalid_token": Remedy.LINK_ACCOUNT,
    "invalid_digilocker_id": Remedy.LINK_ACCOUNT,
    "uri_missing": Remedy.REFRESH,
    "invalid_uri": Remedy.REFRESH,
    "invalid_id": Remedy.REFRESH,
    "repository_service_inactive": Remedy.VISIT_CSC,
    "repository_service_unpublished": Remedy.VISIT_CSC,
    "path_missing": Remedy.CORRECT_INPUT,
    "filename_missing": Remedy.CORRECT_INPUT,
    "invalid_filename": Remedy.CORRECT_INPUT,
    "invalid_path": Remedy.CORRECT_INPUT,
    "invalid_filesize": Remedy.ATTACH_DOCUMENT,
    "invalid_filetype": Remedy.ATTACH_DOCUMENT,
    "mimetype_mismatch": Remedy.ATTACH_DOCUMENT,
    "file_data_missing": Remedy.ATTACH_DOCUMENT,
    "aadhaar_not_linked": Remedy.LINK_ACCOUNT,
    "aadhaar_not_available": Remedy.VISIT_CSC,
    "invalid_orgid": Remedy.CORRECT_INPUT,
    "invalid_doctype": Remedy.CORRECT_INPUT,
    "record_not_found": Remedy.CORRECT_INPUT,
}
_SETU: Mapping[str, Remedy] = {
    "missing_parameter": Remedy.CORRECT_INPUT,
    "invalid_parameter": Remedy.CORRECT_INPUT,
    "invalid_format": Remedy.REFRESH,
    "record_not_found": Remedy.CORRECT_INPUT,
    "consent_expired": Remedy.GIVE_CONSENT,
}
_UMANG: Mapping[str, Remedy] = {
    "CARD_NOT_FOUND": Remedy.CORRECT_INPUT,
    "CARD_NUMBER_MALFORMED": Remedy.CORRECT_INPUT,
    "CARD_NOT_ACTIVE": Remedy.VISIT_CSC,
}

REMEDIES: Mapping[Source, Mapping[str, Remedy]] = {
    Source.DIGILOCKER: MappingProxyType(_LOCKER),
    Source.API_SETU: MappingProxyType(_SETU),
    Source.UMANG: MappingProxyType(_UMANG),
}
"""By system and code."""


def remedy_for(source: Source, code: str) -> Remedy:
    """What the citizen can do; CALL_HELPLINE where nothing else helps."""
    return REMEDIES.get(source, {}).get(code, Remedy.CALL_HELPLINE)


def sentence_for(source: Source, code: str) -> str | None:
    """The key of the sentence that says it in words; None where the general one is all that can be said."""
    return f"refusal.{code}" if code in REMEDIES.get(source, {}) else None

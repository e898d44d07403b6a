"""Validates the signature and form of requests to the Commission's sandbox.

Source: docs/contracts/right_to_service.md section 6.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_GROUNDS = {"TIME_LIMIT_BREACHED", "REJECTED", "CLOSED_WITHOUT_SERVICE", "NOT_SATISFIED", "DO_IGNORED_ORDER"}
_ORIGINS = {"AUTO", "CITIZEN", "HELPLINE", "CSC"}
_VOID_REASONS = {"DECIDED_IN_TIME", "REJECTED_IN_TIME", "SERVED_IN_TIME", "WITHDRAWN", "PAYMENT_REVERSED"}
_AADHAAR = re.compile(r"(?<!\d)\d{4} ?\d{4} ?\d{4}(?!\d)")


def request_signature(secret: str, stamp: str, method: str, path: str, body: bytes) -> str:
    """The signature that a request must carry."""
    text = f"{stamp}\n{method}\n{path}\n{hashlib.sha256(body).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def faults_of_appeal(content: Mapping[str, Any]) -> str | None:
    """The first field of an appeal that is wrong, or None."""
    texts = ("appealRef", "applicationId", "serviceCode", "lgdUnit", "channel")
    for name in texts:
        if not isinstance(content.get(name), str) or not content[name]:
            return name
    if content.get("ground") not in _GROUNDS:
        return "ground"
    if content.get("origin") not in _ORIGINS:
        return "origin"
    if content.get("level") not in {1, 2, 3}:
        return "level"
    if not _is_instant(content.get("filedAt")):
        return "filedAt"
    if "lawfulDueOn" in content and not str(content["lawfulDueOn"]) > str(content.get("dueOn")):
        return "lawfulDueOn"
    return _fault_of_citizen(content.get("citizen"))


def _is_instant(text: Any) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


def _fault_of_citizen(citizen: Any) -> str | None:
    """The citizen is named, the mobile is masked, and nothing else of the citizen is disclosed."""
    if not isinstance(citizen, dict) or set(citizen) != {"name", "mobileMasked"}:
        return "citizen"
    name, mobile = citizen["name"], citizen["mobileMasked"]
    if not isinstance(name, str) or _AADHAAR.search(name):
        return "citizen.name"
    return "citizen.mobileMasked" if mobile is not None and "xxxxxx" not in str(mobile) else None


def faults_of_event(content: Mapping[str, Any]) -> str | None:
    """The first field of an event that is wrong, or None."""
    for name in ("eventId", "type", "at", "by"):
        if not isinstance(content.get(name), str) or not content[name]:
            return name
    facts = content.get("facts")
    if content["type"] == "VOIDED" and (not isinstance(facts, dict) or facts.get("reason") not in _VOID_REASONS):
        return "facts.reason"
    attachments = content.get("attachments")
    if not isinstance(attachments, list):
        return "attachments"
    for one in attachments:
        if not isinstance(one, dict) or not re.fullmatch(r"[0-9a-f]{64}", str(one.get("sha256"))):
            return "attachments"
    return None

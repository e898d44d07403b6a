"""UMANG: services of other departments through the national gateway, its face."""

from integrations.umang.client import POLICIES, Umang
from integrations.umang.models import DepartmentAccess, EnvelopeKeys, Member, RationCard, UmangSettings
from integrations.umang.wire import CARD_NOT_FOUND

__all__ = [
    "CARD_NOT_FOUND",
    "POLICIES",
    "DepartmentAccess",
    "EnvelopeKeys",
    "Member",
    "RationCard",
    "Umang",
    "UmangSettings",
]

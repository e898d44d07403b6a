"""API Setu, the national API marketplace: certificates of other departments."""

from integrations.apisetu.client import POLICIES, ApiSetu
from integrations.apisetu.models import (
    NEWER_PATH,
    OLDER_PATH,
    ApiSetuSettings,
    CertificateRequest,
    DepartmentCertificate,
    PublisherSettings,
)

__all__ = [
    "NEWER_PATH",
    "OLDER_PATH",
    "POLICIES",
    "ApiSetu",
    "ApiSetuSettings",
    "CertificateRequest",
    "DepartmentCertificate",
    "PublisherSettings",
]

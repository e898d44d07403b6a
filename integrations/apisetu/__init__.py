"""API Setu, the national API marketplace: certificates of other departments, and ours for others."""

from integrations.apisetu.client import POLICIES, ApiSetu, open_clients
from integrations.apisetu.codes import CODES
from integrations.apisetu.models import (
    NEWER_PATH,
    ApiSetuSettings,
    CertificateRequest,
    DepartmentCertificate,
    DepartmentFile,
    DocumentSpecification,
    PublisherSettings,
    issuer_id_of,
)
from integrations.apisetu.published import published_routes
from integrations.apisetu.published_models import PublishedCall, PublishedDocument, PublishedService, PublishedSettings

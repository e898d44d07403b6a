"""API Setu, the national API marketplace: certificates of other departments, and ours for others."""

from integrations.apisetu.client import POLICIES as POLICIES
from integrations.apisetu.client import ApiSetu as ApiSetu
from integrations.apisetu.client import open_clients as open_clients
from integrations.apisetu.codes import CODES as CODES
from integrations.apisetu.models import NEWER_PATH as NEWER_PATH
from integrations.apisetu.models import ApiSetuSettings as ApiSetuSettings
from integrations.apisetu.models import CertificateRequest as CertificateRequest
from integrations.apisetu.models import DepartmentCertificate as DepartmentCertificate
from integrations.apisetu.models import DepartmentFile as DepartmentFile
from integrations.apisetu.models import DocumentSpecification as DocumentSpecification
from integrations.apisetu.models import PublisherSettings as PublisherSettings
from integrations.apisetu.models import issuer_id_of as issuer_id_of
from integrations.apisetu.published import published_routes as published_routes
from integrations.apisetu.published_models import PublishedCall as PublishedCall
from integrations.apisetu.published_models import PublishedDocument as PublishedDocument
from integrations.apisetu.published_models import PublishedService as PublishedService
from integrations.apisetu.published_models import PublishedSettings as PublishedSettings

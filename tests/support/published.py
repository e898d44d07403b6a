"""The service that stand-ins of the catalogue publish through API Setu."""

from domain.kernel import Bilingual
from integrations.apisetu.published_models import PublishedService

INCOME = Bilingual("आय प्रमाण पत्र", "Income Certificate")
INCOME_SERVICE = PublishedService(
    code="ES09",
    name=INCOME,
    department=None,
    outcome="CERTIFICATE",
    doctype="INCER",
    limit_days=15,
    fee_paise=None,
    open=True,
)

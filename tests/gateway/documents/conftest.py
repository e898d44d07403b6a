"""One content and one renderer for the tests of certificates."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from actions.certificates.content import CertificateContent, CertificateField
from domain.kernel import Bilingual, ManualClock
from gateway.documents.renderer import CertificateRenderer
from store.database import Keyrings

CONTENT = CertificateContent(
    number="22612345678906",
    doctype="INCER",
    service=Bilingual("आय प्रमाण-पत्र", "Income Certificate"),
    holder=Bilingual("आशा क्षेत्री", "Asha Kshetri"),
    guardian=Bilingual("मोहन सिंह क्षेत्री", "Mohan Singh Kshetri"),
    guardian_relation="D",
    born_on=date(1990, 4, 12),
    gender="F",
    district=Bilingual("देहरादून", "Dehradun"),
    tehsil=Bilingual("विकासनगर", "Vikasnagar"),
    department=Bilingual("राजस्व विभाग", "Revenue Department"),
    officer=Bilingual("राकेश द्विवेदी", "Rakesh Dwivedi"),
    designation=Bilingual("तहसीलदार, विकासनगर", "Tehsildar, Vikasnagar"),
    issued_on=date(2026, 11, 24),
    valid_until=date(2027, 11, 23),
    fields=(
        CertificateField("annual_income", Bilingual("वार्षिक आय (रुपये)", "Annual income (rupees)"), "120000"),
        CertificateField("address", Bilingual("पता", "Address"), "द्वारिका, विश्वनाथ मार्ग, कर्णप्रयाग, ज्ञानपुर, लट्ठा"),
    ),
    verify_url="http://127.0.0.1:8000/verify/22612345678906",
    uri="in.gov.uk.apunisarkar-INCER-AB12CD34EF",
)


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    Keyrings(folder).init()
    return folder


@pytest.fixture
def renderer(keys_folder: Path) -> CertificateRenderer:
    clock = ManualClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    return CertificateRenderer(Keyrings(keys_folder), keys_folder / "certificates", clock)


@pytest.fixture
def content() -> CertificateContent:
    return CONTENT

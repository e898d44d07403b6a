"""Incidents and days of systems, for tests of the status page."""

from datetime import UTC, date, datetime

from actions.platform.incidents import ReportIncident
from domain.kernel import Bilingual, Source
from domain.platform.incidents import Incident, SourceDay

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)

REPORT = ReportIncident(
    title_hi="डिजिलॉकर धीमा है",
    title_en="DigiLocker is slow",
    text_hi="दस्तावेज़ देर से आते हैं।",
    text_en="Documents come late.",
    meanwhile_hi="दस्तावेज़ अपलोड किए जा सकते हैं।",
    meanwhile_en="Documents can be uploaded.",
    source=Source.DIGILOCKER,
)

INCIDENT = Incident(
    id="01a22d7a-8928-7267-86fe-8fae8b8bc121",
    source=Source.DIGILOCKER,
    title=Bilingual(REPORT.title_hi, REPORT.title_en),
    text=Bilingual(REPORT.text_hi, REPORT.text_en),
    meanwhile=Bilingual(REPORT.meanwhile_hi, REPORT.meanwhile_en),
    began_at=NOON,
    ended_at=None,
    updated_at=NOON,
    reported_by="operator",
)

DAYS = {"DIGILOCKER": [SourceDay(date(2026, 11, 23), 2880, 0), SourceDay(date(2026, 11, 24), 999, 1)]}

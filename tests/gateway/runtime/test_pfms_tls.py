"""What PFMS over REST wants of TLS is looked at when a process starts, and its end is told before it comes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.kernel import ManualClock
from gateway.commands.dbt import problems_of_client
from gateway.runtime.partners import make_transports, pfms_tls
from gateway.settings.settings import Settings, SettingsRefused
from sandbox.city.tls import Certificates, new_authority

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ADDRESS = "https://files.pfms.gov.in"
DAY = timedelta(days=1)


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings that name a certificate which is good for sixty days, its key, and the one authority that is trusted."""
    authority = new_authority(NOW)
    certificate, key = Certificates(authority, NOW).of_caller("apuni", NOW - DAY, NOW + 60 * DAY)
    names = {"client_certificate_file": certificate, "client_key_file": key, "ca_file": authority["certificate"]}
    for name, text in names.items():
        (tmp_path / name).write_text(text)
    pfms = {"transport": "REST"} | {name: str(tmp_path / name) for name in names}
    partners = {"pfms": {"base_url": ADDRESS, "given": {}}}
    return Settings.model_validate({"profile": "production", "pfms": pfms, "partners": partners})


def test_connections_to_pfms_alone_show_the_certificate(own: Settings) -> None:
    lines = make_transports(own, ManualClock(NOW))
    assert list(lines.own_tls) == [ADDRESS]
    assert lines.tls is None
    assert make_transports(Settings(), ManualClock(NOW)).own_tls == {}


def test_a_certificate_that_ended_stops_no_start_and_is_told(own: Settings) -> None:
    with capture_logs() as told:
        assert list(make_transports(own, ManualClock(NOW + 61 * DAY)).own_tls) == [ADDRESS]
    ended_at = "2027-01-23T03:00:00+00:00"
    ended = {"event": "client_certificate_ended", "system": "pfms", "ended_at": ended_at, "log_level": "error"}
    assert told == [ended]


def test_a_key_that_does_not_fit_stops_the_start_with_words(own: Settings) -> None:
    key = own.pfms.client_key_file
    assert key is not None
    key.write_text("no key")
    with pytest.raises(SettingsRefused, match="holds no key that can be used"):
        make_transports(own, ManualClock(NOW))


def test_the_end_of_the_certificate_is_told_a_month_before(own: Settings) -> None:
    ends_at = pfms_tls(own).ends_at()
    assert problems_of_client(None, NOW) == problems_of_client(ends_at, NOW + 29 * DAY) == []
    [problem] = problems_of_client(ends_at, NOW + 31 * DAY)
    assert "ends on 2027-01-23" in problem
    [problem] = problems_of_client(ends_at, NOW + 61 * DAY)
    assert "ended on 2027-01-23" in problem

"""An outside system may show a certificate of its own authorities alone, where the settings name them."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import ManualClock
from gateway.runtime.partners import make_transports
from gateway.settings.settings import Settings, SettingsRefused
from sandbox.city.tls import Certificates, new_authority

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TREASURY, OTHER, FILES = "https://jit.uk.gov.in", "https://api.gov.in", "https://files.pfms.gov.in"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A file with the certificate of an authority."""
    file = tmp_path / "authority.pem"
    file.write_text(new_authority(NOW)["certificate"])
    return file


def settings(file: Path, system: str = "dbt_finance", **pfms: Any) -> Settings:
    addresses = {"dbt_finance": TREASURY, "apisetu": OTHER, "pfms": FILES}
    partners: dict[str, dict[str, Any]] = {name: {"base_url": url, "given": {}} for name, url in addresses.items()}
    partners[system]["ca_file"] = str(file)
    return Settings.model_validate({"profile": "production", "partners": partners, "pfms": pfms})


def test_the_treasury_alone_is_held_to_the_authority_that_is_named_for_it(authority: Path):
    lines = make_transports(settings(authority), ManualClock(NOW))

    assert list(lines.own_tls) == [TREASURY]
    context = lines.own_tls[TREASURY]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    assert lines.tls is None


def test_an_authority_that_is_named_for_pfms_as_for_every_system_holds_there_too(authority: Path):
    lines = make_transports(settings(authority, "pfms", transport="REST"), ManualClock(NOW))

    assert list(lines.own_tls) == [FILES]


@pytest.mark.parametrize(("content", "why"), [(None, "cannot be read"), ("", "holds no certificate")])
def test_authorities_that_cannot_serve_stop_the_start_and_name_the_system(
    tmp_path: Path, content: str | None, why: str
):
    file = tmp_path / "none.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SettingsRefused, match=f"the TLS of dbt_finance: the file of trusted authorities {why}"):
        make_transports(settings(file), ManualClock(NOW))


def with_certificate(tmp_path: Path, *names: str) -> Settings:
    own = Certificates(new_authority(NOW), NOW).of_caller("apuni", NOW - timedelta(days=1), NOW + timedelta(days=30))
    files = {}
    for name, content in zip(("certificate_file", "key_file"), own, strict=True):
        files[name] = tmp_path / name
        files[name].write_text(content)
    partner = {"base_url": OTHER, "given": {}} | {name: str(files[name]) for name in names}
    return Settings.model_validate({"profile": "production", "partners": {"land": partner}})


def test_a_system_that_wants_our_certificate_is_shown_it(tmp_path: Path):
    lines = make_transports(with_certificate(tmp_path, "certificate_file", "key_file"), ManualClock(NOW))

    assert list(lines.own_tls) == [OTHER]


def test_a_certificate_without_its_key_stops_the_start(tmp_path: Path):
    with pytest.raises(SettingsRefused, match="the TLS of land: a client certificate and its key go together"):
        make_transports(with_certificate(tmp_path, "certificate_file"), ManualClock(NOW))

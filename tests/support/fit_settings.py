"""Settings that production takes, with the certificates of its signing keys, and why others are refused."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from domain.kernel import Clock, SystemClock
from gateway.documents.authority import fingerprint
from gateway.runtime.production import refuse_unfit_production
from gateway.settings.portal import NOTICES
from gateway.settings.settings import Settings, SettingsRefused, read_settings
from integrations.registry import OUTSIDE_SYSTEMS
from store.database import Keyrings

SECRET = "hunter2-is-secret"


def clear_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """No setting of the machine reaches a test; the home is a folder of the test's."""
    for name in [name for name in os.environ if name.startswith("APUNI_") or name in {"METRICS_PORT", "SANDBOX_PORT"}]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("APUNI_HOME", str(home))


def partner(system: str, **changes: object) -> dict[str, object]:
    """A system as its settings name it."""
    return {"base_url": f"https://{system.replace('_', '-')}.gov.in/api", "given": {"client_id": SECRET}} | changes


def fit(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    """Settings that production takes, but for the changes; a change to None takes a variable away."""
    variables = {
        "APUNI_PROFILE": "production",
        "METRICS_PORT": "9100",
        "APUNI_PUBLIC_URL": "https://apuni.uk.gov.in",
        "APUNI_DATABASE_URL": f"postgresql://apuni:{SECRET}@db.uk.gov.in/apuni?ssl=verify-full",
        "APUNI_VAULT_URL": f"postgresql://vault:{SECRET}@vault.uk.gov.in/vault?ssl=verify-full",
        "APUNI_CACHE_URL": f"rediss://:{SECRET}@cache.uk.gov.in/0",
        "APUNI_ALLOW_SOFTWARE_KEYS": "1",
        "APUNI_SCANNER__ADDRESS": "clamd.uk.gov.in:3310",
        "APUNI_PARTNERS": json.dumps({system: partner(system) for system in OUTSIDE_SYSTEMS.required}),
        **presented(Path(os.environ["APUNI_HOME"]) / "notices"),
    } | changes
    for name, value in variables.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    settings = read_settings()
    if not settings.keys_folder.exists():
        keyrings = Keyrings(settings.keys_folder)
        keyrings.init()
        certify(keyrings, settings.certificates_folder, SystemClock())
    return settings


def presented(folder: Path) -> dict[str, str]:
    """What the pages of an installation say of it, with its notices in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NOTICES:
        for language in ("hi", "en"):
            (folder / f"{name}.{language}.txt").write_text("# Notice\n\nWords.", encoding="utf-8")
    return {
        "APUNI_PORTAL__NOTICES": str(folder),
        "APUNI_PORTAL__OWNER_HI": "सूचना प्रौद्योगिकी विकास एजेंसी",
        "APUNI_PORTAL__OWNER_EN": "Information Technology Development Agency",
        "APUNI_PORTAL__CONTACT": "itda@uk.gov.in",
    }


def reasons(settings: Settings) -> list[str]:
    """Why production does not start; none where it does."""
    try:
        refuse_unfit_production(settings)
    except SettingsRefused as refused:
        return refused.reasons
    return []


def certify(keyrings: Keyrings, folder: Path, clock: Clock) -> None:
    """Give the signing keys certificates as a licensed authority would."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for purpose in ("pdf", "xml"):
        key = keyrings.active(purpose).private_key
        assert isinstance(key, rsa.RSAPrivateKey)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Signer of {purpose}")]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Licensed CA")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(clock.now() - timedelta(days=1))
            .not_valid_after(clock.now() + timedelta(days=365))
            .sign(authority, hashes.SHA256())
        )
        path = folder / f"{purpose}-{fingerprint(key)}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))

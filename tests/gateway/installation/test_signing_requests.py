"""`apuni keys csr` writes the request by which an authority certifies the key that signs certificates."""

from pathlib import Path

import pytest
from cryptography import x509

from domain.kernel import CommandFailed
from gateway.documents.authority import fingerprint
from gateway.installation.keys import request_certificate
from store.database import Keyrings

SUBJECT = "CN=Apuni Sarkar,O=Government of Uttarakhand,C=IN"


@pytest.fixture
def keyrings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyrings:
    monkeypatch.setenv("APUNI_HOME", str(tmp_path))
    made = Keyrings(tmp_path / "keys")
    made.init()
    return made


def test_the_request_bears_the_active_key_and_says_where_the_certificate_belongs(
    keyrings: Keyrings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keyrings.rotate("pdf")

    request_certificate("pdf", tmp_path / "pdf.csr", subject=SUBJECT)

    request = x509.load_pem_x509_csr((tmp_path / "pdf.csr").read_bytes())
    key = keyrings.active("pdf").private_key
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    assert request.subject.rfc4514_string() == SUBJECT
    assert f"pdf-{fingerprint(key)}.pem" in "".join(capsys.readouterr().out.split("\n"))


@pytest.mark.parametrize(("purpose", "subject"), [("qr", SUBJECT), ("field", SUBJECT), ("pdf", "Apuni Sarkar")])
def test_another_purpose_and_a_subject_that_is_none_write_nothing(
    keyrings: Keyrings, tmp_path: Path, purpose: str, subject: str
) -> None:
    with pytest.raises(CommandFailed):
        request_certificate(purpose, tmp_path / "out.csr", subject=subject)

    assert not (tmp_path / "out.csr").exists()

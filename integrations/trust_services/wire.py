"""The wire formats of OCSP (RFC 6960) and time stamps (RFC 3161), and what certificates say of where to ask."""

import hashlib
import secrets
from datetime import datetime, timedelta

from asn1crypto import algos, cms, ocsp, tsp, x509

from integrations.calling.errors import Foreign, Unreadable
from integrations.trust_services.models import CertificateUnfit, TokenCertificate, UnfitReason

OCSP_REQUEST, OCSP_ANSWER = "application/ocsp-request", "application/ocsp-response"
STAMP_QUERY, STAMP_ANSWER = "application/timestamp-query", "application/timestamp-reply"
_SKEW = timedelta(minutes=5)


def load_certificate(der: bytes) -> x509.Certificate:
    """The certificate of a DER, read whole; raises CertificateUnfit."""
    try:
        found = x509.Certificate.load(der, strict=True)
        found.native  # noqa: B018 - reads all of it, so that nothing fails later
    except (ValueError, TypeError, KeyError):
        raise CertificateUnfit(UnfitReason.UNREADABLE) from None
    return found


def describe(der: bytes) -> TokenCertificate:
    """What a certificate says of itself; raises CertificateUnfit."""
    found = load_certificate(der)
    return TokenCertificate(
        hashlib.sha256(der).hexdigest(),
        found.subject.human_friendly,
        found.issuer.human_friendly,
        f"{found.serial_number:x}",
        found.not_valid_before,
        found.not_valid_after,
    )


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Whether a certificate was revoked: the question."""
    named = ocsp.CertId(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha1"}),  # the one that every responder knows
            "issuer_name_hash": hashlib.sha1(certificate.issuer.dump()).digest(),  # noqa: S324 - names, signs nothing
            "issuer_key_hash": issuer.public_key.sha1,
            "serial_number": certificate.serial_number,
        }
    )
    asked = ocsp.Request({"req_cert": named})
    return bytes(ocsp.OCSPRequest({"tbs_request": ocsp.TBSRequest({"request_list": [asked]})}).dump())


def read_ocsp(content: bytes) -> bytes:
    """An answer that says something, as it came; raises Unreadable."""
    try:
        if ocsp.OCSPResponse.load(content, strict=True)["response_status"].native != "successful":
            raise Unreadable("response_status")
    except (ValueError, TypeError, KeyError):
        raise Unreadable("ocsp") from None
    return content


def read_list(content: bytes) -> bytes:
    """A list of revoked certificates as it came; raises Unreadable."""
    from asn1crypto import crl

    try:
        crl.CertificateList.load(content, strict=True)["tbs_cert_list"].native  # noqa: B018 - reads all of it
    except (ValueError, TypeError, KeyError):
        raise Unreadable("crl") from None
    return content


def stamp_query(digest: bytes) -> tuple[bytes, int]:
    """The query for a time stamp over a SHA-256, and its nonce."""
    nonce = secrets.randbits(63)
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
    query = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    return query.dump(), nonce


def read_stamp(content: bytes, digest: bytes, nonce: int, now: datetime) -> tuple[bytes, bytes]:
    """The token of an answer in DER, and the certificate of who signed it.

    Raises Unreadable, and Foreign for a stamp of another imprint, nonce or time. The signature is checked when it is
    put into a document.
    """
    try:
        answer = tsp.TimeStampResp.load(content, strict=True)
        if answer["status"]["status"].native not in {"granted", "granted_with_mods"}:
            raise Unreadable("status")
        token: cms.ContentInfo = answer["time_stamp_token"]
        said = token["content"]["encap_content_info"]["content"].parsed
        imprint, given = said["message_imprint"]["hashed_message"].native, said["nonce"].native
        at, signer = said["gen_time"].native, _signer_of(token["content"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("timestamp") from None
    if imprint != digest or given != nonce or abs(at - now) > _SKEW:
        raise Foreign("timestamp")
    return bytes(token.dump()), signer


def _signer_of(signed: cms.SignedData) -> bytes:
    """The certificate that a stamp names for its signer; KeyError where it brings none."""
    named = signed["signer_infos"][0]["sid"].chosen
    for one in signed["certificates"]:
        found = one.chosen
        if (found.issuer, found.serial_number) == (named["issuer"], named["serial_number"].native):
            return bytes(found.dump())
    raise KeyError("certificates")

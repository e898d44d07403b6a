"""A time stamping authority (RFC 3161), written from docs/contracts/signatures.md section 4."""

import hashlib
from datetime import timedelta

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome
from sandbox.trust_services.authority import Authority, new_key, pem_of, pem_of_key, read_key

POLICY = "1.3.6.1.4.1.99999.1"


class StampServer:
    """Stamps what it is sent. Some troubles of the authority make its stamps wrong."""

    def __init__(self, home: SandboxHome, authority: Authority) -> None:
        self._home, self._issuer = home, authority
        made = home.state.get_or_create("stamper", "pair", lambda: self._new_pair(authority))
        self._key = read_key(made["key"])
        self._certificate = x509.Certificate.load(_der(made["certificate"]))
        self._authority = x509.Certificate.load(authority.certificate.public_bytes(serialization.Encoding.DER))

    def routes(self) -> list[Route]:
        """Its one address."""
        return [Route("/timestamps", self.stamp, methods=["POST"])]

    async def stamp(self, request: Request) -> Response:
        """One stamp, or a rejection of what is no query."""
        answer = "application/timestamp-reply"
        try:
            asked = tsp.TimeStampReq.load(await request.body(), strict=True)
            imprint, nonce = asked["message_imprint"], asked["nonce"].native
            known = imprint["hash_algorithm"]["algorithm"].native == "sha256" and request.headers["content-type"]
        except (ValueError, KeyError, TypeError):
            known = ""
        if known != "application/timestamp-query":
            status = tsp.PKIStatusInfo({"status": "rejection"})
            return Response(tsp.TimeStampResp({"status": status}).dump(), media_type=answer)
        trouble = self._issuer.trouble
        if trouble == "imprint":
            digest = hashlib.sha256(b"another document").digest()
            imprint = tsp.MessageImprint({"hash_algorithm": imprint["hash_algorithm"], "hashed_message": digest})
        at = self._home.clock.now().replace(microsecond=0)
        said = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": imprint,
                "serial_number": int.from_bytes(hashlib.sha256(imprint.dump() + str(nonce).encode()).digest()[:8]),
                "gen_time": at - timedelta(hours=1) if trouble == "skew" else at,
                "nonce": nonce + 1 if trouble == "nonce" else nonce,
            }
        )
        token = self._sign(said)
        request.state.ledger_effect = "stamped"
        status = tsp.PKIStatusInfo({"status": "granted"})
        return Response(tsp.TimeStampResp({"status": status, "time_stamp_token": token}).dump(), media_type=answer)

    def _sign(self, said: tsp.TSTInfo) -> cms.ContentInfo:
        content, sha256 = said.dump(), algos.DigestAlgorithm({"algorithm": "sha256"})
        named = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(self._certificate.dump()).digest()})
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
                cms.CMSAttribute(
                    {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [named]})]}
                ),
            ]
        )
        signature = self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        issued = {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(issued)}),
                "digest_algorithm": sha256,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
                "signed_attrs": attributes,
                "signature": signature,
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": cms.DigestAlgorithms([sha256]),
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [self._certificate, self._authority],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    @staticmethod
    def _new_pair(authority: Authority) -> dict[str, str]:
        key = new_key()
        certificate = authority.issue("Sandbox time stamping authority", key.public_key(), stamps=True)
        return {"key": pem_of_key(key), "certificate": pem_of(certificate)}


def _der(pem: str) -> bytes:
    from asn1crypto import pem as armour

    return bytes(armour.unarmor(pem.encode())[2])

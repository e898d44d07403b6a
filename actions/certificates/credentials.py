"""Makes the credential of a certificate for a wallet: an SD-JWT VC (RFC 9901; dc+sd-jwt), bound to the wallet's key.

It says what the signed XML of the certificate says, each fact in a disclosure of its own, so that the holder shows what
is asked and no more (docs/contracts/signatures.md section 5.2).
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from actions.certificates.status_lists import status_claim
from actions.certificates.wallet_grants import Grant, WalletRefusal, holds, is_nonce, use_up
from actions.kernel import Environment
from domain.certificates.certificates import IssuedCertificate
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import IST, TemporarilyUnavailable
from integrations.calling import safe_xml
from integrations.certificate_facts import facts_of
from store.certificates import certificates
from store.database import Transaction, audit

FORMAT, PROOF_TYPE = "dc+sd-jwt", "openid4vci-proof+jwt"
CLOCK_SKEW = timedelta(minutes=5)
"""By how much a wallet's clock may be wrong."""

MOST_FACTS = 40
_ALGORITHM = "ES256"
_STATUS_LIST = "status_list"


def vct_of(public_url: str, doctype: str) -> str:
    """The type of the credentials of a document type."""
    return f"{public_url}/credentials/{doctype}"


def proven_key(env: Environment, proof: str) -> tuple[ECKey, str]:
    """The wallet's key that a proof of possession shows, and the nonce that it names.

    Raises WalletRefusal: invalid_proof, invalid_nonce.
    """
    try:
        header = jws.extract_compact(proof.encode()).headers()
        given = header.get("jwk")
        if header.get("typ") != PROOF_TYPE or header.get("alg") != _ALGORITHM or not isinstance(given, dict):
            raise WalletRefusal("invalid_proof", f"typ {PROOF_TYPE}, alg {_ALGORITHM} and jwk are needed")
        if "kid" in header or "x5c" in header or "d" in given:
            raise WalletRefusal("invalid_proof", "The key stands in jwk alone, without its private half")
        key = ECKey.import_key(given)
        claims = jwt.decode(proof, key, [_ALGORITHM]).claims
    except (JoseError, ValueError, TypeError, KeyError, UnicodeError):
        raise WalletRefusal("invalid_proof", "The proof cannot be read, or its signature is wrong") from None
    audience, issued_at, nonce = claims.get("aud"), claims.get("iat"), claims.get("nonce")
    now = env.clock.now().timestamp()
    fresh = isinstance(issued_at, int) and abs(now - issued_at) <= CLOCK_SKEW.total_seconds()
    if env.public_url not in (audience if isinstance(audience, list) else [audience]) or not fresh:
        raise WalletRefusal("invalid_proof", "aud must be the issuer, and iat the present time")
    if not isinstance(nonce, str) or not is_nonce(env, nonce):
        raise WalletRefusal("invalid_nonce", "The nonce is not ours, or over")
    return key, nonce


async def credential_for(env: Environment, grant: Grant, doctype: object, proof: str, chain: Sequence[bytes]) -> str:
    """The credential, once for each grant and nonce. `chain` are the certificates of the signing key in DER.

    Raises WalletRefusal, TemporarilyUnavailable where the certificate's file is not there.
    """
    certificate = await env.store.read(lambda tx: certificates.by_ids(tx, [grant.certificate_id]))
    held = certificate.get(grant.certificate_id)
    if held is None or held.status_index is None or not holds(held, env.clock.now()):
        raise WalletRefusal("credential_request_denied", "The certificate holds no longer")
    if doctype != held.doctype:
        raise WalletRefusal("unknown_credential_configuration", f"The offer is for {held.doctype}")
    key, nonce = proven_key(env, proof)
    xml = await env.objects.get(held.xml_sha256)
    if xml is None:
        raise TemporarilyUnavailable
    made = make_credential(env, held, xml, key, chain)
    await use_up(env, grant, nonce)

    async def note(tx: Transaction) -> None:
        action, who = "certificate.given_to_wallet", f"CITIZEN:{held.citizen_id}"
        await audit.record(tx, who, action, ObjectKind.CERTIFICATE, held.id, Purpose.VIEW)

    await env.store.carry_out(note)
    return made


def make_credential(
    env: Environment, certificate: IssuedCertificate, xml: bytes, holder: ECKey, chain: Sequence[bytes]
) -> str:
    """The SD-JWT with all its disclosures. Raises safe_xml.UnsafeXml for a file that is no XML."""
    now, key = env.clock.now(), env.keyrings.active("qr")
    facts = _facts_of(certificate, xml)
    disclosures = [_encode(json.dumps([env.ids.token(16), *each], ensure_ascii=False).encode()) for each in facts]
    claims: dict[str, Any] = {
        "iss": env.public_url,
        "vct": vct_of(env.public_url, certificate.doctype),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "cnf": {"jwk": {name: holder.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}},
        "status": status_claim(env.public_url, certificate.status_index or 0),
        "_sd_alg": "sha-256",
        "_sd": sorted(_encode(hashlib.sha256(each.encode()).digest()) for each in disclosures),
    }
    if certificate.valid_until:
        ends = datetime.combine(certificate.valid_until + timedelta(days=1), time.min, IST)
        claims["exp"] = int(ends.timestamp())
    header: dict[str, Any] = {"alg": _ALGORITHM, "typ": FORMAT, "kid": str(key.kid)}
    header |= {"x5c": [base64.b64encode(each).decode() for each in chain]} if chain else {}
    return "~".join([jwt.encode(header, claims, key, [_ALGORITHM]), *disclosures, ""])


def _facts_of(certificate: IssuedCertificate, xml: bytes) -> list[tuple[str, str]]:
    """The facts by the names of their claims; those that nobody knows are left out."""
    root = safe_xml.parse(xml)
    stated = facts_of(root)
    born_on = stated.born_on if stated else None
    facts: dict[str, str | None] = {
        "number": certificate.number,
        "name": certificate.name.en,
        "name_hi": certificate.name.hi,
        "holder_name": certificate.holder.en,
        "holder_name_hi": certificate.holder.hi,
        "birthdate": born_on.isoformat() if born_on else None,
        "issuer": stated.issuer if stated else None,
        "issued_on": certificate.issued_on.isoformat(),
        "valid_until": certificate.valid_until.isoformat() if certificate.valid_until else None,
    }
    printed = _read_fields(root)
    return [(name, text) for name, text in {**printed, **facts}.items() if text]


def _read_fields(root: safe_xml.Element) -> Mapping[str, str]:
    lines = [one.attrib for one in root.iter() if safe_xml.local_name(one) == "Field"][:MOST_FACTS]
    return {str(each["name"]): str(each["value"]) for each in lines if each.get("name") not in (None, _STATUS_LIST)}


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

"""Tells whether a certificate holds, by its number or the text of its QR code; also as a signed statement."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc import jwt

from actions.certificates.certificate_endings import Ended, end_of
from actions.certificates.cwt import InvalidCwt
from actions.certificates.papers import sanction_order
from actions.certificates.qr_codes import LONGEST_NUMBER, QrFacts, is_qr, qr_keys, read_qr
from actions.kernel import Environment, certificate_by_any
from domain.certificates.certificates import CertificateStatus, IssuedCertificate, initials
from domain.kernel import ErrorCode, Problem, Problems, ist_date

STATEMENT_TYPE, STATEMENT_LIFE = "certificate-status+jwt", timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Verified:
    """What the register says of a certificate or a sanction order now. `code` is what its QR code says, where given."""

    certificate: IssuedCertificate
    status: CertificateStatus
    ended: Ended | None
    code: QrFacts | None


async def verify(env: Environment, text: str) -> Verified | None:
    """What stands in the register; None where there is none. One past its last day is EXPIRED.

    Raises Problems with QR_NOT_GENUINE for a code that we did not sign, MistypedNumber.
    """
    code = _read_code(env, text) if is_qr(text) else None
    found = None if code else await sanction_order(env, text)
    found = found or await certificate_by_any(env, code.number if code else text[:LONGEST_NUMBER])
    if found is None:
        return None
    past = found.is_past(ist_date(env.clock.now()))
    status = CertificateStatus.EXPIRED if past and found.status is CertificateStatus.ACTIVE else found.status
    return Verified(found, status, await end_of(env, found), code)


async def signed_statement(env: Environment, text: str, audience: str, nonce: str | None) -> str | None:
    """The same as a JWT for one reader, of the holder no more than initials; None and raises as `verify`.

    What the QR code says is repeated in full, since its reader has it.
    """
    found = await verify(env, text)
    if found is None:
        return None
    one, now, key = found.certificate, env.clock.now(), env.keyrings.active("qr")
    ended, code = found.ended, found.code
    claims: dict[str, Any] = {
        "iss": env.public_url,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + STATEMENT_LIFE).timestamp()),
        "nonce": nonce,
        "number": one.number,
        "doctype": one.doctype,
        "status": found.status.value,
        "issuedOn": one.issued_on.isoformat(),
        "validUntil": one.valid_until.isoformat() if one.valid_until else None,
        "endedOn": ended.ended_on.isoformat() if ended else None,
        "correctedBy": ended.successor if ended else None,
        "holderInitials": {"en": initials(one.holder.en), "hi": initials(one.holder.hi or one.holder.en)},
        "qr": {"holder": {"en": code.holder.en, "hi": code.holder.hi}, "facts": dict(code.facts)} if code else None,
    }
    header = {"alg": "ES256", "typ": STATEMENT_TYPE, "kid": str(key.kid)}
    return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key, ["ES256"])


def _read_code(env: Environment, text: str) -> QrFacts:
    try:
        return read_qr(text, qr_keys(env.keyrings))
    except InvalidCwt:
        raise Problems(Problem(ErrorCode.QR_NOT_GENUINE, ("number",))) from None

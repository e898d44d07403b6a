"""When a certificate or licence may be renewed, as the definition of its service says."""

from datetime import date, timedelta

from domain.catalogue.catalogue import Service
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import ErrorCode, Problem, Problems


def renewable_on(certificate: IssuedCertificate, service: Service) -> date | None:
    """The first day on which it may be renewed, until its last one; None where it is not renewed at all."""
    days = service.definition.renew_days if service.definition else None
    if days is None or certificate.valid_until is None or certificate.status is not CertificateStatus.ACTIVE:
        return None
    return certificate.valid_until - timedelta(days=days)


def renewable_now_or_later(certificate: IssuedCertificate, service: Service, today: date) -> date | None:
    """The same, and None after its last day too."""
    return None if certificate.is_past(today) else renewable_on(certificate, service)


def refuse_renewal_out_of_time(
    certificate: IssuedCertificate | None,
    service: Service,
    today: date,
    path: tuple[str, ...] = ("input", "certificateId"),
) -> None:
    """Raise RENEWAL_NOT_OPEN before the first day, after the last one, and where it is not renewed at all."""
    since = renewable_on(certificate, service) if certificate else None
    until = certificate.valid_until if certificate else None
    if since is None or until is None or not since <= today <= until:
        params = {"since": since.isoformat(), "until": until.isoformat()} if since and until else {}
        sentence = None if params else "renewal.none"
        raise Problems(Problem(ErrorCode.RENEWAL_NOT_OPEN, path, params=params, sentence=sentence))

"""What the certificate or licence of a service says, with made-up data, for those who define the service."""

from datetime import date, timedelta

from actions.certificates.content import CertificateContent
from actions.certificates.fields import Answers, CertificateHolder, holder_of, printed_fields
from domain.benefits.plans import add_months
from domain.catalogue.catalogue import ISSUED, Service
from domain.catalogue.forms import Form
from domain.certificates.kinds import CertificateKinds
from domain.kernel import Bilingual
from domain.kernel.messages import bilingual

_NUMBER = "0" * 14
_OFFICER, _HOLDER, _PLACE = (
    bilingual(f"certificate.{name}") for name in ("designated_officer", "specimen_holder", "specimen_place")
)


def specimen_of(
    service: Service,
    form: Form | None,
    department: Bilingual,
    *,
    today: date,
    public_url: str,
    kinds: CertificateKinds,
) -> CertificateContent | None:
    """The content of a certificate that nobody has; None where the service ends in none.

    The printed facts, and the holder where the form names one, are those of the example that its author gives.
    """
    if service.outcome not in ISSUED or service.doctype is None:
        return None
    months = service.validity_months
    kind = kinds.of_service(service.slug, service.template)
    answers = Answers(form.example if form else {}, form, kinds)
    holder = CertificateHolder(_HOLDER)
    if kind and form:
        holder = holder_of(kind.holder, answers, holder)
    return CertificateContent(
        number=_NUMBER,
        doctype=service.doctype,
        service=service.name,
        holder=holder.name,
        guardian=holder.guardian,
        guardian_relation=holder.relation,
        born_on=holder.born_on,
        gender=holder.gender,
        district=_PLACE,
        tehsil=None,
        department=department,
        officer=_OFFICER,
        designation=_OFFICER,
        issued_on=today,
        valid_until=None if months is None else add_months(today, months) - timedelta(days=1),
        fields=printed_fields(answers, kind) if form else (),
        verify_url=f"{public_url}/verify/{_NUMBER}",
        uri=f"SPECIMEN-{service.doctype}",
        mother=holder.mother,
        application_number=_NUMBER,
        kind=kind.name if kind else None,
    )

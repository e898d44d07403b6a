"""The one list of adapters that the fault matrix asks. A new adapter joins by a line in ADAPTERS."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from domain.kernel import Language, Source, Sourced, SystemClock, ist_date
from integrations import apisetu, etaal, portal, umang
from integrations.apisetu import ApiSetu, ApiSetuSettings, CertificateRequest
from integrations.etaal import Batch, EtaalPush, EtaalPushSettings, ServiceCount
from integrations.portal import PortalCatalogue
from integrations.umang import Umang, UmangSettings
from tests.faults.base import (
    CLIENT_CREDENTIALS,
    NOT_SIGNED,
    ONE_RECORD,
    Adapter,
)
from tests.faults.benefits import BENEFITS
from tests.faults.commission import COMMISSION
from tests.faults.event_receivers import TellReceiver
from tests.faults.fees import FEES
from tests.faults.lockers import (
    LockerAadhaar,
    LockerFileCall,
    LockerFileStream,
    LockerFolder,
    LockerList,
    LockerPull,
    LockerPullDoctypes,
    LockerPullIssuers,
    LockerPullParameters,
    LockerPush,
    LockerRefresh,
    LockerRevoke,
    LockerUpload,
    LockerUploadedFile,
    LockerUploadedStream,
    LockerXml,
    LockerXmlStream,
)
from tests.faults.people import (
    CscExchange,
    EPramaanExchange,
    HandshakeEnd,
    HandshakeExchange,
    HandshakeLogin,
    HandshakeValid,
    JanParichayExchange,
    MeriPehchaanExchange,
    MeriPehchaanRevoke,
    ParichayExchange,
    ParichayRevoke,
    SmsByMsdp,
    SmsByNic,
    SmsReport,
)
from tests.faults.pfms_rest import PFMS_REST
from tests.faults.push import PUSH
from tests.faults.site import DEMO, Line, ids
from tests.faults.trust_services import TRUST_SERVICES
from tests.faults.whatsapp import WHATSAPP


class DepartmentCertificateCall(Adapter):
    name, system, source = "apisetu.certificate", "apisetu", Source.API_SETU
    policies = (apisetu.client.FETCH_KEPT,)
    tells = frozenset({"body", "signature", "owner", "parts"})
    why_not: ClassVar[Mapping[str, str]] = {"token": CLIENT_CREDENTIALS, "pages": ONE_RECORD}
    access = "VIEWSTORE"
    of: ClassVar[tuple[str, str, str]] = ("sunil-rawat", "edistrictuk", "CTCER")
    """The holder, the publisher and the document."""

    format: ClassVar[str | None] = None
    """The format that is asked for; None for the one that tells most."""

    def client(self, line: Line) -> ApiSetu:
        return ApiSetu(line.remote, ApiSetuSettings.from_onboarding(self.site.onboarding), line.clock)

    async def ask(self, client: ApiSetu, number: int) -> Any:
        return await client.certificate(self.request(number))

    def request(self, number: int) -> CertificateRequest:
        key, publisher, doctype = self.of
        person = _person(key)
        documents = {(each["publisher"], each["doctype"]): each for each in person["department_documents"]}
        request = CertificateRequest(
            citizen_id=f"citizen-{number}",
            publisher=publisher,
            doctype=doctype,
            parameters=documents[publisher, doctype]["parameters"],
            consent_artefact=_artefact(publisher, doctype, self.access),
            transaction_id=ids().key(),
            holder_names=(person["name_en"],),
        )
        return request if self.format is None else replace(request, format=self.format)


class DepartmentCertificateView(DepartmentCertificateCall):
    name = "apisetu.certificate_not_kept"
    policies = (apisetu.client.FETCH,)
    access = "VIEW"


class DepartmentCertificateInJson(DepartmentCertificateCall):
    name = "apisetu.certificate in JSON"
    of = ("asha-negi", "edistrictuk", "INCER")
    format = "json"
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": "JSON of this API is not signed, and is told as not verified",
        "token": CLIENT_CREDENTIALS,
        "parts": "a part of its JSON is no JSON, which is the fault of spoiled syntax",
        "pages": ONE_RECORD,
    }


class DepartmentCertificateInPdf(DepartmentCertificateCall):
    name = "apisetu.certificate in PDF"
    of = ("mohit-thapliyal", "ubseuk", "SSCER")
    tells = frozenset({"parts"})
    why_not: ClassVar[Mapping[str, str]] = {
        "body": "nothing in a PDF is read but its two ends",
        "signature": "a PDF is told as not verified",
        "token": CLIENT_CREDENTIALS,
        "pages": ONE_RECORD,
        "owner": "nothing in a PDF says to us whose it is",
    }


class DepartmentCertificateOfAnotherPublisher(DepartmentCertificateCall):
    """A publisher with the older form of the path, and a signature of its own."""

    name = "apisetu.certificate of another publisher"
    of = ("pooja-arya", "edistrictup", "BTCER")


class DepartmentDocumentCall(DepartmentCertificateCall):
    name = "apisetu.document"
    policies = (apisetu.client.FETCH_DOCUMENT,)

    async def ask(self, client: ApiSetu, number: int) -> Any:
        return (await client.document(self.request(number))).certificate


class RationCardCall(Adapter):
    name, system, source = "umang.ration_card", "umang", Source.UMANG
    policies = (umang.client.RATION_CARD,)
    tells = frozenset({"body", "signature", "parts", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {"token": CLIENT_CREDENTIALS, "pages": ONE_RECORD}

    async def prepare(self) -> None:
        self.site.city.sandboxes["umang"].actions["set_quota"]({"burst": 10_000, "per_second": 10_000})

    def client(self, line: Line) -> Umang:
        return Umang(line.remote, UmangSettings.from_onboarding(self.site.onboarding), line.clock, ids())

    async def ask(self, client: Umang, number: int) -> Any:
        card = _person("asha-negi")["ration_card"]["number"]
        return await client.ration_card(f"citizen-{number}", card, Language.EN)


PARTS = tuple("PARACETAMOL"[start:end] for start in range(7) for end in range(11, start + 4, -1))
"""Parts of one name, all with the same answer: what is asked for everybody is told apart by what is asked."""


class Beneath:
    """A second host of a system, which in the city is a path of the first one."""

    def __init__(self, remote: Any, path: str) -> None:
        self._remote = remote
        self._path = path

    async def ask(self, policy: Any, method: str, path: str, read: Any, **parts: Any) -> Any:
        return await self._remote.ask(policy, method, self._path + path, read, **parts)


class CentralService(RationCardCall):
    """A service of the Union for everybody: nobody's, in clear. Each question differs from the others by its number."""

    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": CLIENT_CREDENTIALS,
        "parts": "its list has no parts that come alone",
        "pages": "its list has no pages",
        "owner": "it is nobody's",
    }


class MandisCall(CentralService):
    """By UMANG's gateway in the form that API Setu publishes, with a bearer."""

    name = "umang.mandis"
    policies = (umang.central.MANDIS,)

    async def ask(self, client: Umang, number: int) -> Any:
        return await client.central.mandis("Nainital" + " " * number, Language.EN)


class MedicinesCall(CentralService):
    """By UMANG's gateway in its plain form."""

    name = "umang.medicines"
    policies = (umang.central.MEDICINES,)

    async def ask(self, client: Umang, number: int) -> Any:
        return await client.central.medicines(PARTS[number], Language.EN)


class BloodCall(CentralService):
    """At API Setu's own host, with the keys of a subscription there."""

    name = "umang.blood"
    policies = (umang.central.BLOOD,)

    def client(self, line: Line) -> Umang:
        setu: Any = Beneath(line.remote, str(self.site.onboarding["setu_url"]))
        return Umang(line.remote, UmangSettings.from_onboarding(self.site.onboarding), line.clock, ids(), setu)

    async def ask(self, client: Umang, number: int) -> Any:
        return await client.central.blood("Dehradun" + " " * number, Language.EN)


class PushCounts(Adapter):
    """The counts of a day, each time at another revision, as the outbox sends them."""

    name, system, source = "etaal.push", "etaal", Source.E_TAAL
    policies = (etaal.client.PUSH, etaal.client.TOKEN)
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": "its own token is renewed at the first 401, which tests/integrations/etaal/test_push.py sees",
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
        "owner": "it is nobody's",
    }
    _last = 0

    def client(self, line: Line) -> EtaalPush:
        settings = EtaalPushSettings.from_onboarding(self.site.onboarding)
        assert settings is not None
        return EtaalPush(line.remote, settings)

    async def ask(self, client: EtaalPush, number: int) -> Any:
        type(self)._last += 1
        rows = (ServiceCount("UK0517", "53", "A", "SELF", 300), ServiceCount("UK0517", "54", "A", "SELF", 118))
        receipt = await client.push(Batch(ist_date(SystemClock().now()), type(self)._last, rows))
        assert receipt.received == len(rows)
        return "sent"


class CatalogueOfThePortal(Adapter):
    name, system, source = "portal.services", "portal", Source.DEPARTMENTS
    policies = portal.POLICIES
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": "it is public: it carries no token",
        "parts": "its list has no parts that come alone",
        "pages": "its list has no pages",
        "owner": "it is nobody's",
    }

    def client(self, line: Line) -> PortalCatalogue:
        return PortalCatalogue(line.remote)

    async def ask(self, client: PortalCatalogue, number: int) -> Any:
        return await client.services()


ADAPTERS: tuple[type[Adapter], ...] = (
    LockerList,
    LockerFileCall,
    LockerFileStream,
    LockerXml,
    LockerXmlStream,
    LockerAadhaar,
    LockerFolder,
    LockerUploadedFile,
    LockerUploadedStream,
    LockerUpload,
    LockerPullIssuers,
    LockerPullDoctypes,
    LockerPullParameters,
    LockerPull,
    LockerRefresh,
    LockerRevoke,
    LockerPush,
    MeriPehchaanExchange,
    MeriPehchaanRevoke,
    ParichayExchange,
    ParichayRevoke,
    EPramaanExchange,
    HandshakeExchange,
    HandshakeLogin,
    HandshakeValid,
    HandshakeEnd,
    JanParichayExchange,
    CscExchange,
    SmsByMsdp,
    SmsByNic,
    SmsReport,
    DepartmentCertificateCall,
    DepartmentCertificateView,
    DepartmentCertificateInJson,
    DepartmentCertificateInPdf,
    DepartmentCertificateOfAnotherPublisher,
    DepartmentDocumentCall,
    RationCardCall,
    MandisCall,
    MedicinesCall,
    BloodCall,
    *BENEFITS,
    PushCounts,
    CatalogueOfThePortal,
    TellReceiver,
    *COMMISSION,
    *FEES,
    *PFMS_REST,
    *WHATSAPP,
    *PUSH,
    *TRUST_SERVICES,
)
"""Every call of every adapter. Who asks us is in tests/faults/doors.py."""


def comparable(shown: Any) -> Any:
    """An answer without how it came."""
    return shown.value if isinstance(shown, Sourced) else shown


def _person(key: str) -> dict[str, Any]:
    people = json.loads((DEMO / "people.json").read_text())
    return next(person for person in people if person["key"] == key)


def _artefact(publisher: str, doctype: str, access: str) -> dict[str, Any]:
    def instant(at: datetime) -> str:
        return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    now = SystemClock().now()
    consent = {
        "consentId": "01930000-0000-4000-8000-000000000001",
        "timestamp": instant(now),
        "dataConsumer": {"id": "in.gov.uk.apunisarkar"},
        "dataProvider": {"id": publisher},
        "purpose": {"description": "Certificates"},
        "user": {"idType": "MOBILE", "idNumber": "9800000002", "mobile": "9800000002", "email": ""},
        "data": {"id": doctype},
        "permission": {
            "access": access,
            "dateRange": {"from": instant(now), "to": instant(now + timedelta(days=30))},
            "frequency": {"unit": "DAY", "value": 1000, "repeats": 1000},
        },
    }
    return {"consent": consent, "signature": {"signature": "sandbox"}}

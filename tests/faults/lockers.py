"""The adapters by which a citizen's locker is opened."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar

from domain.kernel import Source
from integrations import digilocker
from integrations.digilocker import (
    DigiLocker,
    DigiLockerSettings,
    LockerGrant,
    PullState,
    PushAction,
    PushedUri,
    requester,
)
from integrations.sso import MeriPehchaan, MeriPehchaanSettings
from sandbox.digilocker.pull import org_of
from tests.faults.base import (
    BROWSER,
    CLIENT_CREDENTIALS,
    NEEDS,
    NOT_SIGNED,
    ONE_RECORD,
    POOL,
    UNSIGNED_RECORD,
    VERIFIER,
    Adapter,
    asked_for,
    callback_of,
)
from tests.faults.site import Line
from tests.support.sign_in import choose, query_of

ORGANISATION = org_of("edistrictuk")


class Locker(Adapter):
    """What the calls of DigiLocker share: a citizen's consent."""

    system, source = "digilocker", Source.DIGILOCKER

    def client(self, line: Line) -> DigiLocker:
        return DigiLocker(line.remote, DigiLockerSettings.from_onboarding(self.site.onboarding))

    async def tokens(self) -> dict[str, Any]:
        """Tokens of a new consent of Asha Negi."""
        given = MeriPehchaanSettings.from_onboarding(BROWSER, self.site.onboarding)
        settings = replace(given, scope=f"{given.scope} files.uploadeddocs")
        async with self.line() as line:
            url = await MeriPehchaan(settings, line.remote, line.clock).authorize_url(**asked_for("meri-pehchaan"))
        code = query_of(await choose(self.site.app, url, "asha-negi"))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        form |= {"redirect_uri": callback_of("meri-pehchaan"), "client_id": settings.client_id}
        async with self.app as app:
            answer = await app.post("/public/oauth2/1/token", data=form | {"client_secret": settings.client_secret})
        given: dict[str, Any] = answer.json()
        return given

    async def grant(self, number: int) -> LockerGrant:
        """A consent, seen as that of the citizen of this number."""
        kept = self.site.pools.setdefault("locker", [])
        if not kept:
            kept.append(await self.tokens())
        return LockerGrant(f"citizen-{number}", kept[0]["access_token"], kept[0]["digilockerid"])


class LockerList(Locker):
    name = "digilocker.issued_documents"
    policies = (requester.client.LIST_ISSUED, requester.session.WHO_OWNS)
    tells = frozenset({"body", "token", "parts", "pages", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {"signature": NOT_SIGNED}

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await client.issued_documents(await self.grant(number))


class LockerFileCall(Locker):
    name = "digilocker.file"
    policies = (requester.client.FETCH_FILE,)
    tells = frozenset({"body", "signature", "token", "parts"})
    why_not: ClassVar[Mapping[str, str]] = {
        "pages": ONE_RECORD,
        "owner": "the bytes are the issuer's own; the HMAC covers them, and nothing in them names a locker",
    }
    uri = "in.gov.pan-PANCR-6XUHA2E943"

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        file = await client.file(await self.grant(number), self.uri)
        return file.uri, file.media_type, sha256(file.content).hexdigest()


class LockerXml(LockerFileCall):
    name = "digilocker.certificate_xml"
    policies = (requester.client.FETCH_XML,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        file = await client.certificate_xml(await self.grant(number), self.uri)
        return file.uri, file.media_type


class LockerFileStream(LockerFileCall):
    name = "digilocker.file_stream"
    policies = (requester.streamed_documents.STREAM_FILE,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await passed_on(await client.streams.file(await self.grant(number), self.uri))


class LockerXmlStream(LockerFileCall):
    name = "digilocker.certificate_xml_stream"
    policies = (requester.streamed_documents.STREAM_XML,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return (await passed_on(await client.streams.certificate_xml(await self.grant(number), self.uri)))[0]


async def passed_on(stream: digilocker.FileStream) -> tuple[str, str]:
    """The whole of a body that comes in pieces."""
    try:
        content = b"".join([piece async for piece in stream.pieces()])
    finally:
        await stream.close()
    return stream.media_type, sha256(content).hexdigest()


class LockerFolder(LockerList):
    name = "digilocker.folder"
    policies = (requester.drive.LIST_FOLDER, requester.session.WHO_OWNS)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        kept = await client.drive.folder(await self.grant(number))
        return replace(kept, value=sorted(entry.name for entry in kept.value.entries))


class LockerUploadedFile(LockerFileCall):
    name = "digilocker.uploaded_file"
    policies = (requester.drive.FETCH_UPLOADED,)
    paper = b"%PDF-1.4 a scanned paper"

    async def prepare(self) -> None:
        grant, pool = await self.grant(0), self.site.pools.setdefault("own_paper", [])
        if not pool:
            async with self.line() as line:
                client = self.client(line)
                await client.drive.upload(grant, "paper.pdf", self.paper, "application/pdf")
                entries = (await client.drive.folder(grant)).value.entries
            pool.append({"uri": next(entry.uri for entry in entries if entry.name == "paper.pdf")})

    async def ask(self, client: DigiLocker, number: int) -> Any:
        file = await client.drive.file(await self.grant(number), self.site.pools["own_paper"][0]["uri"])
        return file.media_type, file.content == self.paper


class LockerUploadedStream(LockerUploadedFile):
    name = "digilocker.uploaded_file_stream"
    policies = (requester.streamed_documents.STREAM_UPLOADED,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        uri = self.site.pools["own_paper"][0]["uri"]
        return await passed_on(await client.streams.uploaded_file(await self.grant(number), uri))


class LockerUpload(Locker):
    name = "digilocker.upload"
    policies = (requester.drive.UPLOAD,)
    tells = frozenset({"body", "token"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
        "owner": "the answer says where the file lies, not in whose locker",
    }

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        uploaded = await client.drive.upload(await self.grant(number), "upload.pdf", b"%PDF-1.4 up", "application/pdf")
        return uploaded.path, uploaded.size_bytes


class LockerAadhaar(LockerFileCall):
    name = "digilocker.eaadhaar"
    policies = (requester.aadhaar.FETCH_EAADHAAR,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        read = await client.eaadhaar.read(await self.grant(number), self.keep)
        return read.last4, read.name, read.signature

    async def keep(self, number: str) -> str:
        """The numbers of the city are masked."""
        raise AssertionError("a whole number was sent")


class LockerPullIssuers(Locker):
    name = "digilocker.pull_issuers"
    policies = (requester.document_pulls.LIST_ISSUERS,)
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": CLIENT_CREDENTIALS,
        "parts": "a part of a public list cannot be told from the whole",
        "pages": "its lists have no pages",
        "owner": "the same for everybody",
    }

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await client.pulling.issuers()


class LockerPullDoctypes(LockerPullIssuers):
    name = "digilocker.pull_doctypes"
    policies = (requester.document_pulls.LIST_DOCTYPES,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await client.pulling.doctypes(ORGANISATION)


class LockerPullParameters(LockerPullIssuers):
    name = "digilocker.pull_parameters"
    policies = (requester.document_pulls.LIST_PARAMETERS,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await client.pulling.parameters(ORGANISATION, "INCER")


class LockerPull(Locker):
    name = "digilocker.pull_document"
    policies = (requester.document_pulls.PULL,)
    tells = frozenset({"token"})
    why_not: ClassVar[Mapping[str, str]] = {
        "body": "from the second call on the good answer is itself an error body, `uri_exists`",
        "signature": NOT_SIGNED,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
        "owner": "the answer is a URI, which names no locker",
    }

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        held = {"ApplicationNo": "UK49486507", "CertificateID": "INCER07512097"}
        pulled = await client.pulling.pull(await self.grant(number), ORGANISATION, "INCER", held)
        return pulled.state in (PullState.PULLED, PullState.ALREADY_THERE)


class LockerRefresh(Locker):
    name = "digilocker.refresh"
    policies = (requester.client.REFRESH,)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = UNSIGNED_RECORD
    pool = "refresh_token"

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        while len(pool) < POOL:
            pool.append(await self.tokens())

    async def ask(self, client: DigiLocker, number: int) -> Any:
        kept = self.site.pools[self.name].pop()
        answer = await client.refresh(kept["refresh_token"], kept["digilockerid"])
        return answer.locker_id, answer.scope


class LockerRevoke(LockerRefresh):
    name = "digilocker.revoke"
    policies = (requester.client.REVOKE,)
    tells = frozenset()
    why_not: ClassVar[Mapping[str, str]] = dict.fromkeys(NEEDS, "a good answer has no body") | {
        "token": CLIENT_CREDENTIALS
    }

    async def ask(self, client: DigiLocker, number: int) -> Any:
        await client.revoke(self.site.pools[self.name].pop()["access_token"])
        return "revoked"


class LockerPush(Locker):
    name = "digilocker.push_uri"
    policies = (requester.uri_pushes.PUSH,)
    tells = frozenset()
    why_not: ClassVar[Mapping[str, str]] = dict.fromkeys(NEEDS, "a good answer has no body that is read") | {
        "token": CLIENT_CREDENTIALS
    }

    async def ask(self, client: DigiLocker, number: int) -> Any:
        pushed = PushedUri(
            locker_id=(await self.grant(number)).locker_id,
            uri=f"in.gov.uk.apunisarkar-INCER-{number:010}",
            description="Income Certificate",
            issued_on=date(2026, 4, 1),
            valid_until=None,
            action=PushAction.ADD,
            pdf=b"%PDF-1.7",
            xml=b"<Certificate/>",
        )
        await client.pushing.push(pushed)
        return "pushed"

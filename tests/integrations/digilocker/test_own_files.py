"""The citizen's own files, pulls and e-Aadhaar: the client against its sandbox."""

from datetime import date, timedelta
from typing import Any

import pytest
import respx
from stdnum.in_ import aadhaar

from domain.certificates.signatures import SignatureState
from domain.kernel import Source, SourceState
from integrations.calling.errors import Garbled, IntegrityFailure, Refused
from integrations.digilocker import (
    DigiLocker,
    DigiLockerSettings,
    LockerGrant,
    Pulled,
    PullState,
    digests,
)
from sandbox.digilocker.aadhaar import aadhaar_of
from sandbox.digilocker.pull import meta_digest, org_of
from tests.integrations.digilocker.conftest import PEOPLE, WIDE
from tests.support.remotes import PARTNER, remote_over

PDF = b"%PDF-1.4 a small paper"
ORG = org_of("edistrictuk")
PARAMETERS = {"ApplicationNo": "UK1", "CertificateID": "INCER07"}
PULLED = "in.gov.edistrictuk-INCER-INCER07"
API = f"{PARTNER}/public/oauth2"
GRANT = LockerGrant("citizen-1", "t0ken", "69a505ce-9548-5124-90b1-6282e2c95f5e")


def over_http() -> DigiLocker:
    return DigiLocker(remote_over(None, Source.DIGILOCKER), DigiLockerSettings("CLIENT01", "test-secret"))


class Vault:
    """Notes the numbers that are put into it."""

    def __init__(self) -> None:
        self.numbers: list[str] = []

    async def keep(self, number: str) -> str:
        if not aadhaar.is_valid(number):
            raise ValueError("not valid")
        self.numbers.append(number)
        return f"reference-{len(self.numbers)}"


async def test_a_file_that_was_uploaded_lies_in_its_folder_with_the_same_bytes(locker):
    client, grant = locker.client(), await locker.grant(scope=WIDE)
    before = await client.drive.walk(grant)

    uploaded = await client.drive.upload(grant, "Certificates/2026/income.pdf", PDF, "application/pdf")

    locker.clock.advance(timedelta(hours=1) - timedelta(seconds=1))
    walk = await client.drive.walk(grant)
    files = [each for folder in walk.folders for each in folder.value.entries if not each.is_folder]
    assert (uploaded.path, uploaded.size_bytes) == ("/Certificates/2026/income.pdf", len(PDF))
    assert (len(before.folders), len(walk.folders), walk.complete) == (2, 4, True)
    assert [each.name for each in files] == ["scan.pdf", "income.pdf"]
    assert (files[1].size_bytes, files[1].media_types) == (len(PDF), ("application/pdf",))
    fetched = await client.drive.file(grant, files[1].uri)
    assert (fetched.content, fetched.media_type) == (PDF, "application/pdf")


async def test_a_folder_is_kept_for_when_the_locker_is_away(locker):
    client, grant = locker.client(), await locker.grant(scope=WIDE)
    await client.drive.folder(grant)
    locker.clock.advance(timedelta(minutes=6))
    locker.fault("status", status=530, body='{"error":"unexpected_error"}')

    assert (await client.drive.folder(grant)).state is SourceState.STALE


@pytest.mark.parametrize("spelling", ["v24", "oas"])
async def test_both_spellings_of_an_upload_are_read(shared_locker, spelling):
    await shared_locker.sandbox.act("set_profile", {"error_profile": spelling, "mime_shape": "objects"})
    client, grant = shared_locker.client(), await shared_locker.grant(scope=WIDE)

    assert (await client.drive.upload(grant, "a.pdf", PDF, "application/pdf")).path == "/a.pdf"
    assert (await client.issued_documents(grant)).value[0].media_types == ("application/pdf", "application/xml")


@pytest.mark.parametrize(
    ("path", "content", "media_type", "code"),
    [
        ("", PDF, "application/pdf", "path_missing"),
        ("folder/", PDF, "application/pdf", "filename_missing"),
        ("a|b.pdf", PDF, "application/pdf", "invalid_filename"),
        ("a\r\nX: y.pdf", PDF, "application/pdf", "invalid_filename"),
        ("आय.pdf", PDF, "application/pdf", "invalid_filename"),
        ("../a.pdf", PDF, "application/pdf", "invalid_path"),
        ("a.pdf", b"", "application/pdf", "file_data_missing"),
        ("a.pdf", b"%PDF" + bytes(10_000_000), "application/pdf", "invalid_filesize"),
        ("a.exe", PDF, "application/pdf", "invalid_filetype"),
        ("a.pdf", PDF, "text/html", "invalid_filetype"),
        ("a.png", PDF, "application/pdf", "mimetype_mismatch"),
    ],
)
async def test_an_upload_that_would_be_refused_is_not_sent(shared_locker, path, content, media_type, code):
    before = len(shared_locker.sandbox.ledger.entries())

    with pytest.raises(Refused) as refusal:
        await shared_locker.client().drive.upload(GRANT, path, content, media_type)

    assert refusal.value.code == code
    assert len(shared_locker.sandbox.ledger.entries()) == before


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"path": ""}, PDF, "path_missing"),
        ({"content-type": ""}, PDF, "contenttype_missing"),
        ({"hmac": ""}, PDF, "hmac_missing"),
        ({"path": "x/"}, PDF, "filename_missing"),
        ({}, b"", "file_data_missing"),
        ({"hmac": "AAAA"}, PDF, "hmac_mismatch"),
        ({"path": "a:b.pdf"}, PDF, "invalid_filename"),
        ({"path": "a//b.pdf"}, PDF, "invalid_path"),
        ({"path": "a.doc"}, PDF, "invalid_filetype"),
        ({"content-type": "image/png"}, PDF, "mimetype_mismatch"),
        ({}, b"GIF89a", "mimetype_mismatch"),
    ],
)
async def test_the_sandbox_refuses_a_wrong_upload_by_itself(shared_locker, headers, body, code):
    grant = await shared_locker.grant(scope=WIDE)
    digest = digests.file_hmac(shared_locker.onboarding["client_secret"], body)
    sent = {"path": "a.pdf", "content-type": "application/pdf", "hmac": digest, **headers}
    sent["authorization"] = f"Bearer {grant.access_token}"
    async with shared_locker.browser() as browser:
        answer = await browser.post("/public/oauth2/1/file/upload", headers=sent, content=body)

    assert (answer.status_code, answer.json()["error"]) == (400, code)


async def test_her_own_files_need_their_scope(shared_locker):
    client, grant = shared_locker.client(), await shared_locker.grant()

    for asked in (client.drive.folder(grant), client.drive.upload(grant, "a.pdf", PDF, "application/pdf")):
        with pytest.raises(Refused) as refusal:
            await asked
        assert refusal.value.code == "insufficient_scope"


async def test_another_persons_folders_are_never_shown(locker):
    client, grant = locker.client(), await locker.grant(scope=WIDE)
    locker.fault("foreign")

    with pytest.raises(IntegrityFailure) as failure:
        await client.drive.folder(grant)

    assert failure.value.code == "wrong_owner"


@pytest.mark.parametrize("folder_id", ["..", ".", "a/b", "a b", "x" * 101])
async def test_a_text_that_is_no_folder_is_never_sent(shared_locker, folder_id):
    before = len(shared_locker.sandbox.ledger.entries())

    with pytest.raises(Refused):
        await shared_locker.client().drive.folder(GRANT, folder_id)

    assert len(shared_locker.sandbox.ledger.entries()) == before


@respx.mock
@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"items":[1]}',
        '{"items":[{"type":"link","name":"n"}]}',
        '{"items":[{"type":"dir","name":"n","id":"../x"}]}',
        '{"items":[{"type":"file","name":"n","uri":"x"}]}',
        '{"items":[],"next":"2"}',
    ],
)
async def test_a_folder_without_its_form_is_garbled(body):
    respx.get(f"{API}/1/user").respond(json={"digilockerid": GRANT.locker_id})
    respx.get(f"{API}/1/files/").respond(200, text=body, headers={"content-type": "application/json"})

    with pytest.raises(Garbled):
        await over_http().drive.folder(GRANT)


@respx.mock
async def test_folders_that_lead_to_one_another_are_walked_once():
    loop = {
        "directory": "/",
        "items": [{"type": "dir", "name": "n", "id": "a"}, {"type": "dir", "name": "m", "id": "b"}],
    }
    respx.get(f"{API}/1/user").respond(json={"digilockerid": GRANT.locker_id})
    listed = respx.get(url__startswith=f"{API}/1/files/").respond(json=loop)

    walk = await over_http().drive.walk(GRANT)

    assert (len(walk.folders), walk.complete, listed.call_count) == (3, True, 3)


async def test_a_document_is_found_by_what_its_issuer_asks_and_put_into_the_locker(locker):
    client, grant = locker.client(), await locker.grant()
    await client.issued_documents(grant)
    issuer = (await client.pulling.issuers())[0]
    kind = (await client.pulling.doctypes(issuer.org_id))[0]
    asked = await client.pulling.parameters(issuer.org_id, kind.doctype)

    pulled = await client.pulling.pull(grant, issuer.org_id, kind.doctype, PARAMETERS)

    assert (issuer.org_id, issuer.issuer_id, kind.doctype) == (ORG, "in.gov.edistrictuk", "INCER")
    assert [each.name for each in asked] == list(PARAMETERS)
    assert pulled == Pulled(PullState.PULLED, PULLED)
    assert PULLED in [each.uri for each in (await client.issued_documents(grant)).value]
    assert (await client.certificate_xml(grant, PULLED)).content
    assert await client.pulling.pull(grant, ORG, "INCER", PARAMETERS) == Pulled(PullState.ALREADY_THERE)


async def test_a_pull_that_the_issuer_checks_by_hand_is_delivered_later(locker):
    client, grant = locker.client(), await locker.grant()
    await locker.sandbox.act("hold_pulls", {"on": True})

    assert await client.pulling.pull(grant, ORG, "INCER", PARAMETERS) == Pulled(PullState.PENDING)
    assert PULLED not in [each.uri for each in (await client.issued_documents(grant)).value]
    assert (await locker.sandbox.act("hold_pulls", {"on": False}))["delivered"] == 1
    await client.forget(grant)
    assert PULLED in [each.uri for each in (await client.issued_documents(grant)).value]


@pytest.mark.parametrize(
    ("person", "org", "doctype", "parameters", "code"),
    [
        ("asha-negi", "nobody", "INCER", PARAMETERS, "invalid_orgid"),
        ("asha-negi", ORG, "CTCER", PARAMETERS, "invalid_doctype"),
        ("asha-negi", ORG, "INCER", PARAMETERS | {"ApplicationNo": "UK2"}, "record_not_found"),
        ("ravi-rawat", ORG, "INCER", PARAMETERS, "record_not_found"),
        ("asha-negi", "a b", "INCER", {}, "invalid_orgid"),
        ("asha-negi", ORG, "INCER", {"consent": "N"}, "invalid_parameter"),
    ],
)
async def test_a_pull_that_finds_nothing_says_why(shared_locker, person, org, doctype, parameters, code):
    with pytest.raises(Refused) as refusal:
        await shared_locker.client().pulling.pull(await shared_locker.grant(person), org, doctype, parameters)

    assert refusal.value.code == code


async def test_a_call_about_issuers_that_is_too_old_or_wrongly_hashed_is_refused(shared_locker):
    secret, client_id = shared_locker.onboarding["client_secret"], shared_locker.onboarding["client_id"]
    now = int(shared_locker.clock.now().timestamp())
    answers = []
    async with shared_locker.browser() as browser:
        for ts, key, named in ((now, secret, client_id), (now - 1801, secret, client_id), (now, "x", client_id)):
            form = {"clientid": named, "ts": str(ts), "hmac": meta_digest(key, [named, str(ts)])}
            answer = await browser.post("/public/oauth2/1/pull/issuers", data=form)
            answers.append((answer.status_code, answer.json().get("error")))

    assert answers == [(200, None), (400, "invalid_parameter"), (400, "invalid_parameter")]


@pytest.mark.parametrize("digest", [lambda s, v: digests.parameters_digest(s, *v), meta_digest])
def test_the_issuers_list_is_hashed_as_the_contract_shows(digest):
    assert digest("test-secret", ["CLIENT01", "1700000000"]) == (
        "272885155ab313896a1c5fa1ab5723acc3e6de3c7ab845ca579e8f67528aae93"
    )


@pytest.mark.parametrize("version", [2, 3])
async def test_an_aadhaar_comes_masked_and_its_signature_examined(shared_locker, version):
    settings = {**shared_locker.onboarding, "eaadhaar_version": version}
    remote = remote_over(shared_locker.sandbox.app, Source.DIGILOCKER, clock=shared_locker.clock)
    client, vault = DigiLocker(remote, DigiLockerSettings.from_onboarding(settings)), Vault()

    read = await client.eaadhaar.read(await shared_locker.grant(), vault.keep)

    assert (read.reference, vault.numbers) == (None, [])
    assert (read.last4, read.name, read.born_on) == (aadhaar_of(PEOPLE[0])[-4:], "Asha Negi", date(1984, 3, 14))
    assert read.signature is SignatureState.VERIFIED
    assert read.address["state"] == "Uttarakhand"
    assert read.local["lang"] == "06"


async def test_a_whole_number_goes_to_the_vault_and_nowhere_else(locker, caplog, capfd):
    number, vault = aadhaar_of(PEOPLE[0]), Vault()
    await locker.sandbox.act("unmask_eaadhaar", {"on": True})

    read = await locker.client().eaadhaar.read(await locker.grant(), vault.keep)

    assert (vault.numbers, read.reference, read.last4) == ([number], "reference-1", number[-4:])
    kept: dict[str, Any] = {name: getattr(read, name) for name in read.__slots__}
    told = f"{kept} {read!r} {caplog.text} {capfd.readouterr()}"
    assert number not in told


@pytest.mark.parametrize("kind", ["signature", "partial"])
async def test_an_aadhaar_that_its_hmac_does_not_cover_is_refused(locker, kind):
    locker.fault(kind)

    with pytest.raises(IntegrityFailure):
        await locker.client().eaadhaar.read(await locker.grant(), Vault().keep)


@respx.mock
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("<KycRes/>", Garbled),
        ('<KycRes ret="N"><UidData uid="xxxxxxxx1234"/></KycRes>', Refused),
        ('<KycRes ret="Y"><UidData uid="999912345670"><Poi name="n"/></UidData></KycRes>', Garbled),
        ('<KycRes><UidData uid="xxxxxxxx1234"/></KycRes>', Garbled),
        ('<!DOCTYPE a [<!ENTITY b "c">]><KycRes/>', Garbled),
        ("<a><KycRes/><KycRes/></a>", Garbled),
    ],
)
async def test_an_aadhaar_without_its_form_is_not_read(body, outcome):
    digest = digests.file_hmac("test-secret", body.encode())
    headers = {"hmac": digest, "content-type": "application/xml"}
    respx.get(f"{API}/3/xml/eaadhaar").respond(200, content=body.encode(), headers=headers)

    with pytest.raises(outcome) as failure:
        await over_http().eaadhaar.read(GRANT, Vault().keep)

    assert "9999" not in f"{failure.value!r} {failure.value.__cause__!r}"

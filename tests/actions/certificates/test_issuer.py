"""Releasing certificates to lockers: the right number, the right holder, the right locker, each once."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from actions.certificates.issuer import CertificateIssuer
from actions.documents.holder_match import same_name
from domain.certificates.certificates import CertificateStatus
from domain.kernel import Bilingual, NumberKind, PersonKind, Provider, SystemIds, TemporarilyUnavailable, make_number
from integrations.digilocker import CopyFormat, IssuedCopy, PullDocRequest, PullRequest
from store.certificates import certificates
from store.database import EncryptedObjects, InProgress, LocalBlobs, StoreError, StoreUnavailable, WritesStopped
from store.database.vault import Vault
from store.identity import accesses, identities, people
from store.identity.identities import LockerTokens
from tests.store.builders import application, certificate, sow
from tests.support.sign_in import environment
from tests.support.stored import audit_lines_of

LOCKER = "69a505ce-9548-5124-90b1-6282e2c95f5e"
OTHER_LOCKER = "0a1b2c3d-9548-5124-90b1-6282e2c95f5e"
NUMBER = make_number(NumberKind.CERTIFICATE, 2026, "0123456789")
BORN = date(1990, 2, 28)
UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
async def env(store, store_keyrings, store_clock, tmp_path):
    objects = EncryptedObjects(LocalBlobs(tmp_path / "objects"), store_keyrings)
    made = replace(environment(store, store_keyrings, store_clock, ()), objects=objects)
    pdf = await made.objects.put(b"%PDF-1.7", "application/pdf")
    xml = await made.objects.put(b"<Certificate/>", "application/xml")
    async with store.write_transaction() as tx:
        await sow(tx, application(), citizens=("c1", "c2"))
        await certificates.add(tx, certificate(number=NUMBER, pdf_sha256=pdf, xml_sha256=xml))
        await identities.add_identity(
            tx, Provider.MERI_PEHCHAAN, f"DL-{LOCKER}", PersonKind.CITIZEN, "c1", store_clock.now(), "SUBSTANTIAL"
        )
        await identities.add_identity(
            tx, Provider.MERI_PEHCHAAN, f"DL-{OTHER_LOCKER}", PersonKind.CITIZEN, "c2", store_clock.now(), "SUBSTANTIAL"
        )
    return made


def pull(**changes) -> PullRequest:
    plain = PullRequest(
        org_id="org",
        txn="t-1",
        format=CopyFormat.BOTH,
        doctype="INCER",
        locker_id=LOCKER,
        name="Asha Negi",
        born_on=BORN,
        search={"UDF1": NUMBER},
    )
    return replace(plain, **changes)


async def test_the_holders_own_locker_gets_the_certificate(env):
    copy = await CertificateIssuer(env).find(pull())

    assert copy is not None
    assert (copy.uri, copy.name, copy.born_on, copy.gender) == (certificate().uri, "Asha Negi", BORN, "F")
    assert (copy.pdf, copy.xml) == (b"%PDF-1.7", b"<Certificate/>")


async def test_a_release_leaves_a_receipt_and_an_audit_line_once(env):
    for _ in range(2):
        assert await CertificateIssuer(env).find(pull()) is not None

    async with env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, "c1", 10)
        lines = await audit_lines_of(tx, "CERTIFICATE", "k1")
    assert [(each.role, each.purpose) for each in receipts] == [("DIGILOCKER", "ISSUE_TO_LOCKER")]
    assert [line.action for line in lines] == ["digilocker.pull_uri"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"locker_id": OTHER_LOCKER}, "LOCKER_NOT_LINKED"),
        ({"locker_id": "11111111-9548-5124-90b1-6282e2c95f5e"}, "LOCKER_NOT_LINKED"),
        ({"name": "Usha Negi"}, "HOLDER_DIFFERS"),
        ({"name": None}, "HOLDER_DIFFERS"),
        ({"born_on": date(1990, 2, 27)}, "HOLDER_DIFFERS"),
    ],
)
async def test_nobody_else_gets_it(env, changes, refusal):
    assert await CertificateIssuer(env).find(pull(**changes)) is None

    async with env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "CERTIFICATE", "k1")
        assert await accesses.of_citizen(tx, "c1", 10) == []
    assert [dict(line.detail) for line in lines] == [{"refusal": refusal}]


@pytest.mark.parametrize(
    "changes",
    [
        {"doctype": "CTCER"},
        {"search": {"UDF1": make_number(NumberKind.CERTIFICATE, 2026, "9999999999")}},
        {"search": {"UDF1": NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10)}},
        {"search": {}},
    ],
)
async def test_what_is_not_there_is_not_found(env, changes):
    assert await CertificateIssuer(env).find(pull(**changes)) is None


@pytest.mark.parametrize(
    "typed", [f"{NUMBER[:4]} {NUMBER[4:9]} {NUMBER[9:]}", NUMBER.translate({48 + n: 0x966 + n for n in range(10)})]
)
async def test_a_number_may_be_typed_as_people_do(env, typed):
    assert await CertificateIssuer(env).find(pull(search={"FIRST": "x", "AUTHN": typed})) is not None


async def test_a_transaction_number_answers_one_question_only(env):
    issuer = CertificateIssuer(env)
    assert await issuer.find(pull()) is not None

    assert await issuer.find(pull(name="ASHA NEGI")) is None
    assert await issuer.find(pull(txn="t-2", name="ASHA NEGI")) is not None


async def test_twins_at_once_get_the_same_answer(env):
    issuer = CertificateIssuer(env)

    copies = await asyncio.gather(*(issuer.find(pull()) for _ in range(5)))

    assert {copy.uri for copy in copies if copy} == {certificate().uri}
    async with env.store.read_transaction() as tx:
        assert len(await accesses.of_citizen(tx, "c1", 10)) == 1


async def test_a_locker_linked_by_consent_alone_is_known(env):
    tokens = LockerTokens("a", "r", UNTIL, "files.issueddocs", UNTIL, "22222222-9548-5124-90b1-6282e2c95f5e")
    async with env.store.write_transaction() as tx:
        await identities.save_locker_grant(tx, "c1", tokens, env.clock.now())

    assert await CertificateIssuer(env).find(pull(locker_id=tokens.locker_id)) is not None


async def test_a_revoked_certificate_is_not_released(env):
    number = make_number(NumberKind.CERTIFICATE, 2026, "1111111111")
    async with env.store.write_transaction() as tx:
        await sow(tx, application("a2"), citizens=())
        await certificates.add(tx, certificate("k2", "a2", number=number, status=CertificateStatus.REVOKED))

    assert await CertificateIssuer(env).find(pull(search={"UDF1": number})) is None


async def test_of_a_child_birth_and_gender_are_the_childs_and_not_the_mothers_who_applied(env):
    number = make_number(NumberKind.CERTIFICATE, 2026, "3333333333")
    person = b'<IssuedTo><Person name="Mohan Negi" dob="14-08-2026" gender="M"/></IssuedTo>'
    pdf = await env.objects.put(b"%PDF-1.7", "application/pdf")
    xml = await env.objects.put(b"<Certificate>" + person + b"</Certificate>", "application/xml")
    child = certificate("k4", "a4", number=number, pdf_sha256=pdf, xml_sha256=xml, holder=Bilingual(None, "Mohan Negi"))
    async with env.store.write_transaction() as tx:
        await sow(tx, application("a4"), citizens=())
        await certificates.add(tx, child)

    copy = await CertificateIssuer(env).find(pull(search={"UDF1": number}))

    assert copy is not None
    assert (copy.name, copy.born_on, copy.gender) == ("Mohan Negi", date(2026, 8, 14), "M")


async def test_a_missing_file_is_no_answer(env):
    number = make_number(NumberKind.CERTIFICATE, 2026, "2222222222")
    async with env.store.write_transaction() as tx:
        await sow(tx, application("a3"), citizens=())
        await certificates.add(tx, certificate("k3", "a3", number=number))

    assert await CertificateIssuer(env).find(pull(search={"UDF1": number})) is None


async def test_a_uri_in_the_locker_is_fetched_again(env):
    issuer = CertificateIssuer(env)
    asked = PullDocRequest("org", "d-1", CopyFormat.PDF, certificate().uri, LOCKER, None, None)

    assert await issuer.fetch(asked) is not None
    assert await issuer.fetch(replace(asked, txn="d-2", locker_id=OTHER_LOCKER)) is None
    assert await issuer.fetch(replace(asked, txn="d-3", name="Usha Negi", born_on=BORN)) is None
    assert await issuer.fetch(replace(asked, txn="d-4", uri="in.gov.uk.apunisarkar-INCER-NONE")) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Smt. Asha  Negi", "ASHA NEGI", True),
        ("Asha-Negi", "asha negi", True),
        ("श्रीमती आशा नेगी", "आशा नेगी", True),
        ("Asha Negi", "Asha Devi Negi", False),
        ("Aasha Negi", "आशा नेगी", True),
        ("Laxmi Pandey", "लक्ष्मी पाण्डेय", True),
        ("Ranjeet Singh", "रणजीत सिंह", True),
        ("Gyan Chandra", "ज्ञान चंद्र", True),
        ("Usha Negi", "आशा नेगी", False),
        ("Asha", "आशा नेगी", False),
        ("", "", False),
        ("Smt.", "Shri", False),
    ],
)
def test_spellings_of_one_name(one, other, same):
    assert same_name(one, other) is same


async def test_a_transaction_that_another_process_answered_is_answered_alike(env, store_keyrings, store_clock):
    """A restart forgets nothing: the transaction number lies in the store."""
    assert isinstance(await CertificateIssuer(env).find(pull()), IssuedCopy)
    store_clock.advance(timedelta(hours=1))  # the door refuses it by then; what stands behind it still knows

    assert isinstance(await CertificateIssuer(replace(env)).find(pull()), IssuedCopy)
    assert await CertificateIssuer(replace(env)).find(pull(search={"UDF1": "another"})) is None
    async with env.store.read_transaction() as tx:
        assert len(await accesses.of_citizen(tx, "c1", 10)) == 1


class Broken:
    """A store that fails in one way."""

    def __init__(self, failure: StoreError) -> None:
        self.failure = failure

    async def carry_out(self, work: object) -> None:
        raise self.failure


@pytest.mark.parametrize("failure", [StoreUnavailable("gone"), WritesStopped("sealing"), InProgress()])
async def test_a_store_that_cannot_be_used_is_no_answer_but_not_now(env, failure):
    issuer = CertificateIssuer(replace(env, store=Broken(failure)))
    by_uri = PullDocRequest("o", "1", CopyFormat.PDF, certificate().uri, LOCKER, None, None)
    with pytest.raises(TemporarilyUnavailable):
        await issuer.find(pull())
    with pytest.raises(TemporarilyUnavailable):
        await issuer.fetch(by_uri)


async def test_a_damaged_file_is_not_handed_out(env, tmp_path):
    for path in (tmp_path / "objects").rglob("*"):
        if path.is_file() and len(path.name) == 64:
            path.write_bytes(b"something else")
    with pytest.raises(TemporarilyUnavailable):
        await CertificateIssuer(env).find(pull())


NUMBER_OF_HERS = "234123412346"


@pytest.fixture
async def numbered(env, store_keyrings, store_clock, tmp_path):
    """The holder's number lies in the vault."""
    vault = await Vault.open(f"sqlite:///{tmp_path / 'vault.db'}", store_keyrings, store_clock, SystemIds(store_clock))
    kept = await vault.put(NUMBER_OF_HERS)
    async with env.store.write_transaction() as tx:
        holder = (await people.citizens(tx, ["c1"]))["c1"]
        await people.update_citizen(tx, replace(holder, aadhaar_reference=kept.reference))
    yield replace(env, vault=vault)
    await vault.close()


@pytest.mark.parametrize(
    "uid",
    [
        hashlib.md5(NUMBER_OF_HERS.encode()).hexdigest(),
        hashlib.md5(NUMBER_OF_HERS.encode()).hexdigest().upper(),
        NUMBER_OF_HERS,
        None,
        "",
        "xxxxxxxx2346",
    ],
)
async def test_the_holders_number_or_its_digest_or_none_at_all_is_no_hindrance(numbered, uid):
    assert isinstance(await CertificateIssuer(numbered).find(pull(uid=uid)), IssuedCopy)


@pytest.mark.parametrize("uid", [hashlib.md5(b"499118665246").hexdigest(), "499118665246"])
async def test_the_number_of_another_person_with_her_name_and_date_gets_nothing(numbered, uid):
    assert await CertificateIssuer(numbered).find(pull(uid=uid)) is None

    async with numbered.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "CERTIFICATE", "k1")
    assert [dict(line.detail) for line in lines] == [{"refusal": "NUMBER_DIFFERS"}]
    assert uid not in repr(pull(uid=uid))


async def test_where_no_number_of_hers_is_kept_none_is_compared(numbered):
    async with numbered.store.write_transaction() as tx:
        holder = (await people.citizens(tx, ["c1"]))["c1"]
        await people.update_citizen(tx, replace(holder, aadhaar_reference=None))
    assert isinstance(await CertificateIssuer(numbered).find(pull(uid="499118665246")), IssuedCopy)

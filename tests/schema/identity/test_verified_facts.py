"""Facts for forms come from documents of the citizen herself, each with its document and its signature."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from actions.identity.verified_facts import verified_facts
from domain.certificates.certificates import CertificateStatus
from domain.certificates.signatures import SignatureState
from domain.identity.facts import FactKey, FactSource, VerifiedFact, best_first
from domain.kernel import Bilingual, Problems, Source
from gateway.documents.renderer import CertificateRenderer
from integrations.certificate_facts import read_facts, rupees
from store.certificates.certificates import certificates_table
from store.identity import people
from tests.gateway.documents.conftest import CONTENT
from tests.schema.documents.test_documents import with_income
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, NOW, add_certificate
from tests.support.held import Held


async def facts_of(held: Held, *wanted: FactKey):
    env = held.world.environment
    return await verified_facts(env, CITIZEN, ASHA, wanted=frozenset(wanted) or None)


async def test_a_document_of_the_locker_states_its_holder(held: Held):
    found = (await facts_of(held)).best(FactKey.NAME)
    assert found is not None
    assert (found.value, found.source.origin, found.source.signature) == (
        "Asha Negi",
        Source.DIGILOCKER,
        SignatureState.VERIFIED,
    )
    assert found.source.uri == "in.gov.uk.board-SSCER-AB12"
    assert (await facts_of(held)).best(FactKey.DATE_OF_BIRTH).value == "1984-03-14"  # type: ignore[union-attr]


async def test_a_departments_record_states_the_income_with_consent_alone(held: Held):
    assert (await facts_of(held, FactKey.ANNUAL_INCOME)).facts == ()
    await with_income(held)
    found = await facts_of(held, FactKey.ANNUAL_INCOME)
    assert [fact.key for fact in found.facts] == [FactKey.ANNUAL_INCOME]
    assert found.facts[0].value.isdigit()
    assert (found.facts[0].source.doctype, found.facts[0].source.signature) == ("INCER", SignatureState.VERIFIED)


async def test_what_cannot_state_the_fact_is_not_fetched(held: Held):
    def fetched() -> int:
        return sum(1 for entry in held.locker.sandbox.ledger.entries() if "/xml/" in entry["route"])

    before = fetched()
    await facts_of(held, FactKey.LICENCE_NUMBER)
    assert fetched() == before


async def test_documents_of_somebody_else_state_nothing(held: Held):
    async with held.world.environment.store.write_transaction() as tx:
        citizen = (await people.citizens(tx, [ASHA]))[ASHA]
        await people.update_citizen(tx, replace(citizen, name=Bilingual("कमला बिष्ट", "Kamla Bisht")))
    assert {fact.source.doctype for fact in (await facts_of(held)).facts} == {"ACCOUNT"}


async def test_a_locker_that_is_down_is_told_and_hides_nothing_else(held: Held):
    await with_income(held)
    held.locker.fault("status", status=503)
    found = await facts_of(held)
    assert not found.complete
    assert {failure.source for failure in found.failures} == {Source.DIGILOCKER}
    assert found.best(FactKey.ANNUAL_INCOME) is not None


@pytest.mark.parametrize(
    ("status", "kept"),
    [(CertificateStatus.ACTIVE, {"INCER"}), (CertificateStatus.REVOKED, set()), (CertificateStatus.CORRECTED, set())],
)
async def test_a_certificate_of_ours_states_facts_as_long_as_it_was_not_ended(held: Held, tmp_path, status, kept):
    env = held.world.environment
    content = replace(CONTENT, holder=Bilingual("आशा नेगी", "Asha Negi"), born_on=date(1984, 3, 14))
    signed = CertificateRenderer(env.keyrings, tmp_path / "certificates", env.clock).data(content)
    issued = await add_certificate(env, await held.world.submit("ES03"))
    values = {"xml_sha256": await env.objects.put(signed, "application/xml"), "status": status.value}
    async with env.store.write_transaction() as tx:
        await tx.connection.execute(
            update(certificates_table).where(certificates_table.c.id == issued.id).values(values)
        )

    found = await facts_of(held, FactKey.ANNUAL_INCOME)

    assert {fact.source.doctype for fact in found.facts if fact.source.origin is Source.STORE} == kept


async def test_a_stranger_is_told_nothing(held: Held):
    with pytest.raises(Problems):
        await verified_facts(held.world.environment, NEIGHBOUR, ASHA)


def fact(value: str, signature: SignatureState, issued_on: date | None) -> VerifiedFact:
    source = FactSource(Source.DIGILOCKER, "INCER", "Income", "Board", None, None, issued_on, NOW, signature)
    return VerifiedFact(FactKey.ANNUAL_INCOME, value, source)


def test_the_better_signature_comes_first_then_the_later_document_and_a_broken_one_never():
    facts = [
        fact("old", SignatureState.VERIFIED, date(2020, 1, 1)),
        fact("unsigned", SignatureState.UNSIGNED, date(2026, 1, 1)),
        fact("new", SignatureState.VERIFIED, date(2025, 1, 1)),
        fact("broken", SignatureState.INVALID, date(2026, 2, 1)),
    ]
    assert [each.value for each in best_first(facts)] == ["new", "old", "unsigned"]


@pytest.mark.parametrize(
    ("text", "amount"),
    [("48,000", "48000"), ("Rs. 48000.50", "48000"), ("₹ 1,20,000/-", "120000"), ("about 5", None), (None, None)],
)
def test_amounts_are_read_as_whole_rupees(text, amount):
    assert rupees(text) == amount


XML = """<Certificate name="Caste Certificate" Type="CTCER" number="C1" issueDate="01/02/2020">
 <IssuedBy><Organization name="Tehsil"/></IssuedBy>
 <IssuedTo><Person NAME="Asha Negi" dob="14-03-1984" swd="Mohan Negi" swdIndicator="%s" gender="Female">
  <Address vtc="Raipur" district="Dehradun" pin="248001"/></Person></IssuedTo>
 <CertificateData %s/></Certificate>"""


@pytest.mark.parametrize(
    ("letter", "relative"), [("S", FactKey.FATHER_NAME), ("D", FactKey.FATHER_NAME), ("W", FactKey.HUSBAND_NAME)]
)
def test_the_letter_of_the_relation_says_whose_name_it_is(letter, relative):
    found = read_facts((XML % (letter, 'name="Negi" category="OBC"')).encode())
    assert found is not None
    assert found.facts[relative] == "Mohan Negi"
    assert (found.issued_on, found.facts[FactKey.GENDER]) == (date(2020, 2, 1), "F")
    assert (found.facts[FactKey.CASTE], found.facts[FactKey.CASTE_CATEGORY]) == ("Negi", "OBC")
    assert found.facts[FactKey.PIN_CODE] == "248001"


def test_the_child_of_a_birth_certificate_is_not_its_holder():
    birth = XML.replace("CTCER", "BTCER").replace(
        "<CertificateData %s/>", '<CertificateData><Field name="date_of_birth" value="2026-01-01"/></CertificateData>'
    )
    found = read_facts((birth % "S").encode())
    assert found is not None
    assert found.facts[FactKey.DATE_OF_BIRTH] == "1984-03-14"

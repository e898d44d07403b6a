"""No mutation takes a text with a character that nobody sees; what a partner sends is cleaned of them."""

import json
from datetime import UTC, datetime

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull

from actions.identity.sign_in_people import person_of
from domain.certificates.signatures import SignatureState
from domain.identity.facts import FactKey
from domain.kernel import Assurance, Language, PersonKind, Provider, Role, Subject
from integrations.calling import safe_xml
from integrations.calling.answers import Answer
from integrations.certificate_facts import read_facts
from integrations.digilocker.requester import wire as locker
from integrations.digilocker.requester import wire_aadhaar
from integrations.sso import ProviderIdentity
from integrations.umang import Member
from integrations.umang import wire as umang
from schema.kernel.hidden_text import refuse_hidden_text
from store.applications import applications
from store.identity import people
from tests.schema.kernel.test_mutations import decide, payload
from tests.support.graph import ASHA

HIDDEN = "Bachan Singh Negi \u202e000,09\u202c\u200b"


async def kept(world):
    async with world.environment.store.read_transaction() as tx:
        return await applications.count_of_citizen(tx, ASHA)


async def test_a_fathers_name_that_would_be_read_otherwise_than_it_is_written_comes_on_no_certificate(world):
    form = [{"name": "purpose", "value": "school"}, {"name": "father_name", "value": HIDDEN}]

    refused = await payload(world, form=form)

    (error,) = refused["userErrors"]
    assert (error["code"], error["path"]) == ("TEXT_HIDDEN_CHARACTER", ["input", "form", "father_name"])
    assert error["action"] == "CORRECT_INPUT"
    assert "Character 19" in error["message"]
    assert "U+202E" in error["message"]
    assert (refused["application"], refused["submission"]["state"], await kept(world)) == (None, "REJECTED", 0)


async def test_every_text_is_told_at_its_place(world):
    form = [{"name": "purpose", "value": "a\u200b"}, {"name": "children.0.name", "value": "b\u2066"}]

    refused = await payload(world, form=form, documents=[{"key": "id-proof\ufeff", "uri": "x"}])

    assert [error["path"] for error in refused["userErrors"]] == [
        ["input", "form", "purpose"],
        ["input", "form", "children", "0", "name"],
        ["input", "documents", "0", "key"],
    ]


async def test_an_officers_reason_is_refused_with_one_and_the_case_stays_as_it_is(world):
    application = await world.submit()

    refused = await decide(world, application, verdict="REJECT", ground="NOT_ELIGIBLE", reason="Not \u202eelbigile")

    (error,) = refused["userErrors"]
    assert (error["code"], error["path"]) == ("TEXT_HIDDEN_CHARACTER", ["input", "reason"])
    async with world.environment.store.read_transaction() as tx:
        assert await applications.get(tx, application.id) == application


async def test_the_same_request_without_it_is_taken_under_the_same_key(world):
    await payload(world, form=[{"name": "purpose", "value": "school\u200b"}])

    done = await payload(world)

    assert (done["userErrors"], done["submission"]["replayed"]) == ([], False)


def test_an_input_without_texts_and_a_joiner_of_hindi_pass():
    refuse_hidden_text(["लक्ष्\u200dमी", 7, None, True, []], ("input",))


SAMPLES = {
    "ID": "a\u200b",
    "Int": 1,
    "Boolean": True,
    "Long": 1,
    "Paise": 100,
    "Date": "2026-11-25",
    "DateTime": "2026-11-25T10:00:00+05:30",
    "String": "a\u200b",
}
EVERY_SCOPE = Subject(frozenset({Role.CITIZEN, Role.SYSTEM}), PersonKind.CITIZEN, ASHA)
OF_WORDS_THAT_ARE_LOOKED_UP = {"exportMyData", "requestErasure"}
"""Their texts name a part of a list, and nothing of them is kept."""


def sample(kind, seen=()):
    """A value of a type of the graph with every field of it, whose texts all hold a character that nobody sees."""
    if isinstance(kind, GraphQLNonNull):
        return sample(kind.of_type, seen)
    if isinstance(kind, GraphQLList):
        return [sample(kind.of_type, seen)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        fields = list(kind.fields.items())[:1] if kind.is_one_of else list(kind.fields.items())
        return {name: sample(field.type, (*seen, kind.name)) for name, field in fields}
    return SAMPLES[kind.name]


async def test_no_mutation_takes_a_text_with_a_character_that_nobody_sees(world, graph):
    mutations = graph._schema.mutation_type.fields
    taken = {}
    for name in mutations.keys() - OF_WORDS_THAT_ARE_LOOKED_UP:
        [(argument, declared)] = mutations[name].args.items()
        query = f"mutation ($input: {declared.type}) {{ {name}({argument}: $input) {{ userErrors {{ code }} }} }}"
        given = sample(declared.type)
        answer = await world.ask(query, EVERY_SCOPE, input=given)
        codes = {error["code"] for error in ((answer["data"] or {}).get(name) or {"userErrors": ()})["userErrors"]}
        if codes != {"TEXT_HIDDEN_CHARACTER"}:
            taken[name] = codes or answer["errors"]
    assert taken == {}


async def test_the_name_that_a_provider_vouches_for_is_cleaned_of_them(world):
    identity = ProviderIdentity(
        Provider.MERI_PEHCHAAN, "s-1", "Kamla \u202eBisht\u200b", None, None, None, None, Assurance.SUBSTANTIAL
    )

    async with world.environment.store.write_transaction() as tx:
        admitted = await person_of(world.environment, tx, identity, Language.HI)
        citizen = (await people.citizens(tx, [admitted.person_id]))[admitted.person_id]

    assert citizen.name.en == "Kamla Bisht"


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\u2069"])
def test_what_a_document_of_a_partner_states_is_cleaned(hidden: str):
    content = (
        f'<Certificate type="INCER"><IssuedTo><Person name="Asha{hidden} Negi" swd="Bachan {hidden}Negi"/></IssuedTo>'
        f'<CertificateData><Income annual="90000" year="{hidden}"/></CertificateData></Certificate>'
    )

    found = read_facts(content.encode())

    assert found is not None
    assert (found.holder, found.facts[FactKey.FATHER_NAME]) == ("Asha Negi", "Bachan Negi")
    assert FactKey.FINANCIAL_YEAR not in found.facts


NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\u2069"])
def test_what_a_locker_lists_is_cleaned(hidden: str):
    item = {"uri": "in.gov.pan-PANCR-1", "name": f"Income {hidden}Tax", "issuer": f"{hidden}Department", "date": ""}

    (listed,) = locker.read_issued(Answer(200, {}, json.dumps({"items": [item]}).encode(), NOW))

    assert (listed.name, listed.issuer) == ("Income Tax", "Department")


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\u2069"])
def test_what_an_e_aadhaar_states_is_cleaned(hidden: str):
    content = (
        f'<KycRes ret="Y"><UidData uid="xxxxxxxx0019"><Poi name="Asha {hidden}Negi" gender="F"/>'
        f'<Poa dist="Dehradun{hidden}"/><LData name="आशा {hidden}नेगी"/></UidData></KycRes>'
    )

    card = wire_aadhaar.read(safe_xml.parse(content.encode()), None, SignatureState.UNKNOWN_SIGNER, NOW)

    assert (card.name, card.address["dist"], card.local["name"]) == ("Asha Negi", "Dehradun", "आशा नेगी")


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\u2069"])
def test_what_a_ration_card_states_is_cleaned(hidden: str):
    members = [{"memberName": f"Asha {hidden}Negi", "releationship_name": f"Self{hidden}"}]
    stated = {"rcId": "054600000001", "schemeName": "PHH", "homeDistName": "DEHRADUN", "memberDetailsList": members}

    card = umang.ration_card({"rs": "S", "pd": stated}, "054600000001")

    assert card is not None
    assert card.members == (Member("Asha Negi", "Self"),)

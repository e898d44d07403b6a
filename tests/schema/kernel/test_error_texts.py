"""Errors about a document, an argument or an input say what is wrong and the limit, in both languages."""

from typing import Any

import pytest

from actions.kernel import require_postings
from actions.kernel.access import require_operations
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Language, PersonKind, Problems, Role, Subject, TypeCode, to_global_id
from schema.kernel.errors import problem_of, text_of
from tests.support.graph import ANITA, CITIZEN, FARAWAY, OFFICER, World

PREFIX = {
    Language.EN: "The request is not correct. Please check what was entered.",
    Language.HI: "अनुरोध सही नहीं है। कृपया भरी गई जानकारी जाँचें।",
}
BY = "query ($by: ApplicationBy!) { application(by: $by) { id } }"
SERVICES = "query ($first: Int!, $filter: ServiceFilter) { services(first: $first, filter: $filter) { totalCount } }"

DOCUMENTS = {
    "a missing argument": (
        "{ application { id } }",
        {},
        "The argument application(by:) of the type ApplicationBy! is missing.",
        "आर्गुमेंट application(by:) (प्रकार ApplicationBy!) नहीं दिया गया है।",
    ),
    "a missing field of an input": (
        'mutation { submitApplication(input: {serviceCode: "ES09"}) { replayed } }',
        {},
        "The input SubmitApplicationInput needs the field district.",
        "इनपुट SubmitApplicationInput में फ़ील्ड district देना आवश्यक है।",
    ),
    "an unknown field of an input": (
        '{ services(first: 3, filter: {secret: "98000"}) { totalCount } }',
        {},
        "The input ServiceFilter has no field secret.",
        "इनपुट ServiceFilter में secret नाम का कोई फ़ील्ड नहीं है।",
    ),
    "an unknown field of a variable": (
        SERVICES,
        {"first": 3, "filter": {"serch": "98000"}},
        "Variable $filter: The input ServiceFilter has no field serch.",
        "वेरिएबल $filter: इनपुट ServiceFilter में serch नाम का कोई फ़ील्ड नहीं है।",
    ),
    "a missing variable": (
        SERVICES,
        {},
        "Variable $first: A value of the type Int! must be given.",
        "वेरिएबल $first: Int! प्रकार का मान देना आवश्यक है।",
    ),
    "a variable of another type": (
        SERVICES,
        {"first": "98000"},
        "Variable $first: A value of the type Int is expected.",
        "वेरिएबल $first: Int प्रकार का मान दें।",
    ),
    "an empty oneOf": (
        "{ application(by: {}) { id } }",
        {},
        "Exactly one field of ApplicationBy must be given.",
        "ApplicationBy का ठीक एक फ़ील्ड देना आवश्यक है।",
    ),
    "an empty oneOf in a variable": (
        BY,
        {"by": {}},
        "Exactly one field of ApplicationBy must be given.",
        "ApplicationBy का ठीक एक फ़ील्ड देना आवश्यक है।",
    ),
    "null in a oneOf": (
        BY,
        {"by": {"number": None}},
        "The field number may be left out but not be null.",
        "फ़ील्ड number छोड़ा जा सकता है, पर null नहीं हो सकता।",
    ),
    "a word that an enum does not have": (
        '{ service(by: {code: "ES09"}) { name(language: FR_98000) } }',
        {},
        "One of the values of Language is expected.",
        "Language के मानों में से एक दें।",
    ),
    "no number of rows": (
        "{ services { totalCount } }",
        {},
        "Say how many rows are wanted: first or last, from 1 to 100.",
        "बताएँ कि कितनी पंक्तियाँ चाहिए: first या last, 1 से 100 तक।",
    ),
    "too many rows": ("{ services(first: 101) { totalCount } }", {}, "first: from 1 to 100", "first: 1 से 100 तक"),
    "too few rows": ("{ services(last: 0) { totalCount } }", {}, "last: from 1 to 100", "last: 1 से 100 तक"),
    "a cursor of another list": ('{ services(first: 1, after: "98000") { totalCount } }', {}, "after", "after"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("language", [Language.EN, Language.HI])
async def test_an_error_of_a_document_says_what_is_wrong_and_no_value(world: World, name: str, language: Language):
    query, variables, english, hindi = DOCUMENTS[name]

    error = (await world.ask(query, CITIZEN, language, **variables))["errors"][0]

    assert (english if language is Language.EN else hindi) in error["message"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "98000" not in str(error)


async def refused(world: World, mutation: str, given: dict[str, Any], language: Language, header: str | None = None):
    """The one error of a user that a mutation tells."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ path code message }} }} }}"
    context = world.context(CITIZEN, language, idempotency_key=header)
    answer = await world.run(document, context, {"input": given})
    [error] = answer["data"][mutation]["userErrors"]
    return error


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "A key of your own is needed, so that nothing is done twice: idempotencyKey in the input"),
        (Language.HI, "अनुरोध की अपनी कुंजी देना आवश्यक है"),
    ],
)
async def test_a_mutation_without_a_key_says_that_it_needs_one(world: World, language: Language, words: str):
    error = await refused(world, "giveFeedback", {"applicationId": SOME, "rating": 5}, language)

    assert error["message"].startswith(words)
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_MISSING", ["input", "idempotencyKey"])


async def test_two_keys_that_differ_are_refused_in_words(world: World):
    given = {"applicationId": SOME, "rating": 5, "idempotencyKey": "one"}
    error = await refused(world, "giveFeedback", given, Language.EN, header="other")

    assert error["message"] == "idempotencyKey in the input and the header Idempotency-Key must be the same."


@pytest.mark.parametrize(
    ("language", "limit"), [(Language.EN, "[rating: from 1 to 5]"), (Language.HI, "[rating: 1 से 5 तक]")]
)
async def test_a_rating_out_of_range_says_the_range(world: World, language: Language, limit: str):
    application = await world.submit()
    given = {"applicationId": to_global_id(TypeCode.APPLICATION, application.id), "rating": 9, "idempotencyKey": "k"}

    error = await refused(world, "giveFeedback", given, language)

    assert error["message"] == f"{PREFIX[language]} {limit}"
    assert (error["code"], error["path"]) == ("BAD_INPUT", ["input", "rating"])


AGENT = Subject(frozenset({Role.DOORSTEP_AGENT}), PersonKind.OPERATOR, FARAWAY)
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, ANITA)
SOME = to_global_id(TypeCode.APPLICATION, "01930000-0000-7000-9000-000000000009")
WITHOUT_POST = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, ANITA)
OVERDUE = "{ overdue(first: 1) { totalCount } }"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "This is not open to you. It is open to: Right to Service Commission."),
        (Language.HI, "यह आपके लिए उपलब्ध नहीं है। यह इनके लिए है: सेवा का अधिकार आयोग।"),
    ],
)
async def test_a_list_of_another_role_says_whose_it_is(world: World, language: Language, words: str):
    [error] = (await world.ask(OVERDUE, AUDITOR, language))["errors"]

    assert (error["message"], error["extensions"]["code"]) == (words, "NOT_FOUND")
    assert error["extensions"]["action"] == "NONE"


async def test_an_action_of_another_role_says_whose_it_is(world: World):
    document = """mutation ($input: AskAssistanceInput!) {
      askAssistance(input: $input) { userErrors { code message } }
    }"""
    given = {"way": "OTP", "mobile": "9800000001", "bornOn": "1984-03-14", "minutes": 30, "idempotencyKey": "k"}

    answer = await world.ask(document, AGENT, Language.EN, input=given)

    told = answer["errors"] or answer["data"]["askAssistance"]["userErrors"]
    assert [one["message"] for one in told] == ["This is not open to you. It is open to: Centre operator."]


async def test_what_a_role_may_not_see_looks_like_what_is_not_there(world: World):
    application = await world.submit()
    there = to_global_id(TypeCode.APPLICATION, application.id)
    absent = to_global_id(TypeCode.APPLICATION, "01930000-0000-7000-9000-000000000009")
    document = """mutation ($id: ID!) {
      withdrawApplication(input: {applicationId: $id, idempotencyKey: "k"}) { userErrors { code message path } }
    }"""

    told = [await world.ask(document, OFFICER, Language.EN, id=one) for one in (there, absent)]

    assert told[0]["data"] == told[1]["data"]
    assert [error["message"] for error in told[0]["errors"]] == [error["message"] for error in told[1]["errors"]]


def test_lists_and_pages_of_other_roles_name_them():
    with pytest.raises(Problems) as operations:
        require_operations(CITIZEN)
    with pytest.raises(Problems) as money:
        require_postings(CITIZEN, ObjectKind.FINANCE_BOOK, Purpose.PAY_BENEFIT, Purpose.AUDIT)
    with pytest.raises(Problems) as elsewhere:
        require_postings(WITHOUT_POST, ObjectKind.QUEUE, Purpose.DECIDE)

    texts = [text_of(problem_of(caught.value), Language.EN) for caught in (operations, money, elsewhere)]
    assert texts == [
        "This is not open to you. It is open to: Auditor, Administrator.",
        "This is not open to you. It is open to: Finance officer, Auditor.",
        "Nothing was found for this reference.",
    ]

"""Mutations: payloads, refusals as data, keys."""

from dataclasses import replace

import pytest

from actions.uploads.uploads import take_in
from domain.kernel import ANONYMOUS, Language, PersonKind, Role, Subject, TypeCode
from schema.kernel import node_id
from store.applications import applications
from tests.support.files import PNG
from tests.support.graph import ASHA, CITIZEN, LOCKER_URI, NEIGHBOUR, OFFICER, STRANGE_OFFICER
from tests.support.operations import operation

SUBMIT = operation("citizen_app/submit_application")
DECIDE = operation("officer_app/decide")
INPUT = {
    "serviceCode": "ES09",
    "district": "49",
    "tehsil": "304",
    "form": [{"name": "purpose", "value": "school"}],
    "documents": [{"key": "id-proof", "uri": LOCKER_URI}],
    "idempotencyKey": "key-1",
}


async def submit(world, subject=CITIZEN, language=Language.EN, header=None, **changes):
    context = world.context(subject, language, idempotency_key=header)
    return await world.run(SUBMIT, context, {"input": {**INPUT, **changes}}), context


async def payload(world, **changes):
    return (await submit(world, **changes))[0]["data"]["submitApplication"]


async def test_an_application_is_handed_in_with_a_document_of_the_locker(world):
    answer, context = await submit(world)

    assert answer["errors"] == []
    done = answer["data"]["submitApplication"]
    assert done["userErrors"] == []
    assert done["application"]["status"] == "IN_SCRUTINY"
    assert done["application"]["documents"] == [{"key": "id-proof", "name": "Aadhaar Card", "source": "DIGILOCKER"}]
    assert done["submission"] == {
        "state": "ACCEPTED",
        "acknowledgement": done["application"]["acknowledgement"],
        "replayed": False,
        "expectedBy": None,
    }
    assert context.signals.replayed is False


async def test_a_session_that_may_only_look_changes_nothing_and_is_told_to_come_back(world):
    answer, _ = await submit(world, replace(CITIZEN, may_only_look=True))

    done = answer["data"]["submitApplication"]
    assert (done["application"], [(one["code"], one["action"]) for one in done["userErrors"]]) == (
        None,
        [("SOURCE_UNAVAILABLE", "RETRY_LATER")],
    )


async def test_the_same_key_gives_the_same_answer_and_says_so(world):
    first = await payload(world)
    answer, context = await submit(world)

    again = answer["data"]["submitApplication"]
    assert again["application"] == first["application"]
    assert again["submission"]["replayed"] is True
    assert context.signals.replayed is True


async def test_the_same_key_with_another_input_is_refused(world):
    await payload(world)
    other = await payload(world, tehsil=None)

    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert other["userErrors"][0]["action"] == "USE_NEW_KEY"


@pytest.mark.parametrize(
    ("given", "header", "code"),
    [
        ("key-1", "key-1", None),
        (None, "key-1", None),
        ("key-1", "key-2", "BAD_INPUT"),
        (None, None, "IDEMPOTENCY_KEY_MISSING"),
    ],
)
async def test_the_key_may_come_in_the_header(world, given, header, code):
    refused = (await payload(world, header=header, idempotencyKey=given))["userErrors"]

    assert [error["code"] for error in refused] == ([code] if code else [])


@pytest.mark.parametrize(
    ("changes", "code", "path", "action"),
    [
        ({"serviceCode": "NONE"}, "SERVICE_UNKNOWN", ["input", "serviceCode"], "CHOOSE_SERVICE"),
        ({"serviceCode": "ES01"}, "SERVICE_CLOSED", ["input", "serviceCode"], "CHOOSE_SERVICE"),
        ({"documents": []}, "DOCUMENT_MISSING", ["input", "documents"], "ATTACH_DOCUMENT"),
        ({"district": "1"}, "PLACE_UNKNOWN", ["input", "district"], "CORRECT_INPUT"),
        ({"draftId": "!"}, "BAD_INPUT", ["input", "draftId"], "CORRECT_INPUT"),
        ({"draftId": node_id(TypeCode.CITIZEN, ASHA)}, "NOT_FOUND", ["input", "draftId"], "CORRECT_INPUT"),
    ],
)
async def test_a_refusal_is_data_with_code_path_and_action(world, changes, code, path, action):
    refused = await payload(world, language=Language.HI, **changes)

    (error,) = refused["userErrors"]
    assert (error["code"], error["path"], error["action"]) == (code, path, action)
    assert any("\u0900" <= letter <= "\u097f" for letter in error["message"])
    assert refused["application"] is None
    assert refused["submission"]["state"] == "REJECTED"
    async with world.environment.store.read_transaction() as tx:
        assert await applications.count_of_citizen(tx, ASHA) == 0


async def test_every_cause_is_told_at_once_in_the_asked_language(world):
    refused = await payload(world, district="1", documents=[])

    assert {error["code"] for error in refused["userErrors"]} == {"PLACE_UNKNOWN", "DOCUMENT_MISSING"}
    assert "A required document is missing: ID Proof." in [error["message"] for error in refused["userErrors"]]


async def test_nobody_hands_in_nothing(world):
    answer, _ = await submit(world, subject=ANONYMOUS)

    assert answer["data"] == {"submitApplication": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def decide(world, application, subject=OFFICER, **changes):
    given = {
        "applicationId": node_id(TypeCode.APPLICATION, application.id),
        "verdict": "APPROVE",
        "idempotencyKey": "decide-1",
        **changes,
    }
    return (await world.ask(DECIDE, subject, input=given))["data"]["decideApplication"]


async def test_an_officer_approves_and_the_timeline_says_so(world):
    application = await world.submit()

    done = await decide(world, application, expectedVersion=application.version)

    assert done["userErrors"] == []
    assert done["application"]["status"] == "APPROVED"
    assert done["application"]["decision"]["approved"] is True
    assert done["application"]["timeline"][-1]["label"] == "Approved"


async def test_the_loser_of_a_race_is_told_what_is_there_now(world):
    application = await world.submit()
    await decide(world, application)

    late = await decide(world, application, expectedVersion=application.version, idempotencyKey="decide-2")

    assert late["userErrors"][0]["code"] == "CONFLICT"
    assert "Approved" in late["userErrors"][0]["message"]


@pytest.mark.parametrize("subject", [CITIZEN, NEIGHBOUR, STRANGE_OFFICER])
async def test_a_verdict_of_somebody_else_finds_nothing(world, subject):
    application = await world.submit()

    refused = await decide(world, application, subject=subject)

    assert refused["userErrors"][0]["code"] == "NOT_FOUND"


async def test_a_rejection_needs_a_ground_and_a_reason(world):
    application = await world.submit()

    refused = await decide(world, application, verdict="REJECT")
    done = await decide(
        world, application, verdict="REJECT", ground="NOT_ELIGIBLE", reason="Income is above the limit."
    )

    assert {tuple(error["path"]) for error in refused["userErrors"]} == {("input", "ground"), ("input", "reason")}
    assert done["application"]["decision"]["groundText"] == "The applicant is not eligible under the rules."


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        (
            {"reason": "Which school?"},
            ["input", "ground"],
            "The ground is missing: choose one from the list, beside the reason in words.",
        ),
        (
            {"ground": "FORM_INCOMPLETE"},
            ["input", "reason"],
            "A reason must be given for this decision.",
        ),
        (
            {"ground": "DOCUMENT_NOT_LEGIBLE", "reason": "It cannot be read."},
            ["input", "documents"],
            "With this ground the papers that it is about must be named.",
        ),
    ],
)
async def test_a_query_that_lacks_something_is_told_what(world, given, path, text):
    application = await world.submit()

    refused = await decide(world, application, verdict="RAISE_QUERY", **given)

    assert [(error["code"], error["path"], error["message"]) for error in refused["userErrors"]] == [
        ("REASON_REQUIRED", path, text)
    ]


async def test_a_query_is_answered_and_an_application_withdrawn(world):
    application = await world.submit()
    await decide(world, application, verdict="RAISE_QUERY", ground="FORM_INCOMPLETE", reason="Which school?")
    opaque = node_id(TypeCode.APPLICATION, application.id)
    answer = (
        'mutation ($id: ID!) { answerQuery(input: {applicationId: $id, answer: "GIC", idempotencyKey: "a"}) '
        "{ application { status form { name value } deadline { paused } } userErrors { code } } }"
    )
    withdraw = (
        'mutation ($id: ID!) { withdrawApplication(input: {applicationId: $id, idempotencyKey: "w"}) '
        "{ application { status allowedMoves } userErrors { code } } }"
    )

    answered = (await world.ask(answer, CITIZEN, id=opaque))["data"]["answerQuery"]
    withdrawn = (await world.ask(withdraw, CITIZEN, id=opaque))["data"]["withdrawApplication"]

    assert answered["application"]["status"] == "IN_SCRUTINY"
    assert {"name": "purpose", "value": "school"} in answered["application"]["form"]
    assert answered["application"]["deadline"] == {"paused": False}
    assert withdrawn["application"] == {"status": "WITHDRAWN", "allowedMoves": []}


async def test_the_paper_that_was_asked_for_comes_with_the_answer(world):
    application = await world.submit()
    key, opaque = "id-proof", node_id(TypeCode.APPLICATION, application.id)
    ground = {"ground": "DOCUMENT_NOT_LEGIBLE", "reason": "The copy cannot be read.", "documents": [key]}
    await decide(world, application, verdict="RAISE_QUERY", **ground)
    better = await take_in(world.environment, CITIZEN, PNG)
    answer = (
        "mutation ($input: AnswerQueryInput!) { answerQuery(input: $input) "
        "{ application { status timeline { move documents } } userErrors { code path } } }"
    )
    look = "query ($id: ID!) { application(by: {id: $id}) { documents { key source } } }"
    given = {"applicationId": opaque, "answer": "Here.", "idempotencyKey": "a"}

    wrong = {**given, "documents": [{"key": "horoscope", "uri": better.reference, "source": "UPLOAD"}]}
    refused = (await world.ask(answer, CITIZEN, input=wrong))["data"]["answerQuery"]
    right = {**given, "documents": [{"key": key, "uri": better.reference, "source": "UPLOAD"}]}
    done = (await world.ask(answer, CITIZEN, input=right))["data"]["answerQuery"]

    assert refused["userErrors"] == [{"code": "DOCUMENT_UNKNOWN", "path": ["input", "documents", "0"]}]
    assert (done["userErrors"], done["application"]["status"]) == ([], "IN_SCRUTINY")
    assert done["application"]["timeline"][-1] == {"move": "ANSWER_QUERY", "documents": [key]}
    seen = (await world.ask(look, OFFICER, id=opaque))["data"]["application"]["documents"]
    assert seen[-1] == {"key": key, "source": "UPLOAD"}


async def test_a_draft_that_was_changed_on_another_device_is_a_conflict(world):
    save = (
        "mutation ($input: SaveDraftInput!) { saveDraft(input: $input) "
        "{ application { id version } userErrors { code path action } } }"
    )
    given = {"serviceCode": "ES09", "district": "49"}
    draft = (await world.ask(save, CITIZEN, input={**given, "idempotencyKey": "1"}))["data"]["saveDraft"]["application"]
    seen = {**given, "draftId": draft["id"], "expectedVersion": draft["version"]}

    first = (await world.ask(save, CITIZEN, input={**seen, "idempotencyKey": "2"}))["data"]["saveDraft"]
    second = (await world.ask(save, CITIZEN, input={**seen, "idempotencyKey": "3"}))["data"]["saveDraft"]

    assert (first["userErrors"], first["application"]["version"]) == ([], draft["version"] + 1)
    assert second["userErrors"] == [{"code": "CONFLICT", "path": ["input", "expectedVersion"], "action": "REFRESH"}]


async def test_a_fee_is_entered_once_it_is_right(world):
    application = await world.submit("ES03")
    record = (
        "mutation ($input: RecordFeeInput!) { recordFee(input: $input) "
        "{ application { status fee { amount receipt } } userErrors { code path } } }"
    )
    given = {"applicationId": node_id(TypeCode.APPLICATION, application.id), "receipt": "R1", "idempotencyKey": "f"}

    wrong = (await world.ask(record, OFFICER, input={**given, "amount": 1}))["data"]["recordFee"]
    right = (await world.ask(record, OFFICER, input={**given, "amount": 4000}))["data"]["recordFee"]

    assert wrong["userErrors"] == [{"code": "FEE_MISMATCH", "path": ["input", "amount"]}]
    assert right["application"] == {"status": "IN_SCRUTINY", "fee": {"amount": 4000, "receipt": "R1"}}


async def test_a_draft_is_kept_and_then_handed_in(world):
    save = (
        "mutation ($input: SaveDraftInput!) { saveDraft(input: $input) "
        "{ application { id status acknowledgement deadline { basis } } userErrors { code } } }"
    )
    given = {"serviceCode": "ES09", "district": "49", "idempotencyKey": "d"}

    draft = (await world.ask(save, CITIZEN, input=given))["data"]["saveDraft"]["application"]
    done = await payload(world, draftId=draft["id"])

    assert (draft["status"], draft["acknowledgement"], draft["deadline"]["basis"]) == ("DRAFT", None, "NOT_STARTED")
    assert done["application"]["id"] == draft["id"]
    assert done["application"]["status"] == "IN_SCRUTINY"


async def test_a_draft_with_its_papers_is_gone_on_with_on_another_device(world):
    save = (
        "mutation ($input: SaveDraftInput!) { saveDraft(input: $input) "
        "{ application { id } userErrors { code path } } }"
    )
    paper = await take_in(world.environment, CITIZEN, PNG)
    given = {
        "serviceCode": "ES09",
        "district": "49",
        "form": [{"name": "purpose", "value": "school"}],
        "documents": [{"key": "id-proof", "uri": paper.reference, "source": "UPLOAD"}],
        "idempotencyKey": "d",
    }
    wanted = (
        "{ viewer { ... on Citizen { applications(first: 5) { nodes "
        "{ id status form { name value } documents { key uri source } } } } } }"
    )

    draft = (await world.ask(save, CITIZEN, input=given))["data"]["saveDraft"]["application"]
    (found,) = (await world.ask(wanted, CITIZEN))["data"]["viewer"]["applications"]["nodes"]
    done = await payload(world, draftId=found["id"], form=found["form"], documents=found["documents"])

    assert found == {"id": draft["id"], "status": "DRAFT", "form": given["form"], "documents": given["documents"]}
    assert (done["userErrors"], done["application"]["id"]) == ([], draft["id"])
    assert done["application"]["documents"] == [{"key": "id-proof", "name": "ID Proof", "source": "UPLOAD"}]


async def test_an_operator_hands_in_for_the_citizen_whom_she_helps(world):
    operator = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "op1", on_behalf_of=ASHA)

    done = await payload(world, subject=operator, citizenId=node_id(TypeCode.CITIZEN, ASHA), channel="CSC")

    assert done["application"]["status"] == "IN_SCRUTINY"


async def test_what_was_loaded_before_a_mutation_is_forgotten(world):
    application = await world.submit()
    context = world.context(OFFICER)
    query = "query ($id: ID!) { application(by: {id: $id}) { status } }"
    variables = {"id": node_id(TypeCode.APPLICATION, application.id)}
    await world.run(query, context, variables)
    given = {"applicationId": variables["id"], "verdict": "APPROVE", "idempotencyKey": "x"}

    await world.run(DECIDE, context, {"input": given})

    assert (await world.run(query, context, variables))["data"]["application"]["status"] == "APPROVED"

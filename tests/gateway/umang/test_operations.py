"""Every operation of UMANG's door, answered by the verbs of the apps; writes once for a tracker; what is away named."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import RejectionGround
from domain.benefits.benefits import PaymentStatus
from domain.catalogue.catalogue import HandOver
from domain.etaal.counting import STATUS_LINE
from domain.kernel import Bilingual, Source, ist_date
from gateway.http.document_downloads import document_routes
from integrations.calling.errors import Unavailable
from store.benefits import benefits
from store.catalogue import catalogue
from store.etaal import ledger, ledger_seal
from tests.support.graph import ASHA, OFFICER, PDF, add_certificate
from tests.support.stored import record_payment_status
from tests.support.umang import Portal
from tests.support.umang_applying import INCOME, PAPER, PLACE, count, filed, fits, the_application

BANK = {"bank_account_number": "1234567890", "bank_ifsc": "SBIN0000001"}


async def test_an_application_goes_in_and_is_followed_to_its_certificate(portal: Portal):
    payload = await filed(portal)
    assert (payload["feeDue"], payload["clientRef"], len(payload["acknowledgementNo"])) == ("0.00", "c-1", 14)

    mine = await portal.call("getMyApplications", status="in_scrutiny")
    assert [one["applicationId"] for one in mine["pd"]["applications"]] == [payload["applicationId"]]
    status = await portal.call("getApplicationStatus", applicationId=payload["applicationId"])
    assert (status["pd"]["status"], status["pd"]["dueDate"]) == ("IN_SCRUTINY", payload["dueDate"])
    assert [stage["stage"] for stage in status["pd"]["stages"]] == ["SUBMITTED", "IN_SCRUTINY"]
    early = await portal.call("getCertificate", applicationId=payload["applicationId"])
    assert early["rc"] == "APSK0404"

    held = await the_application(portal)
    await portal.world.approve(held)
    await add_certificate(portal.env, held)
    given = await portal.call("getCertificate", applicationId=payload["applicationId"])
    assert given["pd"]["digilockerUri"] == "in.gov.uk.apunisarkar-INCER-1"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=Starlette(routes=document_routes(portal.env)))
    ) as browser:
        in_time = await browser.get(given["pd"]["downloadUrl"])
        portal.env.clock.set(datetime.fromisoformat(given["pd"]["downloadUntil"]) + timedelta(seconds=1))
        late = await browser.get(given["pd"]["downloadUrl"])
    assert (in_time.status_code, in_time.content, late.status_code) == (200, PDF, 404)
    for operation, view in (("getMyApplications", mine), ("getApplicationStatus", status), ("getCertificate", given)):
        fits(portal, operation, view)


async def test_what_comes_in_here_is_recorded_as_umang_s_and_as_a_self_service(portal: Portal):
    await filed(portal)

    assert (await the_application(portal)).channel.value == "UMANG"


async def test_the_same_request_gets_the_same_octets_and_is_done_once(portal: Portal):
    first = await portal.call("applyService", **INCOME, _tracker="zapply1")
    again = await portal.call("applyService", **INCOME, _tracker="zapply1")
    other = await portal.call("applyService", **{**INCOME, "clientRef": "c-2"}, _tracker="zapply1")

    assert (first["rc"], first["sha256"]) == ("APSK0000", again["sha256"])
    assert (other["rs"], other["rc"]) == ("F", "APSK0409")
    assert await count(portal, "applications") == 1


async def test_ten_twins_at_once_file_one_application_and_hear_the_same(portal: Portal):
    views = await asyncio.gather(*(portal.call("applyService", **INCOME, _tracker="zapply1") for _ in range(10)))

    assert {view["rc"] for view in views} == {"APSK0000"}
    assert len({view["sha256"] for view in views}) == 1
    assert await count(portal, "applications") == 1


async def test_a_tracker_belongs_to_the_person_for_whom_it_was_used_first(portal: Portal):
    await portal.link("ravi")
    await filed(portal)
    other = await portal.call("applyService", "ravi", **INCOME, _tracker="zapply1")

    assert (other["rc"], other["pd"]) == ("APSK0409", None)


async def test_a_refusal_of_the_rules_names_the_field_of_umang(portal: Portal):
    missing = await portal.call("applyService", serviceCode="ES09", formData=PLACE, documents=[])
    closed = await portal.call("applyService", serviceCode="ES01", formData=PLACE)
    unknown = await portal.call("applyService", serviceCode="XX", formData=PLACE)
    nowhere = await portal.call("applyService", **{**INCOME, "formData": {"district": "99"}})
    hidden = await portal.call("applyService", **{**INCOME, "formData": {**INCOME["formData"], "purpose": "a\u202eb"}})
    empty = await portal.call("applyService")

    assert missing["rc"] == "APSK0422"
    assert [error["code"] for error in missing["pd"]["errors"]] == ["DOCUMENT_MISSING"]
    assert (closed["rc"], closed["pd"]["errors"][0]["code"]) == ("APSK0422", "SERVICE_CLOSED")
    assert unknown["rc"] == "APSK0404"
    assert (nowhere["rc"], nowhere["pd"]["fields"][0]["field"]) == ("APSK0400", "district")
    assert [(field["field"], field["code"]) for field in hidden["pd"]["fields"]] == [
        ("formData.purpose", "TEXT_HIDDEN_CHARACTER")
    ]
    assert [field["field"] for field in empty["pd"]["fields"]] == ["serviceCode", "district"]
    assert await count(portal, "applications") == 0


@pytest.mark.parametrize(
    ("operation", "given", "field"),
    [
        ("getMyApplications", {"status": "in_scrutiny\u200b"}, "status"),
        ("getServices", {"search": "in\u202ecome"}, "search"),
        ("applyService", {**INCOME, "clientRef": "c\u2066"}, "clientRef"),
        ("applyService", {**INCOME, "documents": [{"key": "id-proof\ufeff", "uri": "x"}]}, "documents.0.key"),
        ("postFeedback", {"comment\u200b": "x"}, "comment"),
    ],
)
async def test_no_operation_takes_a_text_with_a_character_that_nobody_sees(
    portal: Portal, operation: str, given: dict[str, object], field: str
):
    refused = await portal.call(operation, **given)

    assert refused["rc"] == "APSK0400"
    assert [(one["field"], one["code"]) for one in refused["pd"]["fields"]] == [(field, "TEXT_HIDDEN_CHARACTER")]
    assert "U+2" in refused["pd"]["fields"][0]["message"] or "U+F" in refused["pd"]["fields"][0]["message"]
    assert await count(portal, "applications") == 0


async def test_somebody_else_s_application_is_answered_like_one_that_there_is_not(portal: Portal):
    number = (await filed(portal))["applicationId"]
    await portal.link("ravi")
    for operation, more in (
        ("getApplicationStatus", {}),
        ("getCertificate", {}),
        ("fileAppeal", {"ground": "late"}),
        ("postFeedback", {"rating": "5"}),
        ("initiatePayment", {}),
        ("attachDocument", {**PAPER}),
    ):
        view = await portal.call(operation, "ravi", applicationId=number, **more)
        assert (view["rs"], view["rc"], view["pd"]) == ("F", "APSK0404", None), operation


async def test_the_catalogue_is_for_everybody_and_walked_in_pages(portal: Portal):
    first = await portal.call("getServices", None, page="1", limit="2", _lang="en")
    second = await portal.call("getServices", None, page="2", limit="2", _lang="en")
    beyond = await portal.call("getServices", None, page="9", limit="2", _lang="en")
    unlinked = await portal.call("getServices", "ravi")

    assert first["pd"]["total"] == 3
    assert [len(view["pd"]["services"]) for view in (first, second, beyond)] == [2, 1, 0]
    assert unlinked["rc"] == "APSK0000"
    fits(portal, "getServices", first)


async def test_the_catalogue_says_where_another_body_s_service_is_applied_for(portal: Portal):
    before = await portal.call("getServices", None)
    there = HandOver(Bilingual("निकाय", "Body"), "https://body.example")
    async with portal.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, "ES01")
        await catalogue.upsert_services(tx, [replace(service, open=False, hand_over=there)])

    view = await portal.call("getServices", None, _lang="en")

    [handed] = [one for one in view["pd"]["services"] if one["handOver"]]
    assert (handed["serviceCode"], handed["open"], view["pd"]["total"]) == ("ES01", False, before["pd"]["total"] + 1)
    assert (handed["handOver"]["body"], handed["handOver"]["address"]) == ("Body", "https://body.example")
    fits(portal, "getServices", view)


async def test_a_page_that_is_none_is_told(portal: Portal):
    view = await portal.call("getServices", None, page="0", limit="51")

    assert [(field["field"], field["code"]) for field in view["pd"]["fields"]] == [
        ("page", "OUT_OF_RANGE"),
        ("limit", "OUT_OF_RANGE"),
    ]


@pytest.mark.parametrize(
    ("operation", "parameters", "told"),
    [
        (
            "getMyApplications",
            {"page": "x", "limit": "५१", "status": "gone"},
            {"page": "NOT_A_NUMBER", "limit": "OUT_OF_RANGE", "status": "NOT_LISTED"},
        ),
        ("getServiceDetail", {"serviceCode": True}, {"serviceCode": "NOT_TEXT"}),
        ("getBenefits", {"financialYear": "2026-28"}, {"financialYear": "NOT_A_YEAR"}),
        (
            "postFeedback",
            {"applicationId": "none", "rating": "६"},
            {"applicationId": "MISSING", "rating": "OUT_OF_RANGE"},
        ),
        (
            "applyService",
            {"formData": "x", "documents": [{"key": "k" * 201, "source": "shelf"}], "clientRef": "c" * 101},
            {
                "formData": "NOT_AN_OBJECT",
                "serviceCode": "MISSING",
                "district": "MISSING",
                "key": "TOO_LONG",
                "uri": "MISSING",
                "source": "NOT_LISTED",
                "clientRef": "TOO_LONG",
            },
        ),
        (
            "applyService",
            {"serviceCode": 9, "formData": {"district": 49, "income": [], "purpose": "null"}, "documents": "x"},
            {"formData.income": "NOT_TEXT", "documents": "NOT_A_LIST"},
        ),
        ("applyService", {"applicationId": "1", "documents": [{"key": "k"}]}, {"uri": "MISSING"}),
    ],
)
async def test_every_wrong_parameter_is_told_by_its_code(portal: Portal, operation, parameters, told):
    view = await portal.call(operation, **parameters)

    assert view["rc"] == "APSK0400"
    assert {field["field"]: field["code"] for field in view["pd"]["fields"]} == told
    assert len(view["pd"]["fields"]) == len(told)


async def test_a_number_may_be_a_text_in_devanagari_digits(portal: Portal):
    latin, devanagari = [await portal.call("getServices", None, page=page, limit=2) for page in (2, "२")]

    assert latin["rc"] == "APSK0000"
    assert devanagari["pd"] == latin["pd"]


async def test_one_service_and_its_form(portal: Portal):
    detail = await portal.call("getServiceDetail", None, serviceCode="ES09")
    absent = await portal.call("getServiceDetail", None, serviceCode="XX")
    form = await portal.call("getForm", None, serviceCode="ES03")

    assert detail["pd"]["documents"] == [{"key": "id-proof", "name": "ID Proof", "required": True}]
    assert absent["rc"] == "APSK0404"
    assert form["rc"] in ("APSK0000", "APSK0404")  # the small world has no forms
    fits(portal, "getServiceDetail", detail)


async def test_an_application_is_named_by_the_number_of_its_acknowledgement_too(portal: Portal):
    payload = await filed(portal)
    told = [
        await portal.call(operation, applicationId=payload["acknowledgementNo"])
        for operation in ("getApplicationStatus", "initiatePayment")
    ]

    assert {view["pd"]["applicationId"] for view in told} == {payload["applicationId"]}


async def test_a_look_at_the_status_is_an_enquiry_through_umang_and_a_write_is_none(portal: Portal):
    async def enquiries() -> list[tuple[str, int]]:
        await ledger_seal.seal(portal.env.store)
        async with portal.env.store.read_transaction() as tx:
            rows = await ledger.counts_on(tx, ist_date(portal.env.clock.now()))
        return [(row.channel, row.count) for row in rows if row.service_code == STATUS_LINE]

    number = (await filed(portal))["applicationId"]
    await portal.call("initiatePayment", applicationId=number)
    assert await enquiries() == []
    for _ in range(2):
        await portal.call("getApplicationStatus", applicationId=number)
    assert await enquiries() == [("UMANG", 1)]


async def test_where_no_treasury_is_connected_a_fee_is_not_begun_and_the_answer_says_what_is_due(portal: Portal):
    due = await portal.call("applyService", serviceCode="ES03", formData={"purpose": "work", **PLACE})
    view = await portal.call("initiatePayment", applicationId=due["pd"]["applicationId"])

    assert due["pd"]["feeDue"] == "40.00"
    assert (view["rs"], view["rc"], view["pd"]["feeDue"]) == ("F", "APSK0422", "40.00")
    assert view["pd"]["errors"] == [{"code": "ONLINE_PAYMENT_NOT_OFFERED"}]


async def test_an_appeal_against_a_refusal_has_number_level_and_day(portal: Portal):
    number = (await filed(portal))["applicationId"]
    held = await the_application(portal)
    refusal = Decide(held.id, Verdict.REJECT, "r", ground=RejectionGround.NOT_ELIGIBLE, reason="Income too high")
    await decide_application(portal.env, OFFICER, refusal)
    asked = {"applicationId": number, "ground": "REJECTED", "text": "The income is wrong"}
    appeal = await portal.call("fileAppeal", **asked, _tracker="zappeal")
    again = await portal.call("fileAppeal", **asked, _tracker="zappeal")
    twice = await portal.call("fileAppeal", **asked)

    assert (appeal["rc"], appeal["pd"]["level"], len(appeal["pd"]["appealNo"])) == ("APSK0000", "FIRST", 14)
    assert appeal["sha256"] == again["sha256"]
    assert (twice["rc"], twice["pd"]["errors"][0]["code"]) == ("APSK0422", "ALREADY_APPEALED")
    fits(portal, "fileAppeal", appeal)


async def test_feedback_is_taken_once_the_case_is_decided(portal: Portal):
    number = (await filed(portal))["applicationId"]
    early = await portal.call("postFeedback", applicationId=number, rating="5")
    held = await the_application(portal)
    refusal = Decide(held.id, Verdict.REJECT, "r", ground=RejectionGround.NOT_ELIGIBLE, reason="Income too high")
    await decide_application(portal.env, OFFICER, refusal)
    given = await portal.call("postFeedback", applicationId=number, rating="५", text="Quick")
    wrong = await portal.call("postFeedback", applicationId=number, rating="6")

    assert (early["rc"], early["pd"]["errors"][0]["code"]) == ("APSK0422", "FEEDBACK_TOO_EARLY")
    assert given["pd"] == {"feedbackId": number, "applicationId": number, "rating": 5}
    assert wrong["rc"] == "APSK0400"


async def test_benefits_name_the_system_that_does_not_answer(portal: Portal):
    done = await portal.call("applyService", serviceCode="ES90", formData={**PLACE, **BANK})
    assert done["rc"] == "APSK0000", done
    held = await the_application(portal)
    await portal.world.approve(held)
    async with portal.env.store.write_transaction() as tx:
        sanctions = await benefits.sanctions_of_citizen(tx, ASHA)
        for one in (await benefits.instalments(tx, [sanctions[0].id]))[sanctions[0].id]:
            await record_payment_status(tx, one.id, PaymentStatus.INSTRUCTED, portal.env.clock.now())
    whole = await portal.call("getBenefits")
    portal.world.down.errors[Source.DBT_FINANCE] = Unavailable(Source.DBT_FINANCE, "timeout")
    partial = await portal.call("getBenefits")
    other = await portal.call("getBenefits", financialYear="2019-20")
    wrong = await portal.call("getBenefits", financialYear="2026-28")

    assert whole["rc"] == "APSK0000"
    assert "partial" not in whole["pd"]
    assert (partial["rs"], partial["rc"]) == ("S", "APSK0503")
    assert (partial["pd"]["partial"], partial["pd"]["missing"]) == (True, ["DBT_FINANCE"])
    assert len(partial["pd"]["benefits"]) == len(whole["pd"]["benefits"]) > 0
    assert other["pd"]["benefits"] == []
    assert (wrong["rc"], wrong["pd"]["fields"][0]["field"]) == ("APSK0400", "financialYear")
    fits(portal, "getBenefits", whole)
    fits(portal, "getBenefits", partial)


async def test_no_answer_and_no_log_line_names_a_person(portal: Portal, capsys: pytest.CaptureFixture[str]):
    await filed(portal)
    await portal.call("getMyApplications")
    logged = capsys.readouterr().out
    user = portal.callers.user_details({"person": "asha"})

    assert "umang_door" in logged
    for secret in (user["sub"], user["mobile"], "Asha", "Negi"):
        assert secret not in logged


async def test_other_methods_are_not_taken(portal: Portal):
    answer = await portal.http.get("/umang/ws1/getServices")

    assert answer.status_code == httpx.codes.METHOD_NOT_ALLOWED

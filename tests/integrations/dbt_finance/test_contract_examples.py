"""The contract's own examples: the client reads and writes them, and the sandbox answers in their fields."""

import base64
import json
from datetime import date
from typing import Any

import pytest

from domain.kernel import IST, Source
from integrations.calling.errors import Unreadable
from integrations.calling.policies import CallPolicy
from integrations.dbt_finance import (
    BankAccount,
    BillReference,
    Correction,
    DbtFinanceSettings,
    Payee,
    PaymentInstruction,
)
from integrations.dbt_finance.jit import calls, params, records, session, wire
from integrations.dbt_finance.jit.calls import Calls
from integrations.dbt_finance.jit.models import Allotment
from sandbox.dbt_finance import envelope
from tests.integrations.dbt_finance.conftest import Treasury, asked, order
from tests.integrations.dbt_finance.test_corrections import CLOSED, FAILED, OTHER_CLOSED, correction
from tests.support.jit_examples import Example, examples, of_service
from tests.support.remotes import remote_over

SETTINGS = DbtFinanceSettings(
    client_id="c",
    client_secret="s",
    public_key="k",
    ssu_ia_id="4101",
    ddo_code="DDNSW001",
    grantee_code="UKSWDDN0005",
    head_of_account="2235-02-789-03-00-42",
    application_name="UKSW",
)
BILL = BillReference("UKSW/2026-27/000123", date(2026, 11, 23), "BN-2")
FIRST_ACCOUNT = BankAccount("50XXXXXX0022", "ABCD0000011")
CORRECTION = Correction(
    "UKSW/2026-27/000131",
    date(2026, 12, 2),
    "BN-2/2",
    150_000,
    BILL,
    FIRST_ACCOUNT,
    BILL,
    FIRST_ACCOUNT,
    BankAccount("50XXXXXX0055", "ABCD0000012"),
)
SESSION_KEY, ANSWER_KEY, APP_KEY = b"S" * 32, b"R" * 32, b"A" * 32


def record(service: str, place: int = 0) -> dict[str, Any]:
    return of_service(service)[place].records[0]


def without_times(value: Any) -> Any:
    """A message without the hours of its days: ours begin at midnight."""
    if isinstance(value, dict):
        return {name: without_times(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_times(each) for each in value]
    return value[:10] if isinstance(value, str) and value[:3] == "202" and value[13:14] == ":" else value


def advice() -> records.Advice:
    return records.advice(record("PAG"), BILL, "4101")


def paid_correction() -> records.CorrectionPaid:
    found = records.correction_paid(record("FTPS"), CORRECTION.bill, "202611260011")
    assert found is not None
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.service)
def test_every_answer_of_the_contract_is_read(example: Example):
    reply = wire.read_reply(example.answer.encode(), example.service)
    assert list(reply.records) == example.records
    assert bool(reply.errors) is ("errorMsgs" in example.answer or '"errorMsg":"' in example.answer)


@pytest.mark.parametrize(("service", "place", "code"), [("PI", 1, "WRONG_IFSC"), ("COR", 1, "WRONG_IFSC")])
def test_object_errors_have_their_code(service: str, place: int, code: str):
    reply = wire.read_reply(of_service(service)[place].answer.encode(), service)
    assert [error.code for error in reply.errors] == ["340" if service == "PI" else "322"]
    assert wire.reject_code(reply.errors) == code


def test_the_requests_of_the_client_are_those_of_the_contract():
    payees = (
        Payee("BN-1", "Sita Devi", "50XXXXXX0011", "ABCD0000011", 150_000, "98XXXXXX78", "Dehradun"),
        Payee("BN-2", "Ram Singh", "50XXXXXX0022", "ABCD0000011", 150_000, "98XXXXXX78", "Dehradun"),
    )
    instruction = PaymentInstruction(BILL.bill_number, BILL.bill_date, "uk", "UKOAP Nov 2026", payees)
    allotment = Allotment("310", "277", "4", "41007", 50_000_000)
    status = records.instruction_status(record("PIS"), BILL, "4101")
    written = {
        "VA": params.allotment_params(SETTINGS.head_of_account, date(2026, 11, 1), "DDNSW001", SETTINGS),
        "PI": params.instruction_params(instruction, allotment, SETTINGS),
        "PIS": params.status_params(BILL, "4101"),
        "PAG": params.advice_params(BILL, status, "4101"),
        "PD": params.debit_params(advice(), "UKSW"),
        "FD": params.failures_params(advice(), "2026-11-27", SETTINGS),
        "COR": params.correction_params(CORRECTION, "202611260011", "202611260011", SETTINGS),
        "FTPS": params.correction_paid_params(CORRECTION.bill, BILL, "202611260011", SETTINGS),
        "FTFPS": params.correction_failed_params(CORRECTION.bill, paid_correction()),
    }
    expected = {service: of_service(service)[0].params for service in written}
    for payee in expected["PI"]["beneficiaryDetails"]:
        payee["purpose"] = "UKOAP Nov 2026"  # ours says the same of the bill and of each payee
    assert without_times(written) == without_times(expected)


def test_dates_bear_a_time_where_the_contract_wants_one():
    assert params.status_params(BILL, "4101")["jitBillDate"] == "2026-11-23"
    assert (
        params.correction_paid_params(CORRECTION.bill, BILL, "r", SETTINGS)["jitOrgBillDate"] == "2026-11-23 00:00:00"
    )
    assert params.advice_params(BILL, records.instruction_status(record("PIS"), BILL, "4101"), "4101")[
        "pmtInstDate"
    ] == ("2026-11-25 16:03:04")


def test_an_order_is_charged_to_the_highest_serial_that_is_no_withdrawal_and_the_last_record_tells_the_balance():
    told = [record("VA"), record("VA", 1)]
    (found,) = records.allotments(told, "DDNSW001", SETTINGS)
    assert (found.distribution_id, found.allotment_id, found.serial, found.scheme_code) == ("310", "277", "3", "41007")
    assert found.available_paise == 47_700_000


def test_the_debit_scroll_has_one_number_for_all_payees_and_a_reference_for_each():
    told = records.scroll(record("PD"), BILL, "202611260011")
    assert told is not None
    assert {debit.utr for debit in told.debits} == {"RBI611"}
    assert len({debit.end_to_end_id for debit in told.debits}) == 2
    assert told.voucher_date == "2026-11-27"


def test_a_payee_of_a_scroll_without_a_reference_or_a_date_is_not_credited():
    paid = record("PD")
    first, second = paid["benfDtls"]
    told = records.scroll(
        {**paid, "benfDtls": [{**first, "endToEndId": ""}, {**second, "utrDate": None}]}, BILL, "202611260011"
    )
    assert told is not None
    assert told.debits == ()


def test_failures_of_a_day_are_taken_by_bill_and_those_of_other_bills_are_passed_over():
    day = [record("FD"), record("FD", 1)]
    (failure,) = records.failures_of_bill(day, BILL, "202611260011")
    assert (failure.beneficiary_id, failure.reason) == ("BN-2", "Account does not exist")
    assert failure.at.astimezone(IST).date() == date(2026, 11, 30)


@pytest.mark.parametrize("missing", [(), ("benfId",), ("benfId", "endToEndId")])
def test_a_failure_is_matched_by_payee_else_by_reference_else_by_account(missing: tuple[str, ...]):
    told = record("FD")
    line = {name: value for name, value in told["benfDtls"][0].items() if name not in missing}
    failures = records.failures_of_bill([{**told, "benfDtls": [line]}], BILL, "202611260011")
    scroll = records.scroll(record("PD"), BILL, "202611260011")
    assert scroll is not None
    assert set(records.failed_payees(failures, scroll.debits, advice().payees)) == {"BN-2"}


def test_the_lists_of_a_correction_are_read_under_a_name_with_a_space():
    reply = wire.read_reply(of_service("FTFPS")[0].answer.encode(), "FTFPS")
    (failure,) = records.correction_failures(reply.records[0], CORRECTION.bill, "202612030004")
    assert (failure.beneficiary_id, failure.reason) == ("BN-2", "Account is Dormant")
    assert paid_correction().bill_reference == "202612030004"


def test_both_spellings_of_the_service_field_are_read_and_written():
    assert wire.read_reply(b'{"serviceID":" FTPS","data":[]}', "FTPS").records == ()
    assert json.loads(wire.message("COR", {}, "serviceID")) == {"serviceID": "COR", "params": {}}


def test_both_sides_agree_with_the_golden_vectors():
    inner = b'{"serviceId":"PIS","params":{"jitBillNo":"UK-1","jitBillDate":"2026-11-24","ssuIaId":"7"}}'
    told = b'{"serviceId":"PIS","errorMsg":null,"data":[]}'
    vectors = (
        (APP_KEY, SESSION_KEY, "k9zHAjqjJl54R1o03s1mhZPcxwI6oyZeeEdaNN7NZoWYzC8/R2tAt+oDLzOvAjth"),
        (SESSION_KEY, ANSWER_KEY, "8za7094o9UpNRTJJjfDzP/M2u9PeKPVKTUUySY3w8z86DhTZYJCvBLBiHu3uyEq3"),
        (
            SESSION_KEY,
            inner,
            (
                "kZCx2ZgtP9dIQ66oo2/iLD8hPcmQMfrdUjwmVFExW9eHl4JcrZmJNj9o+gIErZeD7DqRtGn9koRg1+PuCjP5oB2QhZ8ralv3lJrcPHVx"
                "y9WRf9r7uNuDpw1rQJlVp4L1"
            ),
        ),
        (ANSWER_KEY, told, "qAfqTxtIZC4CazrsFmNXjRPfE03AEI5T0C7k833WqrsL/9JidbiGz+BU67kVFwiR"),
    )
    for key, content, text in vectors:
        assert session.encrypt(key, content) == envelope.close(key, content) == text
        assert session.decrypt(key, text) == envelope.open_text(key, text) == content


@pytest.mark.parametrize("text", ["<html>", "", "QUJD", base64.b64encode(b"x" * 32).decode()])
def test_what_is_not_encrypted_under_the_key_is_unreadable(text: str):
    with pytest.raises(Unreadable, match="not_sealed"):
        session.decrypt(ANSWER_KEY, text)


async def test_the_sandbox_answers_in_the_fields_of_the_contract(treasury: Treasury):
    settings, office = treasury.settings, treasury.settings.ssu_ia_id
    remote = remote_over(treasury.sandbox.app, Source.DBT_FINANCE, clock=treasury.clock)
    asking, told = Calls(remote, settings, treasury.clock), dict[str, dict[str, Any]]()

    async def ask(policy: CallPolicy, given: dict[str, Any]) -> dict[str, Any]:
        found = dict((await asking.ask(policy, given)).records[0])
        told[calls.service_of(policy)] = found
        return found

    instruction, bill, corrected = order(account=CLOSED), asked(), correction(now=OTHER_CLOSED)
    head = settings.head_of_account
    allotted = await ask(calls.ALLOTMENTS, params.allotment_params(head, date(2026, 4, 1), "UKDDN0101", settings))
    (charged,) = records.allotments([allotted], "UKDDN0101", settings)
    await ask(calls.PUSH_INSTRUCTION, params.instruction_params(instruction, charged, settings))
    treasury.clock.advance(FAILED)
    status = records.instruction_status(
        await ask(calls.INSTRUCTION_STATUS, params.status_params(bill, office)), bill, office
    )
    advice = records.advice(await ask(calls.ADVICE_STATUS, params.advice_params(bill, status, office)), bill, office)
    debits = await ask(calls.DEBIT_SCROLL, params.debit_params(advice, settings.application_name))
    await ask(calls.FAILED_PAYMENTS, params.failures_params(advice, debits["voucherDate"], settings))
    reference = advice.bill_reference
    await ask(calls.CORRECT_ACCOUNT, params.correction_params(corrected, reference, reference, settings))
    treasury.clock.advance(FAILED)
    paid = await ask(calls.CORRECTION_PAID, params.correction_paid_params(corrected.bill, bill, reference, settings))
    told_paid = records.correction_paid(paid, corrected.bill, reference)
    assert told_paid is not None
    await ask(calls.CORRECTION_FAILED, params.correction_failed_params(corrected.bill, told_paid))

    assert set(told) == {example.service for example in examples()}
    for service, found in told.items():
        example = of_service(service)[0].records[0]
        assert set(found) == set(example), service
        lists = [name for name, value in example.items() if isinstance(value, list)]
        assert [set(found[name][0]) for name in lists] == [set(example[name][0]) for name in lists], service

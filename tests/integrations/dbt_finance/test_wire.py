"""The envelope and the fields of JIT messages, and the texts of their errors."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.benefits.benefits import PaymentStatus
from domain.kernel import IST
from integrations.calling.errors import Foreign, Unreadable
from integrations.dbt_finance import BillReference, InstructionStage, InstructionStatus, bharat_auth, code_of_reason
from integrations.dbt_finance.jit import params, records, wire
from integrations.dbt_finance.jit.states import BillAnswers, state_of
from integrations.dbt_finance.jit.wire import TreasuryError
from sandbox.dbt_finance import bharat, checks
from tests.integrations.dbt_finance.conftest import order
from tests.support.jit_examples import of_service

PAYLOADS = Path(__file__).parents[2] / "payloads" / "dbt_finance"
BILL = BillReference("UKSW/2026-27/000123", date(2026, 11, 23), "BN-2")
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def golden(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes().rstrip(b"\n")


def record(service: str) -> dict[str, Any]:
    return of_service(service)[0].records[0]


def test_pis_pag_pd_and_fd_lead_to_the_state_that_a_citizen_sees():
    status = records.instruction_status(record("PIS"), BILL, "4101")
    advice = records.advice(record("PAG"), BILL, "4101")
    scroll = records.scroll(record("PD"), BILL, advice.bill_reference)
    assert scroll is not None
    failures = records.failures_of_bill([record("FD")], BILL, advice.bill_reference)
    failed = records.failed_payees(failures, scroll.debits, advice.payees)

    def state(*heard: Any):
        return state_of(BILL, BillAnswers(status, NOW, *heard), "last_four")

    assert (status.net_paise, status.payee_count) == (300_000, 2)
    assert state().status is PaymentStatus.INSTRUCTED
    at_bank = state(advice.at, advice.payees)
    assert (at_bank.status, at_bank.at) == (PaymentStatus.AT_BANK, datetime(2026, 11, 26, tzinfo=IST))
    credited = state(advice.at, advice.payees, scroll.debits)
    assert (credited.status, credited.utr_last4) == (PaymentStatus.CREDITED, "I611")
    assert credited.at == datetime(2026, 11, 27, tzinfo=IST)
    returned = state(advice.at, advice.payees, scroll.debits, failed)
    assert (returned.status, returned.return_code) == (PaymentStatus.RETURNED, "02")


def test_a_bill_of_which_nothing_is_told_waits_for_approval():
    heard = BillAnswers(InstructionStatus(InstructionStage.PENDING), NOW)
    state = state_of(BILL, heard, "last_four")
    assert state is not None
    assert (state.status, state.awaits_approval) == (PaymentStatus.INSTRUCTED, True)


@pytest.mark.parametrize(("text", "code"), json.loads(golden("rejects.json")).items())
def test_every_published_reject_has_its_code(text: str, code: str):
    assert wire.reject_code((TreasuryError(text),)) == code


@pytest.mark.parametrize(("number", "code"), [("340", "WRONG_IFSC"), ("322", "WRONG_IFSC"), ("999", "UNKNOWN_REJECT")])
def test_a_text_that_nobody_knows_is_read_by_its_number(number: str, code: str):
    assert wire.reject_code((TreasuryError("odd", number),)) == code


def test_an_officer_reads_the_text_of_a_reject_without_accounts_and_ids():
    told = wire.officer_text((TreasuryError("Account 30001234500 of UKE42560023996205001 is odd", "399"),))
    assert told == "399 Account … of … is odd"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" Account does not exist", "02"),
        ("Account does not exist.", "02"),
        (" Account is Dormant", "54"),
        ("Failed to Pay by RBI(Through e-Kuber) Late Ret", "LATE_RETURN"),
    ],
)
def test_the_reasons_of_failed_payments_are_known(text: str, code: str):
    assert code_of_reason(text) == code


@pytest.mark.parametrize(
    ("service", "change"),
    [("PIS", {"jitBillNumber": "X"}), ("PIS", {"ssuIaId": "1"}), ("PIS", {"jitBillDate": "2026-11-24"})],
)
def test_a_status_of_another_bill_date_or_office_is_never_read(service: str, change: dict[str, str]):
    with pytest.raises(Foreign):
        records.instruction_status({**record(service), **change}, BILL, "4101")


@pytest.mark.parametrize("change", [{"billNumber": "X"}, {"billRefNo": "X"}])
def test_a_scroll_of_another_bill_is_never_read_and_a_failure_that_contradicts_itself_neither(change: dict[str, str]):
    with pytest.raises(Foreign):
        records.scroll({**record("PD"), **change}, BILL, "202611260011")
    with pytest.raises(Foreign):
        records.failures_of_bill([{**record("FD"), **change}], BILL, "202611260011")


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"[]",
        b'{"serviceId":"PD","data":[]}',
        b'{"serviceId":"PIS","data":[1]}',
        b'{"data":[]}',
        b'{"serviceId":"PIS","errorMsgs":[7]}',
    ],
)
def test_what_does_not_have_the_published_form_is_unreadable(content: bytes):
    with pytest.raises(Unreadable):
        wire.read_reply(content, "PIS")


@pytest.mark.parametrize(
    "content",
    [
        b'{"serviceId":"PIS","data":null,"errorMsg":" odd "}',
        b'{"serviceId":"PIS","errorMsgs":[{"errorCode":7,"errorMsg":"odd"}]}',
        b'{"serviceId":"PIS","errorMsgs":["odd"],"data":[]}',
        b'{"serviceId":"PIS","errorMsgs":{"errorMsg":"odd"},"data":[]}',
    ],
)
def test_an_error_is_seen_in_each_of_its_carriers(content: bytes):
    (error,) = wire.read_reply(content, "PIS").errors
    assert error.text == "odd"


@pytest.mark.parametrize("name", ["billNetAmount", "payInstDate", "totalNumberOfBeneficiary"])
def test_a_field_of_another_form_is_unreadable_and_not_told(name: str):
    spoiled = {**record("PIS"), name: "1e999 x"}
    with pytest.raises(Unreadable) as failure:
        records.instruction_status(spoiled, BILL, "4101")
    assert "1e999" not in str(failure.value)


@pytest.mark.parametrize(
    ("head", "digits"),
    [
        ("2235-02-789-03-00-42", "223502789030000000000000042"),
        ("223502789030000000000000042", "223502789030000000000000042"),
        ("pensions", ""),
    ],
)
def test_a_head_of_account_is_written_in_27_digits(head: str, digits: str):
    assert params.head_digits(head) == digits
    assert checks.is_head(digits) is bool(digits)


def test_names_keep_letters_digits_and_the_signs_of_indian_scripts():
    assert params.plain("Sita  Devi, W/o. R. Singh (2)") == "Sita Devi W o R Singh 2"
    assert params.plain("सीता देवी") == "सीता देवी"


def test_both_sides_agree_with_signatures_of_reports_made_by_openssl():
    vector = json.loads(golden("signature.json"))
    body, at = vector["body"].encode(), datetime.fromtimestamp(vector["timestamp"], UTC)
    client, secret = vector["client_id"], vector["hmac_secret"]
    headers = bharat_auth.request_headers(client, secret, vector["service"], body, at)
    assert headers["x-signature"] == vector["signature"]
    known = {"client_id": client, "hmac_secret": secret}
    assert bharat.request_is_genuine(headers, known, "PIS", body, (at,))
    assert not bharat.request_is_genuine(headers, known, "PI", body, (at,))
    answer, signature = vector["answer"].encode(), vector["answer_signature"]
    assert bharat_auth.answer_is_genuine(secret, vector["signature"], 200, answer, signature)
    assert not bharat_auth.answer_is_genuine(secret, vector["signature"], 200, answer + b" ", signature)


def test_money_is_summed_in_paise_and_no_account_shows_in_a_repr():
    shown = repr(order())
    assert order().net_paise == 150005
    assert "30001234500" not in shown
    assert "सीता" not in shown

"""The JIT messages against messages written by hand from the contract."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.benefits.benefits import PaymentStatus
from domain.kernel import IST
from integrations.dbt_finance import BillReference, DbtFinanceSettings, Payee, PaymentInstruction
from integrations.dbt_finance.jit import wire, wire_auth
from integrations.dbt_finance.jit.states import BillAnswers, states_of
from sandbox.dbt_finance import checks

PAYLOADS = Path(__file__).parents[2] / "payloads" / "dbt_finance"
BILL = "UKB42612345678901001"
PAYMENT = "UKE42612345678901001"
SETTINGS = DbtFinanceSettings(
    client_id="c",
    hmac_secret="h",
    ssu_ia_id="905",
    ddo_code="UKDDN0101",
    grantee_code="GAUKDSW001",
    allotment_id="10451",
    head_of_account="2235-60-102-03-00-42",
)
ORDER = PaymentInstruction(
    BILL,
    date(2026, 11, 24),
    "uk-old-age-pension",
    "Pension of November 2026",
    (Payee(PAYMENT, "सीता देवी", "30001234500", "SBIN0000630", 150005, "9800000001", "Dehradun"),),
)
REFERENCE = BillReference(BILL, date(2026, 11, 24), PAYMENT)


def golden(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes().rstrip(b"\n")


def record(name: str, service: str) -> wire.Record:
    return wire.read_reply(golden(name), service).records[0]


def test_an_instruction_is_written_as_the_golden_message_without_aadhaar():
    assert wire.message("PI", wire.instruction_params(ORDER, SETTINGS)) == golden("pi_request.json")
    assert b"adhaar" not in golden("pi_request.json").lower()


def test_the_sandbox_takes_the_golden_instruction():
    client = {"ssu_ia_id": "905"}
    params = json.loads(golden("pi_request.json"))["params"]
    assert checks.faults_of_instruction(params, client) == []


def test_an_accepted_instruction_is_read():
    assert wire.is_accepted(record("pi_accepted.json", "PI"), BILL)


def test_pis_pag_pd_and_fd_lead_to_the_state_that_a_citizen_sees():
    status = wire.instruction_status(record("pis.json", "PIS"), BILL)
    advice = wire.advice(record("pag.json", "PAG"), BILL)
    debits = wire.debits(record("pd.json", "PD"), BILL)
    failures = wire.failures(record("fd.json", "FD"), BILL)
    now = datetime(2026, 12, 1, tzinfo=UTC)

    def state(*heard: object):
        return states_of([REFERENCE], BillAnswers(*heard, now))[PAYMENT]

    assert (status.net_paise, status.payee_count, status.scheme_code) == (150005, 1, "uk-old-age-pension")
    assert state(status, None, (), ()).status is PaymentStatus.INSTRUCTED
    assert state(status, advice, (), ()).at == datetime(2026, 11, 25, tzinfo=IST)
    credited = state(status, advice, debits, ())
    assert (credited.status, credited.utr_last4) == (PaymentStatus.CREDITED, "6543")
    assert credited.at == datetime(2026, 11, 26, 11, 29, 2, tzinfo=IST)
    returned = state(status, advice, debits, failures)
    assert (returned.status, returned.return_code) == (PaymentStatus.RETURNED, "53")


def test_a_bill_that_the_treasury_does_not_know_has_no_state():
    assert states_of([REFERENCE], BillAnswers(None, None, (), (), datetime(2026, 12, 1, tzinfo=UTC))) == {}


@pytest.mark.parametrize(("text", "code"), json.loads(golden("rejects.json")).items())
def test_every_published_reject_has_its_code(text: str, code: str):
    assert wire.reject_code((text,)) == code


def test_a_record_of_another_bill_is_never_read():
    with pytest.raises(wire.OtherBill):
        wire.debits(record("pd.json", "PD"), "UKB-another")


@pytest.mark.parametrize(
    "content", [b"<html>", b"[]", b'{"serviceId":"PD","data":[]}', b'{"serviceId":"PIS","data":[1]}']
)
def test_what_does_not_have_the_published_form_is_unreadable(content: bytes):
    with pytest.raises(wire.Unreadable):
        wire.read_reply(content, "PIS")


@pytest.mark.parametrize("name", ["billNetAmount", "payInstDate", "totalNumberOfBeneficiary"])
def test_a_field_of_another_form_is_unreadable_and_not_told(name: str):
    spoiled = {**record("pis.json", "PIS"), name: "1e999 x"}
    with pytest.raises(wire.Unreadable) as failure:
        wire.instruction_status(spoiled, BILL)
    assert "1e999" not in str(failure.value)


def test_both_sides_agree_with_signatures_made_by_openssl():
    vector = json.loads(golden("signature.json"))
    body, at = vector["body"].encode(), datetime.fromtimestamp(vector["timestamp"], UTC)
    client, secret = vector["client_id"], vector["hmac_secret"]
    headers = wire_auth.request_headers(client, secret, vector["service"], body, at)
    assert headers["x-signature"] == vector["signature"]
    known = {"client_id": client, "hmac_secret": secret}
    assert checks.request_is_genuine(headers, known, "PIS", body, (at,))
    assert not checks.request_is_genuine(headers, known, "PI", body, (at,))
    answer, signature = vector["answer"].encode(), vector["answer_signature"]
    assert wire_auth.answer_is_genuine(secret, vector["signature"], 200, answer, signature)
    assert not wire_auth.answer_is_genuine(secret, vector["signature"], 200, answer + b" ", signature)


def test_money_is_summed_in_paise_and_no_account_shows_in_a_repr():
    shown = repr(ORDER)
    assert ORDER.net_paise == 150005
    assert "30001234500" not in shown
    assert "सीता" not in shown

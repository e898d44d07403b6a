"""What PFMS's stand-in checks and does, by docs/contracts/dbt_finance.md section 9."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.dbt_finance.pfms.answers import read_answer
from integrations.dbt_finance.pfms.files import beneficiary_file, payment_file
from integrations.dbt_finance.pfms.models import (
    BankStatus,
    BatchAcknowledgement,
    BeneficiaryPurpose,
    FileKind,
    LineStatus,
    PaymentBatch,
    PaymentMethod,
)
from integrations.dbt_finance.pfms.names import beneficiary_batch_id, file_name
from integrations.dbt_finance.pfms.scheme_terms import CentralShare, FileForms
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from integrations.dbt_finance.pfms.signing import FileSigner
from sandbox.dbt_finance.pfms.office import Office
from sandbox.dbt_finance.pfms.system import new_seal
from sandbox.dbt_finance.pfms.times import APBS_CODES, DEFAULTS, course
from tests.support.pfms import TERMS, TODAY, Pfms, aadhaar_of, beneficiary, payment, payments, registration

pytestmark = pytest.mark.integration


def give(pfms: Pfms, kind: FileKind, name: str, content: bytes) -> None:
    """Put a request there without a line: what another client might do."""
    pfms.sandbox.actions["look"]({})
    office = pfms.sandbox.services[0]._door
    office.files.put(f"/out/{kind.value}/{name}", content)
    office.arrived(f"/out/{kind.value}/{name}")


def register(pfms: Pfms, *lines, number: int = 1) -> dict[str, str]:
    """Register beneficiaries at once; their CPSMS ids by ours."""
    batch = registration(*lines, number=number)
    give(
        pfms,
        FileKind.BENEFICIARIES,
        file_name(batch.message_id),
        beneficiary_file(batch, pfms.identity, pfms.papers.signer),
    )
    pfms.pick_up()
    found = pfms.sandbox.actions["beneficiaries"]({})["beneficiaries"]
    return {row["id"]: row["cpsms_id"] for row in found if row["state"] == "ACCP"}


def pay(pfms: Pfms, batch: PaymentBatch) -> list[dict]:
    """Hand a payment file over and let it be taken."""
    give(pfms, FileKind.PAYMENTS, file_name(batch.message_id), payment_file(batch, pfms.identity, pfms.papers.signer))
    return pfms.pick_up()


async def read(pfms: Pfms, exchange: SftpExchange, *kinds: FileKind) -> list:
    """The answers that lie there, archived."""
    found = []
    for each in await exchange.list_incoming():
        if each.kind in kinds:
            found.append(read_answer(each.name, await exchange.fetch(each.kind, each.name), pfms.trust))
            await exchange.archive(each.kind, each.name)
    return found


async def test_answers_of_one_moment_have_names_of_their_own(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    pay(pfms, payments(payment(1, ids["BEN-1"])))

    names = [each.name for each in await exchange.list_incoming() if each.kind is FileKind.BANK_STATUSES]
    assert len(names) == len(set(names)) == 2
    for name in names:
        await exchange.archive(FileKind.BANK_STATUSES, name)
    pfms.sandbox.actions["return_payment"]({"end_to_end_id": "UKOAP26110000001", "code": "54"})
    (later,) = [each.name for each in await exchange.list_incoming() if each.kind is FileKind.BANK_STATUSES]
    assert later not in names


@pytest.mark.parametrize("long", [False, True])
async def test_a_batch_of_beneficiaries_is_taken_under_both_public_forms_of_its_id(pfms: Pfms, *, long: bool):
    pfms.at_once()
    batch = dataclasses.replace(
        registration(beneficiary(1)), batch_id=beneficiary_batch_id("0905", TODAY, 1, long=long)
    )
    content = beneficiary_file(batch, pfms.identity, pfms.papers.signer)
    give(pfms, FileKind.BENEFICIARIES, file_name(batch.message_id), content)

    pfms.pick_up()

    found = pfms.sandbox.actions["beneficiaries"]({})["beneficiaries"]
    assert [(row["id"], row["state"]) for row in found] == [("BEN-1", "ACCP")]


async def test_one_wrong_line_rejects_the_whole_batch(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    ids = register(pfms, beneficiary(1), beneficiary(2))
    (taken,) = pay(pfms, payments(payment(1, ids["BEN-1"]), payment(2, "U000000009999")))

    assert taken["effect"].startswith("rejected")
    (nack,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS)
    assert not nack.accepted
    assert {row.end_to_end_id: row.codes for row in nack.rows} == {
        "UKOAP26110000001": ("DBE0003",),
        "UKOAP26110000002": ("DBE0007",),
    }
    assert pfms.orders() == []
    assert await exchange.is_sent(FileKind.PAYMENTS, "0905DBTPAYREQ241120261.xml")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_number": "50100099999900"}, "DBE0008"),
        ({"ifsc": "SBIN0000999"}, "DBE0015"),
        ({"beneficiary_id": "BEN-2"}, "DBE0007"),
    ],
)
async def test_a_payment_to_another_account_than_the_registered_one_rejects_its_batch(
    pfms: Pfms, exchange: SftpExchange, changes: dict[str, str], code: str
):
    pfms.at_once()
    ids = register(pfms, beneficiary(1), beneficiary(2))
    pay(pfms, payments(payment(1, ids["BEN-1"], **changes)))

    (nack,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS)
    assert (nack.accepted, [row.codes for row in nack.rows]) == (False, [(code,)])
    assert pfms.orders() == []


async def test_a_payment_to_another_aadhaar_number_than_the_registered_one_rejects_its_batch(
    pfms: Pfms, exchange: SftpExchange
):
    pfms.at_once()
    ids = register(pfms, beneficiary(1, aadhaar=aadhaar_of(1)))
    pay(pfms, payments(payment(1, ids["BEN-1"], aadhaar=aadhaar_of(2)), method=PaymentMethod.AADHAAR))

    (nack,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS)
    assert (nack.accepted, [row.codes for row in nack.rows]) == (False, [("DBE0008",)])


@pytest.mark.parametrize(
    ("terms", "forms", "codes"),
    [
        ({"share": CentralShare()}, {}, {"DBE0001"}),
        ({"share": CentralShare(paise=10_000)}, {}, {"DBE0001"}),
        ({"purpose": "7002"}, {}, {"DBE0001"}),
        ({"beneficiary_type": "4282"}, {}, {"DBE0001"}),
        ({"mission_code": "EXXX9"}, {}, {"DBE0003"}),
        ({"mission_code": ""}, {}, {"DBE0003"}),
        ({}, {"account_beside_creditor": True}, {"DBE0001"}),
        ({}, {"payment_receiver": "CPSMS"}, {"DBE0002", "DBE0003"}),
    ],
)
async def test_what_was_agreed_for_a_scheme_is_checked_in_each_payment_file(
    pfms: Pfms, exchange: SftpExchange, terms: dict[str, Any], forms: dict[str, Any], codes: set[str]
):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    batch = dataclasses.replace(payments(payment(1, ids["BEN-1"])), terms=dataclasses.replace(TERMS, **terms))
    identity = dataclasses.replace(pfms.identity, forms=FileForms(**forms))
    give(pfms, FileKind.PAYMENTS, file_name(batch.message_id), payment_file(batch, identity, pfms.papers.signer))
    pfms.pick_up()

    (nack,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS)
    assert not nack.accepted
    assert codes <= {*nack.codes, *(code for row in nack.rows for code in row.codes)}
    assert pfms.orders() == []


@pytest.mark.parametrize(
    ("there", "instead", "code"),
    [
        (b"<OrgId><Cd>UKDD0001</Cd>", b"<OrgId><Cd>UKXX0009</Cd>", "DBE0003"),
        (b"<PmtInfDt>2026-11-24", b"<PmtInfDt>24-11-2026", "DBE0003"),
        (b"<PrvcCd>5</PrvcCd>", b"<PrvcCd>UK</PrvcCd>", "DBE0001"),
        (b"<FrmDt>2026-11-01", b"<FrmDt>November", "DBE0001"),
    ],
)
async def test_a_payment_file_with_an_element_of_another_form_is_rejected(
    pfms: Pfms, exchange: SftpExchange, there: bytes, instead: bytes, code: str
):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    batch = payments(payment(1, ids["BEN-1"]))
    head, _, rest = payment_file(batch, pfms.identity, pfms.papers.signer).partition(b"<ds:Signature")
    content = head + rest.partition(b"</ds:Signature>")[2]
    assert there in content
    give(pfms, FileKind.PAYMENTS, file_name(batch.message_id), content.replace(there, instead))
    pfms.pick_up()

    (nack,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS)
    assert not nack.accepted
    assert code in {*nack.codes, *(code for row in nack.rows for code in row.codes)}


@pytest.mark.parametrize(
    ("there", "instead", "code"),
    [
        (b"<OrgId><Cd>UKDD0001</Cd>", b"<OrgId><Cd>UKXX0009</Cd>", "DBE0003"),
        (b"<CstmrInfDt>2026-11-24", b"<CstmrInfDt>24-11-2026", "DBE0003"),
        (b"<PrvcCd>5</PrvcCd>", b"<PrvcCd>UK</PrvcCd>", "DBE0012"),
    ],
)
async def test_a_beneficiary_file_with_an_element_of_another_form_is_rejected(
    pfms: Pfms, there: bytes, instead: bytes, code: str
):
    pfms.at_once()
    batch = registration(beneficiary(1))
    head, _, rest = beneficiary_file(batch, pfms.identity, pfms.papers.signer).partition(b"<ds:Signature")
    content = head + rest.partition(b"</ds:Signature>")[2]
    assert there in content
    give(pfms, FileKind.BENEFICIARIES, file_name(batch.message_id), content.replace(there, instead))

    (told,) = pfms.pick_up()

    assert told["effect"].startswith("rejected")
    assert code in told["effect"] or code in told["wrong_lines"].values()


async def test_an_id_that_was_used_is_rejected_and_the_first_order_stays_alone(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    first = payments(payment(1, ids["BEN-1"]))
    pay(pfms, first)
    same_payment = payments(payment(1, ids["BEN-1"]), number=2)
    same_batch = dataclasses.replace(
        payments(payment(2, ids["BEN-1"], beneficiary_id="BEN-1"), number=3), batch_id=first.batch_id
    )

    told = [*pay(pfms, first), *pay(pfms, same_payment), *pay(pfms, same_batch)]

    assert [each["effect"] for each in told] == ["rejected DBE0004", "rejected", "rejected DBE0004"]
    assert told[1]["wrong_lines"] == {"UKOAP26110000001": "DBE0018"}
    assert [order["end_to_end_id"] for order in pfms.orders()] == ["UKOAP26110000001"]
    effects = [each["key"] for each in pfms.sandbox.ledger.entries() if each["effect"] == "order taken"]
    assert effects == ["UKOAP26110000001"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"<CtrlSum>1500.00", b"<CtrlSum>1500.01"), "DBE0001"),
        ((b"<MsgId>0905", b"<MsgId>0906"), "DBE0001"),
    ],
)
async def test_a_file_that_was_changed_after_it_was_signed_is_rejected(pfms: Pfms, exchange, change, code):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    batch = payments(payment(1, ids["BEN-1"]))
    content = payment_file(batch, pfms.identity, pfms.papers.signer).replace(*change)
    give(pfms, FileKind.PAYMENTS, file_name(batch.message_id), content)

    (told,) = pfms.pick_up()

    assert told["effect"] == f"rejected {code}"
    (nack,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS)
    assert (nack.message_id, nack.accepted, nack.codes) == (batch.message_id, False, (code,))


async def test_an_unsigned_file_waits_for_its_advice_on_paper(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    batch = payments(payment(1, ids["BEN-1"]))
    signed = payment_file(batch, pfms.identity, pfms.papers.signer)
    head, _, rest = signed.partition(b"<ds:Signature")
    give(pfms, FileKind.PAYMENTS, file_name(batch.message_id), head + rest.partition(b"</ds:Signature>")[2])

    assert pfms.pick_up()[0]["effect"] == "waits"
    assert pfms.orders() == []
    pfms.sandbox.actions["approve_advice"]({"message_id": batch.message_id})
    assert len(pfms.orders()) == 1


async def test_every_return_code_of_apbs_comes_in_a_return_file(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    numbers = list(enumerate(APBS_CODES, 1))
    suffixes = {number: f"501000123458{code}" for number, code in numbers}
    accepted = {number: suffix for number, suffix in suffixes.items() if suffix[-2:] not in {"01", "16"}}
    ids = register(
        pfms,
        *(
            beneficiary(number, accepted.get(number, "501000123400"), aadhaar=aadhaar_of(number))
            for number, _ in numbers
        ),
    )
    lines = [
        payment(number, ids[f"BEN-{number}"], account_number=None, ifsc="", aadhaar=aadhaar_of(number))
        for number, _ in numbers
    ]
    pay(pfms, payments(*lines, method=PaymentMethod.AADHAAR))
    pfms.sandbox.actions["return_payment"]({"end_to_end_id": "UKOAP26110000001", "code": "01"})

    statuses = await read(pfms, exchange, FileKind.APBS_RETURNS)
    rows = {row.end_to_end_id: row for status in statuses for row in status.rows}
    assert sorted(row.codes[0] for row in rows.values()) == sorted(APBS_CODES)
    assert {row.status for row in rows.values()} == {LineStatus.RETURNED}
    assert {row.amount_paise for row in rows.values()} == {150_000}


async def test_no_aadhaar_number_and_no_account_lies_open_at_the_sandbox(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    number = aadhaar_of(7)
    ids = register(pfms, beneficiary(1, "50100077777700", aadhaar=number))
    pay(
        pfms,
        payments(payment(1, ids["BEN-1"], account_number=None, aadhaar=number), method=PaymentMethod.AADHAAR),
    )

    (order,) = pfms.orders()
    assert (order["aadhaar_last4"], order["last4"], len(order["aadhaar_hmac"])) == (number[-4:], "7700", 64)
    pfms.sandbox.ledger.entries()
    for path in pfms.home.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert number.encode() not in content
            assert b"50100077777700" not in content


async def test_acknowledgements_come_out_of_order_where_a_fault_delays_them(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    pfms.faults({"kind": "latency", "route": "/in/payment-ack", "params": {"seconds": 3600}})
    pay(pfms, payments(payment(1, ids["BEN-1"])))

    early = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS, FileKind.BANK_STATUSES)
    assert {type(each) for each in early} == {BankStatus}
    pfms.pass_time(hours=2)
    (late,) = await read(pfms, exchange, FileKind.ACKNOWLEDGEMENTS, FileKind.BANK_STATUSES)
    assert isinstance(late, BatchAcknowledgement)


async def test_an_answer_comes_twice_and_one_is_of_an_unknown_batch(pfms: Pfms, exchange: SftpExchange):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    pfms.faults({"kind": "duplicate", "route": "/in/payment-ack"}, {"kind": "foreign", "route": "/in/payment-ack"})
    pay(pfms, payments(payment(1, ids["BEN-1"])))

    files = [each for each in await exchange.list_incoming() if each.kind is FileKind.ACKNOWLEDGEMENTS]
    contents = [await exchange.fetch(each.kind, each.name) for each in files]
    acks = [read_answer(each.name, content, pfms.trust) for each, content in zip(files, contents, strict=True)]
    own = [ack for ack in acks if ack.batch_id == "CP0905241120261"]
    assert len(own) == 2
    assert len({ack.batch_id for ack in acks} - {"CP0905241120261"}) == 1
    assert len(set(contents)) < len(contents)


async def test_files_are_taken_by_the_citys_clock(pfms: Pfms, exchange: SftpExchange):
    batch = registration(beneficiary(1))
    await exchange.send(
        FileKind.BENEFICIARIES, file_name(batch.message_id), beneficiary_file(batch, pfms.identity, pfms.papers.signer)
    )
    assert pfms.sandbox.actions["look"]({})["out"] == {"beneficiary-request": 1}
    pfms.pass_time(minutes=14)
    assert pfms.sandbox.actions["look"]({})["out"] == {"beneficiary-request": 1}
    pfms.pass_time(minutes=2)
    assert pfms.sandbox.actions["look"]({})["out"] == {}
    assert await exchange.is_sent(FileKind.BENEFICIARIES, file_name(batch.message_id))


async def test_the_bank_works_in_three_runs_and_not_on_sundays(pfms: Pfms):
    pfms.sandbox.actions["configure"]({"check_minutes": 0, "validation_hours": 0})
    ids = register(pfms, beneficiary(1), beneficiary(2), beneficiary(3))
    debits = []
    for number, days in ((1, 0), (2, 4), (3, 0)):  # Tuesday, Saturday the 28th, the same
        pfms.pass_time(days=days, hours=4 if number == 1 else 1)
        day = (pfms.clock.now() + timedelta(hours=5, minutes=30)).date()
        pay(pfms, payments(payment(number, ids[f"BEN-{number}"]), number=number, day=day, at=pfms.clock.now()))
        debits.append(pfms.orders()[-1]["debit_at"])
    assert debits[0] == f"{TODAY.isoformat()}T08:30:00Z"
    assert {day[:10] for day in debits[1:]} == {"2026-11-30"}  # the fourth Saturday and Sunday are skipped


async def test_a_sandbox_that_was_killed_halfway_finds_its_files_again(pfms: Pfms):
    pfms.at_once()
    ids = register(pfms, beneficiary(1), beneficiary(2))
    office = pfms.sandbox.services[0]._door
    taken, fresh = payments(payment(1, ids["BEN-1"])), payments(payment(2, ids["BEN-2"]), number=2)
    contents = {each.message_id: payment_file(each, pfms.identity, pfms.papers.signer) for each in (taken, fresh)}
    pay(pfms, taken)
    for message, content in contents.items():  # written and renamed, but neither noted nor moved away
        office.files.put(f"/out/payment-request/{message}.xml", content)

    again = Office(pfms.sandbox.services[0]._door.looked.__self__._desk)
    assert office.files.names("/out/payment-request") == [f"{fresh.message_id}.xml"]
    again.pick_up()
    assert [order["end_to_end_id"] for order in pfms.orders()] == ["UKOAP26110000001", "UKOAP26110000002"]


def delete(pfms: Pfms, number: int, cpsms_id: str, *, of: int = 1) -> list[dict]:
    """Hand over a file that deletes one beneficiary."""
    line = beneficiary(of, purpose=BeneficiaryPurpose.DELETE, cpsms_id=cpsms_id, account_number=None)
    batch = registration(line, number=number)
    content = beneficiary_file(batch, pfms.identity, pfms.papers.signer)
    give(pfms, FileKind.BENEFICIARIES, file_name(batch.message_id), content)
    return pfms.pick_up()


async def test_a_deleted_beneficiary_is_answered_and_a_payment_to_her_rejects_its_batch(
    pfms: Pfms, exchange: SftpExchange
):
    pfms.at_once()
    ids = register(pfms, beneficiary(1), beneficiary(2))
    await read(pfms, exchange, FileKind.BENEFICIARY_ANSWERS)
    assert delete(pfms, 2, ids["BEN-1"])[0]["effect"] == "taken"
    (answer,) = await read(pfms, exchange, FileKind.BENEFICIARY_ANSWERS)
    assert [(row.id, row.status) for row in answer.rows] == [("BEN-1", LineStatus.ACCEPTED)]

    (told,) = pay(pfms, payments(payment(1, ids["BEN-1"]), payment(2, ids["BEN-2"])))
    assert told["wrong_lines"] == {"UKOAP26110000001": "DBE0007"}
    assert pfms.orders() == []
    assert register(pfms, beneficiary(1), number=3)["BEN-1"], "she may be registered anew"


async def test_only_who_is_there_under_her_code_can_be_deleted(pfms: Pfms):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    wrong = [delete(pfms, 2, "U999999999999"), delete(pfms, 3, ids["BEN-1"], of=7)]
    assert delete(pfms, 4, ids["BEN-1"])[0]["effect"] == "taken"
    wrong.append(delete(pfms, 5, ids["BEN-1"]))
    assert [told[0]["wrong_lines"] for told in wrong] == [
        {"BEN-1": "DBE0007"},
        {"BEN-7": "DBE0007"},
        {"BEN-1": "DBE0007"},
    ]


async def test_a_file_counts_if_any_enrolled_certificate_signed_it_and_not_once_it_was_declined(
    pfms: Pfms, exchange: SftpExchange
):
    pfms.at_once()
    ids = register(pfms, beneficiary(1))
    new = new_seal("source", pfms.clock.now())
    signer = FileSigner(new["key"], new["certificate"])

    def handed(number: int) -> str:
        batch = payments(payment(number, ids["BEN-1"], beneficiary_id="BEN-1"), number=number)
        content = payment_file(batch, pfms.identity, signer)
        give(pfms, FileKind.PAYMENTS, file_name(batch.message_id), content)
        return str(pfms.pick_up()[0]["effect"])

    assert handed(1) == "rejected DBE0001"
    pfms.sandbox.actions["enrol_signer"]({"certificate": new["certificate"]})
    assert handed(2) == "taken"
    pfms.sandbox.actions["enrol_signer"]({"certificate": new["certificate"], "code": "DBE0003"})
    assert handed(3) == "rejected DBE0001"
    told = await read(pfms, exchange, FileKind.ENROLMENTS)
    assert [(each.fingerprint, each.accepted, each.codes) for each in told] == [
        (signer.fingerprint, True, ()),
        (signer.fingerprint, False, ("DBE0003",)),
    ]


@pytest.mark.parametrize("runs", [[], None])
def test_without_runs_of_the_bank_a_payment_is_debited_when_it_is_taken(runs: list[str] | None) -> None:
    taken_at = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)  # a Sunday night
    course_of_it = course("0000", taken_at, {**DEFAULTS, "bank_runs": runs, "credit_hours": 0})
    assert (course_of_it.debit_at, course_of_it.credit_at) == (taken_at, taken_at)

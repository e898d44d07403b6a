"""Request files: their form by the contract, the same bytes for the same batch, and lines that are never sent."""

import dataclasses
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from domain.kernel import paise_from_rupees
from integrations.dbt_finance.pfms.files import beneficiary_file, payment_file
from integrations.dbt_finance.pfms.line_rules import faults_of_beneficiary, faults_of_payment
from integrations.dbt_finance.pfms.models import BadLine, BeneficiaryPurpose, PaymentMethod
from integrations.dbt_finance.pfms.names import (
    answered_at,
    answered_message_id,
    beneficiary_batch_id,
    beneficiary_message_id,
    file_name,
    is_safe,
    payment_batch_id,
    payment_message_id,
)
from integrations.dbt_finance.pfms.scheme_terms import CentralShare, FileForms, SchemeTerms
from integrations.dbt_finance.pfms.signing import FileSigner, signed_part
from tests.support.pfms import TERMS, TODAY, Pfms, aadhaar_of, beneficiary, open_pfms, payment, payments, registration

GOLDEN = Path(__file__).parent / "golden"
NUMBER = aadhaar_of(1)


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Pfms:
    """A sandbox of which only the onboarding is used; no port is listened on."""
    world = open_pfms(tmp_path_factory.mktemp("pfms"))
    world.sandbox.close()
    return world


def plain(content: bytes) -> str:
    """The document without its signature, indented."""
    root = etree.fromstring(content)
    for signature in root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        root.remove(signature)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def test_a_payment_file_has_the_form_of_the_contract(closed: Pfms):
    batch = payments(payment(1, "U1234567"), payment(2, "U1234568", amount_paise=5))
    content = payment_file(batch, closed.identity, closed.papers.signer)

    assert plain(content) == (GOLDEN / "payment.xml").read_text(encoding="utf-8")


def test_a_beneficiary_file_has_the_form_of_the_contract(closed: Pfms):
    whole = beneficiary(
        2,
        address=("House 5", "Clement Town & Co <1>"),
        village_lgd="12345",
        block_lgd="678",
        subdistrict_lgd="304",
        pin_code="248002",
        gender="F",
        born_on=date(1955, 1, 2),
        mobile="9800000001",
    )
    deleted = beneficiary(3, purpose=BeneficiaryPurpose.DELETE, cpsms_id="U1234567")
    content = beneficiary_file(registration(beneficiary(1), whole, deleted), closed.identity, closed.papers.signer)

    assert plain(content) == (GOLDEN / "beneficiary.xml").read_text(encoding="utf-8")


def test_the_sample_of_the_contract_is_what_is_written(closed: Pfms):
    """docs/contracts/dbt_finance.md section 2.4, element by element, where the sample has one."""
    sample = (
        "MsgId 0905DBTPAYREQ241120261, CreDtTm 2026-11-24T08:30:00, NbOfTxs 1, CtrlSum 1500.00, Src 0905, Dest PFMS, "
        "Nm DSWO Dehradun, Id UKDD0001, PmtInfId CP0905241120261, PmtInfDt 2026-11-24, Cd EOAP1, Cd CP0905241120261, "
        "Cd UKDD0001, Nm DSWO Dehradun, SchmeCd UKOAP, PmtMtd A, BtchBookg true, ReqdExctnDt 2026-11-24, "
        "EndToEndId UKOAP26110000001, CtreAmt 200.00, PrvcAmt 1300.00, InstdAmt 1500.00, BICFI STATE BANK OF INDIA, "
        "BrnchId SBIN0000630, Id BEN-1, CPSMSId U1234567, Tp 4281, Nm Sita Devi, DstCd 49, PrvcCd 5, "
        "BBAN 50100012345600, Cd 7001, CtreAmt 200.00, PrvcAmt 1300.00, InstdAmt 1500.00, FrmDt 2026-11-01"
    )
    root = etree.fromstring(payment_file(payments(payment(1, "U1234567")), closed.identity, closed.papers.signer))
    told = [f"{etree.QName(each).localname} {each.text}" for each in root.iter() if len(each) == 0]
    written = iter(told)
    assert all(part in written for part in sample.split(", "))
    assert root.tag == "{http://cpsms.nic.in/PaymentRequest}DbtPayment"


def elements(content: bytes, path: str) -> list[str | None]:
    """The texts below each element of a path, in their order."""
    root = etree.fromstring(content)
    return [each.text for found in root.iterfind(path) for each in found.iter() if len(each) == 0]


@pytest.mark.parametrize(
    ("share", "mission_code", "shares", "authorities"),
    [
        ("central", "EOAP1", ["1500.00", "0.00", "1500.00"], ["EOAP1"]),
        ("state", "", [None, "1500.00", "1500.00"], ["TKN1"]),
        ({"central_percent": "60"}, "EOAP1", ["900.00", "600.00", "1500.00"], ["EOAP1", "TKN1"]),
        ({"central_rupees": "200.00"}, "EOAP1", ["200.00", "1300.00", "1500.00"], ["EOAP1", "TKN1"]),
    ],
)
def test_a_file_says_whose_money_it_is_and_by_what_authority(closed: Pfms, share, mission_code, shares, authorities):
    given = {"share": share, "mission_code": mission_code, "purpose": "7001", "authorisation": "TKN1"}
    batch = dataclasses.replace(payments(payment(1, "U1234567")), terms=SchemeTerms.from_onboarding(given))
    content = payment_file(batch, closed.identity, closed.papers.signer)

    assert elements(content, ".//{*}CdtTrfTxInf/{*}Amt") == shares
    assert elements(content, ".//{*}Purp") == ["7001", *shares]
    assert elements(content, ".//{*}PmtAuthCtre") + elements(content, ".//{*}PmtAuthPrvc") == authorities


def test_type_title_and_remark_are_those_of_the_scheme_and_the_account_stands_in_the_creditor(closed: Pfms):
    terms = dataclasses.replace(TERMS, title="Smt", remark="Widow pension")
    batch = dataclasses.replace(payments(payment(1, "U1234567")), terms=terms)
    content = payment_file(batch, closed.identity, closed.papers.signer)

    creditor = next(etree.fromstring(content).iter("{*}Cdtr"))
    names = ["PrTry", "CPSMSId", "Tp", "Titl", "Nm", "PstlAdr", "CdtrAcct"]
    assert [etree.QName(each).localname for each in creditor] == names
    assert elements(content, ".//{*}Tp") + elements(content, ".//{*}Titl") == ["4281", "Smt"]
    assert elements(content, ".//{*}RmtInf/{*}RltdInf") == ["Widow pension Nov 2026"]


def test_forms_that_differ_between_public_files_follow_the_settings(closed: Pfms):
    forms = FileForms.from_onboarding(
        {"payment_receiver": "CPSMS", "batch_as_organisation": True, "account_beside_creditor": True}
    )
    identity = dataclasses.replace(closed.identity, forms=forms)
    content = payment_file(payments(payment(1, "U1234567")), identity, closed.papers.signer)

    assert elements(content, ".//{*}Dest") == ["CPSMS"]
    assert elements(content, ".//{*}OrgId/{*}Nm") == ["CP0905241120261"]
    assert elements(content, ".//{*}CdtTrfTxInf/{*}CdtrAcct") == ["50100012345600"]
    assert elements(content, ".//{*}Cdtr/{*}CdtrAcct") == []


def written(closed: Pfms, given: dict, **identity: object) -> bytes:
    """A payment file of a state's scheme under forms that differ."""
    own = dataclasses.replace(closed.identity, forms=FileForms.from_onboarding(given), **identity)
    terms = dataclasses.replace(TERMS, share=CentralShare(), mission_code="")
    batch = dataclasses.replace(payments(payment(1, "U1234567"), payment(2, "U12345", amount_paise=5)), terms=terms)
    return payment_file(batch, own, closed.papers.signer)


@pytest.mark.parametrize(
    ("given", "path", "texts"),
    [
        ({}, ".//{*}CdtTrfTxInf/{*}Amt/{*}InstdAmt", ["1500.00", "0.05"]),
        ({"central_share_named": True}, ".//{*}CdtTrfTxInf/{*}Amt/{*}CtreAmt", ["0.00", "0.00"]),
        ({"whole_rupees": True}, ".//{*}CdtTrfTxInf/{*}Amt/{*}InstdAmt", ["1500", "0.05"]),
        ({"whole_rupees": True}, ".//{*}CtrlSum", ["1500.05"]),
        ({"bank_by_ifsc": True}, ".//{*}CdtrAgt//{*}BICFI", ["SBIN0000630"] * 2),
        ({"bank_by_ifsc": True}, ".//{*}CdtrAgt//{*}BrnchId", ["000630"] * 2),
    ],
)
def test_shares_decimals_and_banks_have_the_forms_of_the_settings(closed: Pfms, given: dict, path: str, texts: list):
    assert elements(written(closed, given), path) == texts


def test_districts_and_banks_have_the_names_that_pfms_gave_them(closed: Pfms):
    content = written(closed, {}, district_codes={"49": "60"}, bank_names={"STATE BANK OF INDIA": "SBI"})

    assert elements(content, ".//{*}DstCd") == ["60", "60"]
    assert elements(content, ".//{*}BICFI") == ["SBI", "SBI"]


def test_a_form_that_there_is_not_is_not_read():
    with pytest.raises(ValueError, match="forms"):
        FileForms.from_onboarding({"whole_rupee": True})


def test_long_ids_of_batches_bear_the_source_from_the_first():
    assert beneficiary_batch_id("0905", TODAY, 1, long=True) == "CB09052411260001"
    assert payment_batch_id("0905", TODAY, 1, long=True) == "CP09052411260001"


@pytest.mark.parametrize(
    "given",
    [
        {"share": "central", "purpose": "7001"},
        {"share": "ours", "purpose": "7001"},
        {"share": {"central_percent": "100"}, "mission_code": "EOAP1", "purpose": "7001"},
        {"share": "state"},
        {"share": "state", "purpose": "7001", "beneficiary_type": "Gold"},
    ],
)
def test_terms_that_cannot_be_are_not_read(given: dict):
    with pytest.raises(ValueError, match=r"."):
        SchemeTerms.from_onboarding(given)


def test_the_same_batch_gives_the_same_bytes_after_a_restart(closed: Pfms):
    batch = payments(payment(1, "U1234567"))
    again = FileSigner(closed.given["signing_key"], closed.given["signing_certificate"])

    first = payment_file(batch, closed.identity, closed.papers.signer)
    other = dataclasses.replace(batch, terms=dataclasses.replace(TERMS, authorisation="T1"))
    assert payment_file(batch, closed.identity, again) == first
    assert payment_file(other, closed.identity, again) != first


def test_the_signature_is_what_the_contract_asks_for(closed: Pfms):
    content = payment_file(payments(payment(1, "U1234567")), closed.identity, closed.papers.signer)
    root = etree.fromstring(content)
    signature = root[-1]
    algorithms = {
        etree.QName(each).localname: each.get("Algorithm") for each in signature.iter() if each.get("Algorithm")
    }

    assert algorithms["CanonicalizationMethod"] == "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    assert algorithms["SignatureMethod"].endswith("#rsa-sha256")
    assert algorithms["DigestMethod"].endswith("#sha256")
    names = {etree.QName(each).localname for each in signature.iter()}
    assert {"X509Certificate", "RSAKeyValue"} <= names
    assert [each.get("URI") for each in signature.iter("{*}Reference")] == [""]
    part = signed_part(root, [closed.given["signing_certificate"]], closed.clock.now())
    assert part.findtext(".//{*}CtrlSum") == "1500.00"


def test_a_payment_by_aadhaar_carries_no_account_and_one_by_account_no_aadhaar(closed: Pfms):
    both = payment(1, "U1234567", aadhaar=NUMBER)
    by_account = payment_file(payments(both), closed.identity, closed.papers.signer)
    by_aadhaar = payment_file(payments(both, method=PaymentMethod.AADHAAR), closed.identity, closed.papers.signer)

    assert NUMBER.encode() not in by_account
    assert b"<BBAN>50100012345600</BBAN>" in by_account
    assert b"50100012345600" not in by_aadhaar
    assert f"<SOSE>{NUMBER}</SOSE>".encode() in by_aadhaar


def test_nothing_personal_shows_in_a_repr_or_in_an_error(closed: Pfms):
    line = beneficiary(1, aadhaar=NUMBER, address=("House 5",), mobile="9800000001")
    texts = [repr(line), repr(payment(1, "U1", aadhaar=NUMBER)), repr(registration(line)), repr(closed.papers)]
    with pytest.raises(BadLine) as refused:
        payment_file(payments(payment(1, "U1234567", "12")), closed.identity, closed.papers.signer)
    texts += [str(refused.value), repr(refused.value)]
    for text in texts:
        for secret in (NUMBER, "50100012345600", "Sita", "सीता", "House", "9800000001", "BEGIN"):
            assert secret not in text


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"amount_paise": 0}, ("amount_paise",)),
        ({"amount_paise": -1}, ("amount_paise",)),
        ({"cpsms_id": ""}, ("cpsms_id",)),
        ({"name": " "}, ("name",)),
        ({"name": "a\x00b"}, ("name",)),
        ({"name": "a\nb"}, ("name",)),
        ({"ifsc": "SBIN1000630"}, ("ifsc",)),
        ({"account_number": None}, ("account_number",)),
        ({"bank_name": ""}, ("bank_name",)),
        ({"end_to_end_id": "A B"}, ("end_to_end_id",)),
        ({"period_from": date(2026, 12, 1)}, ("period_to",)),
    ],
)
def test_a_line_that_pfms_would_reject_is_not_sent(changes, fields):
    line = dataclasses.replace(payment(1, "U1234567"), **changes)
    assert faults_of_payment(line, PaymentMethod.ACCOUNT) == fields


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"cpsms_id": "U1234567"}, ("cpsms_id",)),
        ({"purpose": BeneficiaryPurpose.UPDATE}, ("cpsms_id",)),
        ({"bank_name": ""}, ("bank_name",)),
        ({"account_number": None}, ("account_number",)),
        ({"aadhaar": NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10)}, ("aadhaar",)),
        ({"district_lgd": ""}, ("district_lgd",)),
        ({"address": ("1", "2", "3", "4")}, ("address",)),
        ({"mobile": "12345"}, ("mobile",)),
        ({"benefit_type": "Gold"}, ("benefit_type",)),
    ],
)
def test_a_beneficiary_that_pfms_would_reject_is_not_sent(changes, fields):
    assert faults_of_beneficiary(dataclasses.replace(beneficiary(1), **changes)) == fields


def test_a_line_that_comes_twice_and_an_empty_batch_are_not_sent(closed: Pfms):
    with pytest.raises(BadLine) as twice:
        payment_file(payments(payment(1, "U1234567"), payment(1, "U1234567")), closed.identity, closed.papers.signer)
    assert (twice.value.number, twice.value.fields) == (2, ("id_twice",))
    with pytest.raises(ValueError, match="without lines"):
        payment_file(payments(), closed.identity, closed.papers.signer)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_the_sum_of_a_file_is_the_sum_of_its_lines_to_the_paisa(closed: Pfms, amounts):
    batch = payments(*(payment(number, "U1234567", amount_paise=paise) for number, paise in enumerate(amounts, 1)))
    root = etree.fromstring(payment_file(batch, closed.identity, closed.papers.signer))

    written = [each.text for each in root.iterfind(".//{*}CdtTrfTxInf/{*}Amt/{*}InstdAmt")]
    shares = [
        sum(paise_from_rupees(each.text) for each in amount[:2] if each.text)
        for amount in root.iterfind(".//{*}Purp/{*}Amt")
    ]
    assert shares == amounts
    assert [paise_from_rupees(text) for text in written] == amounts
    assert all(re.fullmatch(r"[0-9]+\.[0-9]{2}", text) for text in written)
    assert paise_from_rupees(root.findtext(".//{*}CtrlSum")) == sum(amounts)
    assert root.findtext(".//{*}NbOfTxs") == str(len(amounts))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=40))
def test_a_name_comes_through_as_it_is_or_is_refused(closed: Pfms, name):
    line = payment(1, "U1234567", name=name)
    if faults_of_payment(line, PaymentMethod.ACCOUNT):
        with pytest.raises(BadLine):
            payment_file(payments(line), closed.identity, closed.papers.signer)
        return
    root = etree.fromstring(payment_file(payments(line), closed.identity, closed.papers.signer))
    assert root.findtext(".//{*}Cdtr/{*}Nm") == name
    signed_part(root, [closed.given["signing_certificate"]], closed.clock.now())


def test_names_and_ids_are_those_of_the_contract():
    assert beneficiary_message_id("0905", TODAY, 1) == "0905DBTBENREQ241120261"
    assert payment_message_id("0905", TODAY, 12) == "0905DBTPAYREQ2411202612"
    assert beneficiary_batch_id("0038", date(2017, 2, 13), 2) == "1302170002"
    assert payment_batch_id("0905", TODAY, 1) == "CP0905241120261"
    assert payment_batch_id("0905", TODAY, 100) == "CP09052411260100"
    with pytest.raises(ValueError, match="9999"):
        payment_batch_id("0905", TODAY, 10_000)
    assert file_name("0905DBTPAYREQ241120261") == "0905DBTPAYREQ241120261.xml"
    assert answered_message_id("0905DBTPAYREQ241120261_24112026101502.xml") == "0905DBTPAYREQ241120261"
    assert answered_message_id("0077VENREGREQ31052021013_01062021161902.xml") is None
    assert str(answered_at("0905DBTPAYREQ241120261_24112026101502.xml")) == "2026-11-24 10:15:02+05:30"
    for bad in (("905", 1), ("0905", 0), ("0905", 1_000_000)):
        with pytest.raises(ValueError, match=r"."):
            payment_message_id(bad[0], TODAY, bad[1])
    with pytest.raises(ValueError, match="9999"):
        beneficiary_batch_id("0038", TODAY, 10_000)
    with pytest.raises(ValueError, match="message id"):
        file_name("../x")


@pytest.mark.parametrize(
    "name", ["../x.xml", "a/b", ".hidden", "x.xml.tmp", "x.reason", "", "a\x00", "x" * 200, "a..b"]
)
def test_a_name_that_is_no_plain_file_name_is_never_asked_for(name):
    assert not is_safe(name)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 999_999), st.dates(date(2020, 1, 1), date(2090, 1, 1)))
def test_ids_of_a_day_do_not_meet(number, day):
    other = payment_message_id("0905", day + timedelta(days=1), number)
    assert payment_message_id("0905", day, number) != other

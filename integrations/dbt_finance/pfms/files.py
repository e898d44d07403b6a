"""PFMS's XML request files, deterministic for a batch (docs/contracts/dbt_finance.md sections 2.2 and 2.4).

The text is written by hand and parsed once, since files have thousands of lines. Aadhaar numbers and accounts pass
through; nothing here keeps or logs them.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from xml.sax.saxutils import escape

from lxml import etree

from domain.kernel import IST, rupees
from integrations.dbt_finance.pfms.line_rules import faults_of_beneficiary, faults_of_payment
from integrations.dbt_finance.pfms.models import (
    BadLine,
    BeneficiaryBatch,
    BeneficiaryLine,
    BeneficiaryPurpose,
    PaymentBatch,
    PaymentLine,
    PaymentMethod,
    PfmsIdentity,
)
from integrations.dbt_finance.pfms.scheme_terms import FileForms, SchemeTerms
from integrations.dbt_finance.pfms.signing import FileSigner

BENEFICIARY_NAMESPACE = "http://cpsms.nic.in/BeneficiaryDataRequest"
PAYMENT_NAMESPACE = "http://cpsms.nic.in/PaymentRequest"
COUNTRY = "91"
_MARKUP = frozenset("&<>")


def beneficiary_file(batch: BeneficiaryBatch, identity: PfmsIdentity, signer: FileSigner) -> bytes:
    """The signed file of a beneficiary batch. Raises BadLine for the first line that PFMS would reject."""
    _check(batch.lines, faults_of_beneficiary, [line.id for line in batch.lines])
    agency = batch.agency
    owner = _enclose("OrgId", _el("Cd", agency.code), _el("Nm", agency.name), _el("SchmeCd", batch.scheme_code))
    header = _header(batch.message_id, batch.created_at, len(batch.lines), "", identity, "CPSMS", batch)
    lines = "".join(_enclose("CstmrTxInf", owner, _customer(line, identity)) for line in batch.lines)
    batch_day = _day(batch.created_at.astimezone(IST).date())
    info = _enclose("CstmrInf", _el("CstmrInfId", batch.batch_id), _el("CstmrInfDt", batch_day), lines)
    return _signed_document("DbtBeneficiaries", BENEFICIARY_NAMESPACE, _enclose("CstmrDtls", header, info), signer)


def payment_file(batch: PaymentBatch, identity: PfmsIdentity, signer: FileSigner) -> bytes:
    """The signed file of a payment batch. Raises BadLine for the first line that PFMS would reject."""
    method = batch.method
    _check(batch.lines, lambda line: faults_of_payment(line, method), [line.end_to_end_id for line in batch.lines])
    forms = identity.forms
    total = _el("CtrlSum", _amount(batch.total_paise, forms))
    header = _header(
        batch.message_id, batch.created_at, len(batch.lines), total, identity, forms.payment_receiver, batch
    )
    terms, authority = batch.terms, batch.terms.authorised_by(batch.batch_id)
    owner = batch.batch_id if forms.batch_as_organisation else batch.agency.name
    head = (
        _el("PmtInfId", batch.batch_id),
        _el("PmtInfDt", _day(batch.created_at.astimezone(IST).date())),
        _enclose("PmtAuthCtre", _el("Cd", terms.mission_code)) if terms.mission_code else "",
        _enclose("PmtAuthPrvc", _el("Cd", authority)) if authority else "",
        _enclose("OrgId", _el("Cd", batch.agency.code), _el("Nm", owner), _el("SchmeCd", batch.scheme_code)),
        _el("PmtMtd", method.value),
        _el("BtchBookg", "true"),
        _el("ReqdExctnDt", _day(batch.executed_on)),
    )
    lines = "".join(_transfer(line, batch, identity) for line in batch.lines)
    body = _enclose("CstmrCdtTrfInitn", header, _enclose("PmtInf", *head, lines))
    return _signed_document("DbtPayment", PAYMENT_NAMESPACE, body, signer)


def _header(
    message_id: str,
    created_at: datetime,
    count: int,
    total: str,
    identity: PfmsIdentity,
    receiver: str,
    batch: BeneficiaryBatch | PaymentBatch,
) -> str:
    party = _enclose("InitgPty", _el("Nm", batch.agency.name), _enclose("PrTry", _el("Id", batch.agency.code)))
    at = created_at.astimezone(IST).strftime("%Y-%m-%dT%H:%M:%S")
    parts = (_el("MsgId", message_id), _el("CreDtTm", at), _el("NbOfTxs", str(count)), total)
    return _enclose("GrpHdr", *parts, _el("Src", identity.source_id), _el("Dest", receiver), party)


def _customer(line: BeneficiaryLine, identity: PfmsIdentity) -> str:
    named = (
        _el("Tp", line.benefit_type),
        _optional_element("Titl", line.title),
        _el("Nm", line.name),
        _optional_element("NmRegLang", line.name_regional),
        _address(line, identity),
        _optional_element("Gendr", line.gender),
        _optional_element("BirthDt", _day(line.born_on) if line.born_on else ""),
        _enclose("CtctDtls", _el("MobNb", line.mobile)) if line.mobile else "",
    )
    account = "" if line.purpose is BeneficiaryPurpose.DELETE else _customer_account(line, identity)
    return _enclose(
        "Cstmr",
        _enclose("Purp", _el("Cd", line.purpose.value)),
        _enclose("PrTry", _el("Id", line.id)),
        _el("CPSMSId", line.cpsms_id or ""),
        *named,
        account,
    )


def _customer_account(line: BeneficiaryLine, identity: PfmsIdentity) -> str:
    numbers = _optional_element("BBAN", line.account_number or "") + _optional_element("SOSE", line.aadhaar or "")
    bank = _bank(line, identity, "CstmrAgt") if line.account_number else ""
    return _enclose("CstmrAcct", bank, _enclose("AcctId", _enclose("Othr", numbers)))


def _address(line: BeneficiaryLine, identity: PfmsIdentity) -> str:
    lines = "".join(_el(f"AdrLine{number}", text) for number, text in enumerate(line.address, 1))
    places = (
        _optional_element("TwnCd", line.village_lgd),
        _optional_element("BlokCd", line.block_lgd),
        _optional_element("SubDvsnCd", line.subdistrict_lgd),
        _el("DstCd", _district(line, identity)),
        _el("PrvcCd", identity.state_lgd),
        _el("CtryCd", COUNTRY),
    )
    return _enclose("PstlAdr", lines, _enclose("Prtry", *places), _optional_element("PstCd", line.pin_code))


def _transfer(line: PaymentLine, batch: PaymentBatch, identity: PfmsIdentity) -> str:
    terms, by_account = batch.terms, batch.method is PaymentMethod.ACCOUNT
    amount = _shares(line.amount_paise, terms, identity.forms)
    district, state = _el("DstCd", _district(line, identity)), _el("PrvcCd", identity.state_lgd)
    place = _enclose("PstlAdr", _enclose("Prtry", district, state))
    account, beside = _account(line, by_account=by_account), identity.forms.account_beside_creditor
    creditor = _enclose(
        "Cdtr",
        _enclose("PrTry", _el("Id", line.beneficiary_id)),
        _el("CPSMSId", line.cpsms_id),
        _el("Tp", terms.beneficiary_type),
        _optional_element("Titl", terms.title),
        _el("Nm", line.name),
        place if line.district_lgd else "",
        "" if beside else account,
    )
    return _enclose(
        "CdtTrfTxInf",
        _enclose("PmtId", _el("EndToEndId", line.end_to_end_id)),
        amount,
        _bank(line, identity, "CdtrAgt") if by_account else "",
        creditor,
        account if beside else "",
        _enclose("Purp", _el("Cd", terms.purpose), amount),
        _remittance(line, terms),
    )


def _shares(amount_paise: int, terms: SchemeTerms, forms: FileForms) -> str:
    """The Centre's share, the state's and their sum."""
    central = terms.share.part_of(amount_paise)
    return _enclose(
        "Amt",
        _el("CtreAmt", _amount(central, forms) if central or forms.central_share_named else ""),
        _el("PrvcAmt", _amount(amount_paise - central, forms)),
        _el("InstdAmt", _amount(amount_paise, forms)),
    )


def _amount(amount_paise: int, forms: FileForms) -> str:
    return rupees(amount_paise).removesuffix(".00") if forms.whole_rupees else rupees(amount_paise)


def _district(line: BeneficiaryLine | PaymentLine, identity: PfmsIdentity) -> str:
    return identity.district_codes.get(line.district_lgd, line.district_lgd)


def _account(line: PaymentLine, *, by_account: bool) -> str:
    """Where the money goes; a payment by Aadhaar has an empty account number before it."""
    number = _el("BBAN", line.account_number or "") if by_account else _el("BBAN", "") + _el("SOSE", line.aadhaar or "")
    return _enclose("CdtrAcct", _enclose("Id", _enclose("Othr", number)))


def _remittance(line: PaymentLine, terms: SchemeTerms) -> str:
    period = _optional_element("FrmDt", _day(line.period_from)) + _optional_element("ToDt", _day(line.period_to))
    month = f" {line.period_from:%b %Y}" if line.period_from else ""
    remark = _enclose("RltdInf", _el("Rem", f"{terms.remark}{month}")) if terms.remark else ""
    return _enclose("RmtInf", _enclose("Strd", period) if period else "", remark) if period or remark else ""


def _bank(line: BeneficiaryLine | PaymentLine, identity: PfmsIdentity, element: str) -> str:
    name, branch = identity.bank_names.get(line.bank_name, line.bank_name), line.ifsc
    if identity.forms.bank_by_ifsc:
        name, branch = line.ifsc, line.ifsc[-6:]
    return _enclose(element, _enclose("FinInstnId", _optional_element("BICFI", name), _el("BrnchId", branch)))


def _check(lines: Iterable[object], faults: Callable[..., tuple[str, ...]], ids: list[str]) -> None:
    seen: set[str] = set()
    for number, (line, own) in enumerate(zip(lines, ids, strict=True), 1):
        wrong = faults(line) or (("id_twice",) if own in seen else ())
        if wrong:
            raise BadLine(number, wrong)
        seen.add(own)
    if not seen:
        raise ValueError("a batch without lines is not sent")


def _signed_document(root: str, namespace: str, body: str, signer: FileSigner) -> bytes:
    text = f'<{root} xmlns="{namespace}">{body}</{root}>'
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)  # our own text
    return signer.sign(etree.fromstring(text.encode(), parser))


def _enclose(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def _el(name: str, text: str) -> str:
    return f"<{name}>{escape(text) if _MARKUP & set(text) else text}</{name}>"


def _optional_element(name: str, text: str) -> str:
    return _el(name, text) if text else ""


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""

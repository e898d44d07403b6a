"""Reads what PFMS and the banks say of payments: acknowledgements and bank statuses, in each shape that is in use.

Source: docs/contracts/dbt_finance.md section 2.5. The lines of an acknowledgement are `TxInfAndSts`. Those of a bank
status are `CdtTrfTxInf`, in `PmtInf` or beside it, with keys of their own; ours of before had `TxInfAndSts` there too.
"""

from collections.abc import Iterable, Mapping

from integrations.calling import safe_xml
from integrations.dbt_finance.pfms.answer_values import (
    CODE,
    REFERENCE,
    ROWS_OF_PAYMENTS,
    Fields,
    check_rows,
    codes_below,
    creation_time,
    day_of,
    fields_of,
    one_of,
    paise_of,
    require_match,
    text_in,
)
from integrations.dbt_finance.pfms.models import (
    BankStatus,
    BatchAcknowledgement,
    FileRefusal,
    FileRefused,
    LineStatus,
    PaymentRow,
)

_ACCEPTED = frozenset({"ACCP", "ACPT"})
_IN_ACKNOWLEDGEMENT: Mapping[str, LineStatus] = {
    **{status.value: status for status in LineStatus},
    "ACPT": LineStatus.ACCEPTED,
}
_AT_BANK: Mapping[str, LineStatus] = {**_IN_ACKNOWLEDGEMENT, **dict.fromkeys(_ACCEPTED, LineStatus.CREDITED)}
"""A bank says of a payment that it was accepted once it is paid; only `RJCT` and `RTND` say that it was not."""


def read_acknowledgement(part: safe_xml.Element) -> BatchAcknowledgement:
    """PFMS's word on a batch. The word of the group decides; without one the lines do. Raises FileRefused."""
    message, batch = one_of(part, "OrgnlMsgId"), one_of(part, "OrgnlPmtInfId")
    if message is None and batch is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "OrgnlPmtInfId")
    told = next((safe_xml.text_of(each) for each in part.iter("{*}GrpSts")), None)
    elements = list(part.iter("{*}TxInfAndSts"))
    rows = tuple(_acknowledged_row(each, number, told) for number, each in enumerate(elements, 1))
    accepted = _batch_accepted(told, rows)
    check_rows(next(part.iter("{*}GrpHdr"), None) if rows else None, [row.end_to_end_id for row in rows], ())
    codes = codes_below(part, 0, but=ROWS_OF_PAYMENTS)
    return BatchAcknowledgement(message, batch, creation_time(part), accepted, codes, rows)


def _batch_accepted(told: str | None, rows: Iterable[PaymentRow]) -> bool:
    if told is not None:
        return told in _ACCEPTED
    statuses = {row.status for row in rows}
    if not statuses:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "GrpSts")
    if LineStatus.UNKNOWN in statuses:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "TxSts")
    return LineStatus.REJECTED not in statuses


def _acknowledged_row(element: safe_xml.Element, number: int, group: str | None) -> PaymentRow:
    fields = fields_of(element)
    word = text_in(fields, "TxSts")
    if group is not None and not word:
        word = (LineStatus.ACCEPTED if group in _ACCEPTED else LineStatus.REJECTED).value
    return _payment_row(element, fields, number, ("OrgnlEndToEndId", *_status(word, _IN_ACKNOWLEDGEMENT, number)))


def read_bank_status(part: safe_xml.Element) -> BankStatus:
    """What the bank did with payments of one batch. Raises FileRefused."""
    elements = [each for each in part.iter() if safe_xml.local_name(each) in ROWS_OF_PAYMENTS]
    rows = tuple(_bank_row(each, number) for number, each in enumerate(elements, 1))
    batch = one_of(part, "OrgnlPmtInfId") or one_of(part, "PmtInfId")
    if batch is None or not rows:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "CdtTrfTxInf" if batch else "PmtInfId")
    told = [row.amount_paise for row in rows if row.amount_paise is not None]
    amounts = told if len(told) == len(rows) else ()
    check_rows(next(part.iter("{*}GrpHdr"), None), [row.end_to_end_id for row in rows], amounts)
    return BankStatus(batch, creation_time(part), rows)


def _bank_row(element: safe_xml.Element, number: int) -> PaymentRow:
    fields = fields_of(element)
    status = _status(text_in(fields, "TxSts"), _AT_BANK, number)
    if "PmtId" not in fields:
        return _payment_row(element, fields, number, ("OrgnlEndToEndId", *status))
    return _payment_row(element, {**fields_of(fields["PmtId"]), **fields}, number, ("EndToEndId", *status))


def _payment_row(
    element: safe_xml.Element, fields: Fields, number: int, known: tuple[str, LineStatus, str]
) -> PaymentRow:
    key, status, word = known
    utr, utr_at = _first_text(fields, ("CrTxID", "UTR"))
    day, day_at = _first_text(fields, ("TxDt", "ValDt"))
    amount = "" if "Amt" in fields and len(fields["Amt"]) else text_in(fields, "Amt")
    return PaymentRow(
        end_to_end_id=require_match(text_in(fields, key), REFERENCE, f"{key} {number}"),
        status=status,
        codes=codes_below(element, number),
        utr=require_match(utr, REFERENCE, f"{utr_at} {number}") if utr else None,
        value_date=day_of(day, f"{day_at} {number}") if day else None,
        amount_paise=paise_of(amount, f"Amt {number}") if amount else None,
        word=word if status is LineStatus.UNKNOWN else "",
    )


def _first_text(fields: Fields, names: tuple[str, ...]) -> tuple[str, str]:
    """The first value that is there under one of the names, and the name."""
    return next(((text, name) for name in names if (text := text_in(fields, name))), ("", names[0]))


def _status(word: str, words: Mapping[str, LineStatus], number: int) -> tuple[LineStatus, str]:
    """What a word means, with the word."""
    return words.get(require_match(word, CODE, f"TxSts {number}"), LineStatus.UNKNOWN), word

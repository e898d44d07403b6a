"""INFERRED: the wire format of the push, pure; one file, to be replaced by the real interface.

Source: docs/contracts/etaal.md section 4. The document of e-Taal 3.0 is not public. A batch carries the project, the
state, the days, the level, a revision that grows, the rows and their sum; it is signed over its raw body and keyed by
project, day and revision.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, TypeGuard

from domain.etaal.counting import Level
from domain.kernel import Source
from domain.kernel.state import installed_state
from integrations.calling.access_tokens import Token, TokenEnded
from integrations.calling.answers import Answer, read_object, refuse_status
from integrations.calling.errors import Unreadable
from integrations.etaal.push_models import Batch, EtaalPushSettings, Receipt, RejectedRow

TOKEN_PATH, PUSH_PATH = "/api/token", "/api/v1/transactions"
SOURCE = Source.E_TAAL
TOKEN_SECONDS = 30 * 60.0
"""How long a token holds where its answer does not say."""

NO_TOKEN = "no_token"  # noqa: S105 - a code of ours, no secret
OLD_REVISION = "E20"
"""A revision that is not newer than the one that e-Taal has: ours came late, and there is nothing to repeat."""

CODES: Mapping[str, str] = {
    "E01": "the form of a date",
    "E02": "a date in the future",
    "E03": "a range that is too long",
    "E04": "a total that is not the sum",
    "E10": "a service that e-Taal does not know",
    "E11": "a place that e-Taal does not know",
    "E12": "a negative count",
    OLD_REVISION: "a revision that is not newer",
}


def token_request(settings: EtaalPushSettings) -> dict[str, str]:
    """The body that asks for a token."""
    return {"clientId": settings.client_id, "clientSecret": settings.client_secret}


def read_token(answer: Answer) -> Token:
    """The token; a client that is not taken is our own error. Raises Unreadable."""
    refuse_status(SOURCE, answer, ours=(400, 401, 403))
    given = read_object(answer.content)
    token, seconds = given.get("token"), given.get("expiresIn", TOKEN_SECONDS)
    if not isinstance(token, str) or not token or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Unreadable("no_token_in_answer")
    return Token(token, float(seconds))


def key_of(batch: Batch, settings: EtaalPushSettings) -> str:
    """The idempotency key of a batch."""
    return f"{settings.project_code}:{batch.day.isoformat()}:{batch.revision}"


def body_of(batch: Batch, settings: EtaalPushSettings) -> bytes:
    """The raw body of a batch; the same batch gives the same bytes."""
    day = batch.day.isoformat()
    rows = [
        {
            "serviceCode": row.service_code,
            "date": day,
            "locationCode": row.location_code,
            "category": row.category,
            "channel": row.channel,
            "count": row.count,
        }
        for row in batch.rows
    ]
    body = {
        "projectCode": settings.project_code,
        "stateCode": settings.state_code,
        "fromDate": day,
        "toDate": day,
        "level": level_of(batch).value,
        "revision": batch.revision,
        "rows": rows,
        "total": sum(row.count for row in batch.rows),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def level_of(batch: Batch) -> Level:
    """The level of the batch: the state where no row is of a district."""
    places = {row.location_code for row in batch.rows}
    return Level.STATE if places == {installed_state().lgd_code} else Level.DISTRICT


def headers_of(batch: Batch, settings: EtaalPushSettings, body: bytes, token: str) -> dict[str, str]:
    """The headers that let a batch in, key it and sign its raw body."""
    signature = hmac.new(settings.signing_secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Authorization": f"Bearer {token}",
        "X-Idempotency-Key": key_of(batch, settings),
        "X-Signature": signature,
        "Content-Type": "application/json",
    }


def read_receipt(answer: Answer) -> Receipt:
    """What e-Taal took; raises the outcome of a refusal, and Unreadable where it does not say so in its form."""
    if answer.status == 401:
        raise TokenEnded(SOURCE, NO_TOKEN)
    refuse_status(SOURCE, answer, ours=(403,), code=_code(answer) if answer.status in {400, 409} else None)
    given = read_object(answer.content)
    batch_id, received, rejected = given.get("batchId"), given.get("received"), given.get("rejected")
    if given.get("status") != "ACCEPTED" or not isinstance(batch_id, str) or not _is_whole_number(received):
        raise Unreadable("no_receipt")
    if not isinstance(rejected, list):
        raise Unreadable("no_receipt")
    return Receipt(batch_id, int(received), tuple(_rejected_row(each) for each in rejected))


def _rejected_row(given: Any) -> RejectedRow:
    if not isinstance(given, dict) or not _is_whole_number(given.get("row")) or not isinstance(given.get("code"), str):
        raise Unreadable("no_receipt")
    code = given["code"]
    return RejectedRow(given["row"], code if code in CODES else "OTHER")


def _code(answer: Answer) -> str | None:
    try:
        code = read_object(answer.content).get("code")
    except Unreadable:
        return None
    return code if isinstance(code, str) and code in CODES else None


def _is_whole_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

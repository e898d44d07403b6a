"""What journeys hand in, as an app would."""

from typing import Any

from tests.support.forms import answers_of

SUBMIT = """
mutation($input: SubmitApplicationInput!) { submitApplication(input: $input) {
  application { id number acknowledgement status version fee { amount } }
  userErrors { path code message action } submission { state acknowledgement replayed expectedBy } } }
"""
DECIDE = """
mutation($input: DecideApplicationInput!) { decideApplication(input: $input) {
  application { id status version } userErrors { path code message action } submission { state replayed expectedBy } } }
"""
RECORD_FEE = """
mutation($input: RecordFeeInput!) { recordFee(input: $input) {
  application { id status version } userErrors { path code message } } }
"""
INCOME_CERTIFICATE = "ES09"
INCOME_PAPERS = (
    "applicant-photo",
    "id-proof",
    "address-proof",
    "ration-card-copy-of-family-register",
    "self-declaration-form",
)


def income_application(uri: str, key: str, **changes: Any) -> dict[str, Any]:
    """An application for an income certificate in Dehradun, every paper answered by one document of the locker."""
    return {
        "serviceCode": INCOME_CERTIFICATE,
        "district": "49",
        "tehsil": "304",
        "form": answers_of("income-certificate", annual_income="48000"),
        "documents": [{"key": paper, "uri": uri} for paper in INCOME_PAPERS],
        "channel": "MOBILE",
        "idempotencyKey": key,
        **changes,
    }

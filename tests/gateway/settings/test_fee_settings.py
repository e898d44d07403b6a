"""The portal's charge and the rule of refunds are taken only with the order that says so."""

import pytest
from pydantic import ValidationError

from domain.applications.lifecycle import Move
from domain.fees.fees import FeeRules
from gateway.runtime.production import other_hosts
from gateway.settings.fees import Fees
from gateway.settings.partners import Partner


def test_without_settings_nothing_is_charged_and_nothing_goes_back():
    assert Fees().rules() == FeeRules(0, None, frozenset(), None)


@pytest.mark.parametrize("given", [{"charge_paise": 1000}, {"refund_after": ["WITHDRAW"]}])
def test_a_charge_or_a_refund_without_its_source_is_refused(given: dict[str, object]):
    with pytest.raises(ValidationError, match="SOURCE is needed"):
        Fees.model_validate(given)


def test_what_is_set_with_its_source_is_the_rule():
    given = {
        "charge_paise": 1000,
        "charge_source": "Order 17",
        "refund_after": ["WITHDRAW", "REJECT"],
        "refund_source": "Rule 9",
    }
    rules = Fees.model_validate(given).rules()
    assert rules == FeeRules(1000, "Order 17", frozenset({Move.WITHDRAW, Move.REJECT}), "Rule 9")
    with pytest.raises(ValidationError):
        Fees.model_validate({**given, "refund_after": ["APPROVE"]})


def test_the_hosts_of_the_wallet_are_looked_at_as_every_other_one():
    wallet = {"bridge_url": "https://bridge.example.org", "bridge": {"pay_url": "http://127.0.0.1/pay"}}
    partner = Partner(base_url="https://connect.example.org", given=wallet)
    assert other_hosts(partner) == ["https://bridge.example.org", "http://127.0.0.1/pay"]

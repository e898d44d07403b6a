"""The settings of citizen care."""

import pytest
from pydantic import ValidationError

from gateway.settings.care import Care


def test_only_the_bound_of_a_client_is_wider_in_the_demo():
    demo, real = Care().rules(demo=True), Care().rules(demo=False)
    assert demo.tracking_tries_per_client == 1000 * real.tracking_tries_per_client
    assert demo.tracking_tries_per_number == real.tracking_tries_per_number


def test_the_period_for_personal_data_names_its_rule_and_keeps_to_it():
    assert "rule 14" in (Care.model_fields["data_grievance_days"].description or "")
    with pytest.raises(ValidationError):
        Care(data_grievance_days=91)

"""Amounts on certificates: figures grouped as in India, and words in Hindi and English from the same value."""

import pytest

from domain.certificates.kinds import CertificateKinds
from domain.kernel import Bilingual
from states.certificate_kinds import certificate_kinds
from tests.support.state import PACKAGE

KINDS = certificate_kinds(PACKAGE.folder)


@pytest.mark.parametrize(
    ("rupees", "hindi", "english"),
    [
        (0, "₹0 (शून्य रुपये)", "₹0 (Rupees zero only)"),
        (999, "₹999 (नौ सौ निन्यानवे रुपये)", "₹999 (Rupees nine hundred ninety-nine only)"),
        (1000, "₹1,000 (एक हज़ार रुपये)", "₹1,000 (Rupees one thousand only)"),
        (60045, "₹60,045 (साठ हज़ार पैंतालीस रुपये)", "₹60,045 (Rupees sixty thousand forty-five only)"),
        (114000, "₹1,14,000 (एक लाख चौदह हज़ार रुपये)", "₹1,14,000 (Rupees one lakh fourteen thousand only)"),
        (
            12345678,
            "₹1,23,45,678 (एक करोड़ तेईस लाख पैंतालीस हज़ार छह सौ अठहत्तर रुपये)",
            "₹1,23,45,678 (Rupees one crore twenty-three lakh forty-five thousand six hundred seventy-eight only)",
        ),
        (1_000_000_000, "₹1,00,00,00,000 (एक सौ करोड़ रुपये)", "₹1,00,00,00,000 (Rupees one hundred crore only)"),
    ],
)
def test_an_amount_is_in_figures_and_words_of_both_languages(rupees: int, hindi: str, english: str):
    assert KINDS.amount(rupees) == Bilingual(hindi, english)


def test_a_state_without_number_words_prints_figures_alone():
    assert CertificateKinds().amount(114000) == Bilingual("₹1,14,000", "₹1,14,000")


@pytest.mark.parametrize("language", ["local", "en"])
def test_no_number_below_a_hundred_is_said_like_another(language: str):
    words = KINDS.numbers[language][:100]

    assert len(set(words)) == 100

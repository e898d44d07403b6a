"""Describes the state of a fee payment in words for the citizen."""

from domain.fees.fees import PAID, FeeOrder, FeeProblem, FeeRoute
from domain.kernel import Language, Source, rupees
from domain.kernel.messages import label

_TOLD = frozenset({FeeProblem.AMOUNT_MISMATCH, FeeProblem.RECEIPT_TWICE})
"""Problems where the source holds money that does not count as the fee, which the state alone does not show."""


def fee_state_text(order: FeeOrder, language: Language) -> str:
    """The state of an order as text, or the money at the source that does not count as the fee."""
    if order.state in PAID or order.problem not in _TOLD:
        return label(f"fee_state.{order.state.value}", language)
    source = Source.TREASURY if order.route is FeeRoute.TREASURY else Source.CSC
    holder = label(f"source.{source.value}", language)
    due, taken = rupees(order.total_paise), rupees(order.held_paise)
    return label(f"fee_problem.{order.problem}", language).format(holder=holder, due=due, taken=taken)

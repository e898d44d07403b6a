"""Finds the benefits that an officer decides or pays in the places of the officer's post."""

from actions.kernel import not_open, permitted_postings
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Posting, Subject


def reach_of_benefits(subject: Subject) -> list[Posting]:
    """The postings whose benefits the subject decides or pays; raises NotSignedIn, NOT_FOUND where there is none."""
    subject.require_signed_in()
    found = [
        *permitted_postings(subject, ObjectKind.BENEFIT, Purpose.DECIDE),
        *permitted_postings(subject, ObjectKind.BENEFIT, Purpose.PAY_BENEFIT),
    ]
    if not found:
        raise not_open(subject, ObjectKind.BENEFIT, Purpose.DECIDE, Purpose.PAY_BENEFIT)
    return found

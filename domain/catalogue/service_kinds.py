"""Reads the kind of a service out of its English name, where nothing else says it."""

import re

from domain.catalogue.catalogue import ServiceKind

_WORDS = (
    (ServiceKind.GRIEVANCE, "complaint grievance"),
    (ServiceKind.CERTIFICATE, "certificate copy"),
    (ServiceKind.LICENCE, "licence license permission permit noc approval"),
    (ServiceKind.BENEFIT, "pension scholarship grant scheme yojana subsidy relief compensation assistance"),
    (ServiceKind.BILL, "bill bills payment challan refund refunds tax"),
    (ServiceKind.BOOKING, "booking appointment cleaning collection testing disposal"),
    (ServiceKind.REGISTRATION, "registration connection mutation enrolment renewal change add"),
    (ServiceKind.INFORMATION, "information search status download verification"),
)
"""The words of each kind; of a name with words of two kinds the first counts."""


def kind_in_name(name: str) -> ServiceKind | None:
    """The kind that a word of the name stands for, or None."""
    said = set(re.findall(r"[a-z]+", name.lower()))
    return next((kind for kind, words in _WORDS if said & set(words.split())), None)

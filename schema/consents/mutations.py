"""Mutations of consents: ask, grant, renew, withdraw; withdrawing needs no more than granting."""

import strawberry

from actions.consents.consents import ask_consent, grant_consent, renew_consent, withdraw_consent
from domain.kernel import Scope
from schema.consents.types import Consent
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload

_PURPOSE = "What for; of the consents for one purpose only one holds."
_DOCUMENTS = "The doctypes that it covers, such as INCER; left out, all that departments hold for the purpose."
_DAYS = "For how many days from now, 1 to 365; left out, 365."
_CONSENT = Thing(Consent, "The consent as it now is; null when refused.", Consent.of)


@strawberry.type
class ConsentsMutation:
    ask_consent = action_mutation(
        ask_consent,
        thing_payload("What became of the question.", consent=_CONSENT),
        "Ask the citizen whom one serves for a consent. It opens nothing: she gives it herself.",
        input_fields("A consent that the citizen is asked for.", purpose=_PURPOSE, documents=_DOCUMENTS),
        constants={"days": None},
        scopes=[Scope.ASSIST],
    )
    grant_consent = action_mutation(
        grant_consent,
        thing_payload("What became of a consent that was given.", consent=_CONSENT),
        "Give a consent after its notice was shown; for the citizen alone.",
        input_fields("A consent that the citizen gives.", purpose=_PURPOSE, documents=_DOCUMENTS, days=_DAYS),
        scopes=[Scope.OWN],
    )
    renew_consent = action_mutation(
        renew_consent,
        thing_payload("What became of a consent that was renewed.", consent=_CONSENT),
        "Let a consent hold longer, from now; for the citizen alone.",
        input_fields("A consent that holds longer.", purpose=_PURPOSE, documents=_DOCUMENTS, days=_DAYS),
        scopes=[Scope.OWN],
    )
    withdraw_consent = action_mutation(
        withdraw_consent,
        thing_payload("What became of a consent that was taken back.", consent=_CONSENT),
        "Take a consent back, or decline it; it holds for the next read everywhere. For the citizen alone.",
        input_fields("A consent that the citizen takes back, or declines to give.", purpose=_PURPOSE),
        constants={"documents": None, "days": None},
        scopes=[Scope.OWN],
    )

"""The mutation by which a citizen says to which address her mail goes."""

import strawberry

from actions.identity.email_addresses import set_email
from domain.kernel import Scope
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload


@strawberry.type
class EmailMutation:
    set_email = action_mutation(
        set_email,
        thing_payload(
            "What became of an address.",
            confirmed=Thing(
                bool,
                "Whether mail goes to that address now: not while its code is awaited, or after its removal; null when "
                "refused.",
                bool,
            ),
        ),
        "Say to which address her mail goes; for herself. Without a code one is sent there; with it mail goes there.",
        input_fields(
            "An address for her mail.",
            address="The address; left out, no mail goes to her any more.",
            code="Six digits, as the mail to that address told.",
        ),
        scopes=[Scope.OWN],
    )

"""What the nouns register with the kernel: followers, what one noun does for a lower one, and topics of the outbox.

A process cannot be composed without it, as `Environment` demands it.
"""

from types import MappingProxyType

from actions.appeals.steps import follow, reassign
from actions.applications.decide import bring_result_after_fee
from actions.benefits import budget
from actions.clearances.clearances import ask_by_definition
from actions.connectors.versions import consent_scopes
from actions.documents import attachments, locker_push, locker_revoking
from actions.doorstep.endings import end_visits
from actions.etaal.counting import count_transition
from actions.feedback.notices import tell_of_step
from actions.fees import fee_doubts
from actions.fees.fee_refunds import give_back_after
from actions.kernel import Registry
from actions.officers.proposals import propose_if_needed
from actions.platform.events import note_event
from actions.statistics.upkeep import count_change

REGISTRY = Registry(
    followers=(
        count_transition,
        count_change,
        follow,
        tell_of_step,
        end_visits,
        give_back_after,
        bring_result_after_fee,
        note_event,
    ),
    consent_scopes=consent_scopes,
    consent_followers=(locker_revoking.follow_consent, locker_push.follow_consent),
    wait_for_second_officer=propose_if_needed,
    begin_steps=ask_by_definition,
    reassign_appeal=reassign,
    fee_cases=fee_doubts,
    outside_topics=MappingProxyType(
        {**budget.OUTSIDE_TOPICS, **attachments.OUTSIDE_TOPICS, **locker_push.OUTSIDE_TOPICS}
    ),
)
"""All of them. Followers run in this order, which also orders their locks."""

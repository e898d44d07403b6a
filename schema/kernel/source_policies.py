"""The printed source policy of each source-backed field, taken from the policy of its call."""

from strawberry.federation.schema_directive import Location, schema_directive

from integrations.calling.policies import CallPolicy
from integrations.registry import OUTSIDE_SYSTEMS
from schema.kernel.directives import UPSTREAM_POINTS, cost

SPECIFICATION = "https://specs.apuni-sarkar.example/source/v1.0"
"""Names the directive for composers; nothing is fetched from there."""


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="source",
    compose=True,
    import_url=SPECIFICATION,
    repeatable=True,
    description=(
        "The outside system that a field is read from, and the call: how long an answer is given again without "
        "asking, how much longer while it is asked for again, how much longer still while the system is away, the "
        "longest that all attempts may take, how many there are, and for whom it may be kept."
    ),
)
class SourcePolicy:
    """The printed form of a call policy."""

    name: str
    call: str
    fresh_seconds: int
    stale_while_revalidate_seconds: int
    stale_if_error_seconds: int
    timeout_ms: int
    attempts: int
    scope: str


def read_from(*calls: str) -> list[object]:
    """The directives of a field that makes these calls, by the names of their policies, and what that costs."""
    policies: list[object] = [policy_directive(OUTSIDE_SYSTEMS.policies_by_name[call]) for call in calls]
    return [*policies, cost(UPSTREAM_POINTS * len(calls) + 1)]


def policy_directive(policy: CallPolicy) -> SourcePolicy:
    """The printed form of a policy."""
    return SourcePolicy(
        name=policy.source.value,
        call=policy.name,
        fresh_seconds=int(policy.fresh),
        stale_while_revalidate_seconds=int(policy.revalidate),
        stale_if_error_seconds=int(policy.stale),
        timeout_ms=int(policy.total * 1000),
        attempts=policy.attempts,
        scope=policy.scope.value,
    )

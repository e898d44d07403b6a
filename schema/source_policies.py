"""What the printed graph promises about each source-backed field, taken from the policy of the call behind it."""

from strawberry.federation.schema_directive import Location, schema_directive

from integrations import apisetu, dbt_finance, digilocker, umang
from integrations.policies import CallPolicy

SPECIFICATION = "https://specs.apuni-sarkar.example/source/v1.0"
"""Names the directive for composers; nothing is fetched from there."""

_POLICIES: dict[str, CallPolicy] = {
    policy.name: policy for face in (apisetu, dbt_finance, digilocker, umang) for policy in face.POLICIES
}


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="source",
    compose=True,
    import_url=SPECIFICATION,
    repeatable=True,
    description=(
        "The outside system that a field is read from: how long an answer is given again without asking, how much "
        "longer while the system is away, the longest that all attempts may take, and for whom it may be kept."
    ),
)
class SourcePolicy:
    """The printed form of a call policy."""

    name: str
    fresh_seconds: int
    stale_if_error_seconds: int
    timeout_ms: int
    scope: str


def read_from(*calls: str) -> list[SourcePolicy]:
    """The directives of a field that makes these calls, by the names of their policies."""
    return [_printed(_POLICIES[call]) for call in calls]


def _printed(policy: CallPolicy) -> SourcePolicy:
    return SourcePolicy(
        name=policy.source.value,
        fresh_seconds=int(policy.fresh),
        stale_if_error_seconds=int(policy.stale),
        timeout_ms=int(policy.total * 1000),
        scope=policy.scope.value,
    )

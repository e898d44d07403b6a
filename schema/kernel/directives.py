"""Directives of fields and types: required authority, cost, list sizes.

Each declaration is printed into the SDL and is the only thing that is obeyed: access by schema/kernel/guards.py,
cost and list sizes by gateway/graphql/cost.py, so that the SDL and the behaviour cannot part.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from graphql import GraphQLArgument, GraphQLField, GraphQLNamedType
from strawberry import UNSET
from strawberry.federation.schema_directive import Location, schema_directive
from strawberry.federation.schema_directives import Authenticated, Cost, ListSize, RequiresScopes, Tag
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import schema_directive as plain_directive

from domain.consents.consents import ConsentPurpose
from domain.kernel import Scope

CONSENT_SPECIFICATION = "https://specs.apuni-sarkar.example/consent/v1.0"
"""Names the directive for composers; nothing is fetched from there."""

UPSTREAM_POINTS = 10
"""What one call of an outside system adds to the cost of a field (docs/reliability.md section 4)."""

MUTATION_POINTS = 4
"""What a mutation costs by itself."""

D = TypeVar("D")


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="consent",
    compose=True,
    import_url=CONSENT_SPECIFICATION,
    description=(
        "The field is only answered where the citizen's recorded consent for the purpose holds, whoever asks; "
        "else CONSENT_REQUIRED, and nothing is asked of the source."
    ),
)
class Consent:
    """A field that needs the recorded consent of the citizen to whom the parent belongs."""

    purpose: str


@plain_directive(
    locations=[Location.FIELD_DEFINITION],
    name="semanticNonNull",
    description="Null only where an error at the same path says why: a source that failed, or what may not be seen.",
)
class SemanticNonNull:
    """A nullable field whose null is always explained by an error."""


AUTHENTICATED = Authenticated()
"""Somebody must be signed in; a request without a token is UNAUTHENTICATED."""

PUBLIC = Tag(name="public")
"""Anybody may ask; every root field says this or that somebody must be signed in."""

NEVER_SILENTLY_NULL = SemanticNonNull()


def requires_scopes(*any_of: Scope) -> RequiresScopes:
    """One of these scopes is needed; a session without one gets the answer for something absent."""
    return RequiresScopes(scopes=[[scope.value] for scope in any_of])


FOR_STAFF = (AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.STAFF))
"""What a question has that staff alone asks, and that is null with NOT_FOUND for others."""


def requires_consent(purpose: ConsentPurpose) -> Consent:
    """The citizen's recorded consent for this purpose must hold."""
    return Consent(purpose=purpose.value)


def cost(weight: int) -> Cost:
    """The points of a field, or of each object of a type, in place of 1 for an object and 0 for a leaf."""
    return Cost(weight=weight)


def assumed_list_size(assumed: int, *, sized: Iterable[str] = ()) -> ListSize:
    """A list, or an object with lists in its fields `sized`, that takes no page: how long it is taken to be."""
    return ListSize(
        assumed_size=assumed,
        slicing_arguments=UNSET,
        sized_fields=list(sized) or UNSET,
        require_one_slicing_argument=False,
    )


def sliced_list_size(*arguments: str, sized: Iterable[str] = ()) -> ListSize:
    """A list whose length exactly one of these arguments gives; `sized` names the fields that it is the length of."""
    return ListSize(
        assumed_size=UNSET,
        slicing_arguments=list(arguments),
        sized_fields=list(sized) or UNSET,
        require_one_slicing_argument=True,
    )


def directives_of(of: GraphQLField | GraphQLArgument | GraphQLNamedType, kind: type[D]) -> list[D]:
    """The declarations of one kind on a field or type of a built schema."""
    definition: Any = of.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return [one for one in getattr(definition, "directives", None) or () if isinstance(one, kind)]

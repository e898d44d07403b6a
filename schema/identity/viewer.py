"""The signed-in viewer."""

from typing import Annotated, Self, TypeAlias

import strawberry

from domain.kernel import PersonKind, Role, Subject
from schema.identity.citizens import Citizen
from schema.kernel import AUTHENTICATED, PUBLIC, Info, resolver_field
from schema.officers.operators import Operator
from schema.officers.staff import citizen_by_id, officer_by_id, operator_by_id
from schema.officers.types import Officer


@strawberry.type(description="A developer who is signed in.", directives=[AUTHENTICATED])
class Developer:
    roles: list[Role] = strawberry.field(description="The roles that the session has.")
    scopes: list[str] = strawberry.field(description="What the session's token is good for.")

    @classmethod
    def of(cls, subject: Subject) -> Self:
        return cls(roles=sorted(subject.roles), scopes=sorted(subject.scopes))


Viewer: TypeAlias = Annotated[
    Citizen | Officer | Operator | Developer, strawberry.union("Viewer", description="Who is signed in.")
]


@strawberry.type
class ViewerQuery:
    @resolver_field(description="Who is signed in; null when nobody is.", directives=[PUBLIC])
    async def viewer(self, info: Info) -> Viewer | None:
        subject = info.context.subject
        if subject.roles == {Role.DEVELOPER}:
            return Developer.of(subject)
        if subject.person_id is None:
            return None
        match subject.kind:
            case PersonKind.CITIZEN:
                citizen = await info.context.load(citizen_by_id, subject.person_id)
                return None if citizen is None else Citizen.of(citizen)
            case PersonKind.OPERATOR:
                operator = await info.context.load(operator_by_id, subject.person_id)
                return None if operator is None else Operator.of(operator)
            case _:
                officer = await info.context.load(officer_by_id, subject.person_id)
                return None if officer is None else Officer.of(officer)

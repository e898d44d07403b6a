"""An office's grievances, suggestions and feedback from citizens, and the officer's own suggestions."""

from typing import Annotated

import strawberry

from domain.feedback.feedback import Feedback as FeedbackItem
from domain.feedback.feedback import Suggestion as SuggestionItem
from domain.feedback.feedback import SuggestionState
from domain.feedback.grievances import WAITING, GrievanceState
from domain.feedback.grievances import Grievance as GrievanceItem
from domain.kernel import people
from schema.feedback.care_lists import (
    feedback_of_office,
    grievances_of_office,
    suggestions_of_author,
    suggestions_of_office,
)
from schema.feedback.grievances import Grievance
from schema.feedback.suggestions import Suggestion
from schema.feedback.types import Feedback
from schema.kernel import Connection, Info, Listing, connection_field

_ASKED = frozenset({SuggestionState.RECEIVED, SuggestionState.UNDER_REVIEW})


@strawberry.type
class OfficeCare:
    """Fields of an officer who is signed in; the access table decides which rows there are."""

    item: strawberry.Private[people.Officer]

    @connection_field(
        Connection[Grievance], description="Grievances of her jurisdictions, the one that is due first at the top."
    )
    async def grievances(
        self,
        info: Info,
        states: Annotated[
            list[GrievanceState] | None,
            strawberry.argument(description="Only these; left out, those that wait for a reply."),
        ] = None,
    ) -> Listing[GrievanceItem]:
        return grievances_of_office(info, frozenset(states) if states is not None else WAITING)

    @connection_field(
        Connection[Suggestion], description="Suggestions for the departments that she administers, the newest first."
    )
    async def suggestions(
        self,
        info: Info,
        states: Annotated[
            list[SuggestionState] | None,
            strawberry.argument(description="Only these; left out, those without a final reply."),
        ] = None,
    ) -> Listing[SuggestionItem]:
        return suggestions_of_office(info, frozenset(states) if states is not None else _ASKED)

    @connection_field(
        Connection[Feedback], description="Feedback on cases of the departments that she administers, the newest first."
    )
    async def feedback(self, info: Info) -> Listing[FeedbackItem]:
        return feedback_of_office(info)

    @connection_field(Connection[Suggestion], description="What she suggested herself, the newest first.")
    async def own_suggestions(self, info: Info) -> Listing[SuggestionItem]:
        return suggestions_of_author(info, self.item.id)

"""Who a service is for, and the facts about oneself by which services are found."""

import strawberry

from domain.catalogue import catalogue
from domain.catalogue.catalogue import Facts, Situation
from domain.kernel import ErrorCode, Problem, Problems
from schema.kernel import Paise, View, text_field

_OLDEST = 150


@strawberry.type(description="Who a service is for. A bound that the source does not give is null.")
class Eligibility(View[catalogue.Eligibility], most_monthly_family_income="most_income_paise"):
    """The bounds of a service in numbers, and the words that they were read from."""

    item: strawberry.Private[catalogue.Eligibility]
    least_age: int | None = strawberry.field(description="The youngest age in full years.")
    most_age: int | None = strawberry.field(description="The oldest age in full years.")
    situations: list[Situation] = strawberry.field(description="What must all be so.")
    most_monthly_family_income: Paise | None = strawberry.field(description="The largest income of the family a month.")
    bpl_instead: bool = strawberry.field(
        description="Whether the income does not matter for a household below the poverty line."
    )
    text = text_field("item.text", description="What the source says, in its words; the Hindi may be our own.")


@strawberry.input(
    description="What is so with the person whom a service is for. What is left out speaks against no service; "
    "services whose bounds are not known are not listed."
)
class EligibilityFacts:
    """Facts about oneself; they are not stored."""

    age: int | None = strawberry.field(default=None, description="Age in full years.")
    monthly_family_income: Paise | None = strawberry.field(
        default=None, description="The income of the whole family a month."
    )
    situations: list[Situation] | None = strawberry.field(
        default=None, description="Everything of the list that is so; an empty list says that nothing is."
    )

    def facts(self) -> Facts:
        """The same for the search; raises BAD_INPUT for an age or an income that nobody has."""
        if self.age is not None and not 0 <= self.age <= _OLDEST:
            limits = {"least": "0", "most": str(_OLDEST)}
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("filter", "eligibleFor", "age"), params=limits))
        if self.monthly_family_income is not None and self.monthly_family_income < 0:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("filter", "eligibleFor", "monthlyFamilyIncome")))
        said = None if self.situations is None else frozenset(self.situations)
        return Facts(self.age, self.monthly_family_income, said)

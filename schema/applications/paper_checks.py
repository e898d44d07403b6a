"""What a district saw in the signed paper by which an application was filed."""

from datetime import datetime

import strawberry

from domain.identity import assisting
from domain.identity.assisting import PaperFinding
from schema.kernel import View, label_field, one_by_key
from schema.officers.staff import officer_field
from store.identity import paper_checks

# Keyed by papers of applications that were let through before.
check_of_paper = one_by_key(paper_checks.by_ids)


@strawberry.type(description="A signed paper that was drawn for the district to look at.")
class PaperCheck(View[assisting.PaperCheck]):
    item: strawberry.Private[assisting.PaperCheck]
    drawn_at: datetime = strawberry.field(description="When it was drawn.")
    seen_at: datetime | None = strawberry.field(description="When an officer of the district opened it last.")
    finding: PaperFinding | None = strawberry.field(description="What it is; null while it waits.")
    answered_at: datetime | None = strawberry.field(description="When she said so.")
    officer = officer_field("item.officer_id", description="The officer of the district who opened it last.")
    finding_label = label_field("paper_finding", "item.finding", description="What it is, in words.", nullable=True)

"""Decides which cells of the figures are suppressed for the public (docs/figures.md).

Cells of the state, of one place, of one department or service and of one channel are judged in the table of all of
their kind, whatever was asked: so a filter tells no more than a row. So are cells of two of those at once in a whole
period; with months, or of services in tehsils, they are judged in the answer itself. They are held back wherever one
of the two is.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actions.kernel import Environment
from actions.statistics.counts import COLUMNS, Place, Question, behind_each
from domain.kernel import ist_date
from domain.officers.dashboards import Dimension
from domain.statistics.cell_suppression import SuppressedCells, SuppressedPairs
from domain.statistics.figures import Delivery
from domain.statistics.small_cells import (
    Behind,
    Coordinates,
    Period,
    judged_with,
    lines_of,
    suppressed_cells,
    whole_period,
)

Chain = tuple[Dimension, ...]
Named = Mapping[Dimension, Any]
"""What a cell is about: what the question is bound to, and the place of the group."""

CHAINS: tuple[Chain, ...] = (
    (Dimension.DISTRICT, Dimension.TEHSIL),
    (Dimension.DEPARTMENT, Dimension.SERVICE),
    (Dimension.CHANNEL,),
)
"""Dimensions, each nested in the one before."""


_LARGEST = {Dimension.TEHSIL, Dimension.SERVICE}


@dataclass(frozen=True, slots=True)
class ChainSuppression:
    """What is held back of one chain, and how to find a cell of an answer in it."""

    chain: Chain
    held: SuppressedCells

    def hides(self, named: Named, period: Period) -> bool:
        """Whether a cell is, or is part of, something suppressed in the period."""
        known = tuple(named.get(dimension) for dimension in _named_prefix(self.chain, named))
        if None not in known:
            return self.held.hides(len(known), known, period)
        # A tehsil without its district, or a service without its department.
        cells = self.held.ending[len(known)].get(known[-1], ())
        return any(self.held.hides(len(known), cell, period) for cell in cells)


@dataclass(frozen=True, slots=True)
class CrossSuppression:
    """The same of two chains at once."""

    chains: tuple[Chain, Chain]
    held: SuppressedPairs
    seen: dict[Chain, set[Coordinates]]
    """What is held back by the dimensions that the cells of the answer name."""

    def hides(self, named: Named) -> bool:
        """Whether a cell is held back."""
        told = tuple(_named_prefix(chain, named) for chain in self.chains)
        dimensions = [*told[0], *told[1]]
        known = tuple(dimension for dimension in dimensions if dimension in named)
        if known not in self.seen:
            places = [dimensions.index(dimension) for dimension in known]
            hidden = self.held.levels[len(told[0]), len(told[1])]
            self.seen[known] = {tuple(cell[place] for place in places) for cell in hidden}
        return tuple(named[dimension] for dimension in known) in self.seen[known]


async def suppressed_groups(
    env: Environment, question: Question, found: Mapping[Place, Delivery], total: Delivery
) -> tuple[set[Place], bool]:
    """The groups of an answer that are not shown, and whether its total is not."""
    bound = _bound_dimensions(question)
    chains = _chains({*bound, *question.group_by})
    judges = [await _judge(env, question, chain) for chain in chains or [()]]
    small_months = await _with_small_months(env, question) if len(chains) > 1 else set()

    def hides(named: Named) -> bool:
        month = named.get(Dimension.MONTH)
        period = Period(month, month) if month else Period(question.first_month, question.last_month)
        return any(judge.hides(named, period) for judge in judges)

    rows = {place: Behind.of(one) for place, one in found.items()}
    named = {place: {**bound, **dict(zip(question.group_by, place, strict=True))} for place in rows}
    held = {place for place in rows if place in small_months or hides(named[place])}
    behind = Behind.of(total)
    total_hidden = behind.small or (behind.cases > 0 and hides(bound))
    if len(chains) < 2:
        return suppressed_cells(rows, (), held), total_hidden
    of_two = await _of_two(env, question, (chains[0], chains[1]), judges)
    if of_two is not None:
        held |= {place for place in rows if of_two.hides(named[place])}
    months_at = question.group_by.index(Dimension.MONTH) if Dimension.MONTH in question.group_by else None
    hidden = suppressed_cells(rows, lines_of(rows, months_at=months_at) if of_two is None else (), held)
    if len(_chains(bound)) > 1 and behind.cases:
        of_months = months_at is not None and not _is_whole(env, question) and any(one.small for one in rows.values())
        total_hidden |= bool(small_months) or of_months or (of_two is not None and of_two.hides(bound))
    return hidden, total_hidden


async def _judge(env: Environment, question: Question, chain: Chain) -> ChainSuppression:
    """What is held back of a chain in the months of a question; kept for a minute."""
    today = ist_date(env.clock.now())
    asked = Period(question.first_month, question.last_month)
    by_month = Dimension.MONTH in question.group_by or asked != whole_period(asked.first, today)
    span = Period(judged_with(asked.first, today).first, judged_with(asked.last, today).last)

    async def make() -> SuppressedCells:
        groups = (*chain, Dimension.MONTH) if by_month else chain
        table = await env.store.read(lambda tx: behind_each(tx, Question(span.first, span.last, group_by=groups)))
        depth = len(chain)
        if by_month:
            return await asyncio.to_thread(
                SuppressedCells.of_months, table, depth, today
            )  # a second where all are told apart
        return SuppressedCells.of_period(span, table, depth)

    return ChainSuppression(
        chain, await env.caches.held_back.get((chain, span, by_month, today), env.clock.monotonic(), make)
    )


async def _of_two(
    env: Environment, question: Question, chains: tuple[Chain, Chain], judges: Sequence[ChainSuppression]
) -> CrossSuppression | None:
    """What is held back of two chains in a whole period; None where the answer itself is all that can be judged.

    So it is with months, whose table would be too large, and for every service in every tehsil.
    """
    dimensions = (*chains[0], *chains[1])
    if not _is_whole(env, question) or Dimension.MONTH in question.group_by or {*dimensions} >= _LARGEST:
        return None
    asked = Period(question.first_month, question.last_month)

    def hides(one: Coordinates, other: Coordinates) -> bool:
        return any(judge.held.hides(len(cell), cell, asked) for judge, cell in zip(judges, (one, other), strict=True))

    async def make() -> SuppressedPairs:
        table = await env.store.read(lambda tx: behind_each(tx, Question(asked.first, asked.last, group_by=dimensions)))
        return await asyncio.to_thread(SuppressedPairs.of, table, (len(chains[0]), len(chains[1])), hides)

    return CrossSuppression(
        chains, await env.caches.held_back_of_two.get((chains, asked), env.clock.monotonic(), make), {}
    )


def _is_whole(env: Environment, question: Question) -> bool:
    """Whether the months of a question are a whole period."""
    asked = Period(question.first_month, question.last_month)
    return asked == whole_period(asked.first, ist_date(env.clock.now()))


async def _with_small_months(env: Environment, question: Question) -> set[Place]:
    """The groups of two dimensions with a month behind which few cases stand, where their period is no whole one."""
    if _is_whole(env, question) or Dimension.MONTH in question.group_by:
        return set()
    async with env.store.read_transaction() as tx:
        months = await behind_each(tx, replace(question, group_by=(*question.group_by, Dimension.MONTH)))
    return {place[:-1] for place, behind in months.items() if behind.small}


def _bound_dimensions(question: Question) -> dict[Dimension, Any]:
    """The dimensions that are bound to one value."""
    return {
        dimension: str(value)
        for dimension, column in COLUMNS.items()
        if (value := getattr(question, column, None)) is not None
    }


def _chains(named: Mapping[Dimension, Any] | set[Dimension]) -> list[Chain]:
    """The part of each chain that is distinguished, without chains of which nothing is."""
    return [told for chain in CHAINS if (told := _named_prefix(chain, named))]


def _named_prefix(chain: Chain, named: Mapping[Dimension, Any] | set[Dimension]) -> Chain:
    depth = max((number for number, dimension in enumerate(chain, 1) if dimension in named), default=0)
    return chain[:depth]

"""The result of a run as Markdown: `python -m benchmarks.gateway.table` prints build/bench_gateway.json."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.gateway.rows import ROWS

RESULT = Path("build/bench_gateway.json")
COUNTS = ("statements", "writes", "transactions", "calls")
SHOWN_FUNCTIONS = 4
SHOWN_SHARE = 0.03
"""What has a smaller part of a profile is told together."""

Line = Mapping[str, Any]


def table(found: Sequence[Line]) -> Iterator[str]:
    """The lines of all tables."""
    measured = [one for one in found if "cpu" in one]
    hello = next((one["cpu"] for one in measured if one["server"].startswith("raw hello")), None)
    for row in ROWS:
        own = [one for one in measured if one["row"] == row.name]
        if own:
            yield from _row(row.title, own, hello)
    for one in found:
        if "absent" in one:
            yield f"Not had: {one['absent']} ({one['why'][:300]})"
    profiles = [one for one in found if "profile" in one]
    if profiles:
        yield from _profiles(profiles)
        yield from _functions(profiles)


def _row(title: str, lines: Sequence[Line], hello: float | None) -> Iterator[str]:
    """One operation of all servers."""
    yield f"\n**{title}**\n"
    yield (
        "| server | processes x connections | ms of CPU | x hello | answers/CPU-s | answers/s | p50 ms | p99 ms | MiB"
        " | refused | wrong | statements | writes | transactions | calls |"
    )
    yield "| --- |" + " ---: |" * 14
    for (server, store), group in groupby(lines, key=lambda one: (one["server"], one["store"])):
        for one in group:
            named = server if store == "recorded" else f"{server}, {store}"
            ratio = f"{one['cpu'] / hello:.1f}" if hello else ""
            counts = " | ".join(f"{one['counts'].get(name, ''):g}" if one["counts"] else "" for name in COUNTS)
            yield (
                f"| {named} | {one['processes']} x {one['connections']} | {one['cpu']:.3f} | {ratio}"
                f" | {1000 / one['cpu'] if one['cpu'] else 0:,.0f} | {one['rate']:,.0f} | {one['p50']:.1f}"
                f" | {one['p99']:.1f} | {one['rss']:.0f} | {one['refused']} | {one['wrong']} | {counts} |"
            )


def _profiles(profiles: Sequence[Line]) -> Iterator[str]:
    """Where the processor is, in per cent of a request."""
    yield "\n**Where the processor is, per cent of a request (one connection)**\n"
    shares = {one["profile"]: _shares(one["samples"]) for one in profiles}
    owners = dict.fromkeys(owner for own in shares.values() for owner in own)
    yield "| code of | " + " | ".join(shares) + " |"
    yield "| --- |" + " ---: |" * len(shares)
    for owner in sorted(owners, key=lambda one: -max(own.get(one, 0.0) for own in shares.values())):
        yield (
            f"| {owner} | " + " | ".join(f"{own[owner]:.0%}" if owner in own else "" for own in shares.values()) + " |"
        )


def _functions(profiles: Sequence[Line]) -> Iterator[str]:
    """The functions of ours for which most was done, with the libraries that they called."""
    yield "\n**For which functions of ours, with what they call of libraries, per cent of a request**\n"
    for one in profiles:
        every = sum(many for _, many in one["functions"]) or 1
        most = ", ".join(f"{name} {many / every:.0%}" for name, many in one["functions"][:SHOWN_FUNCTIONS])
        yield f"- {one['profile']}: {most}"


def _shares(samples: Sequence[tuple[str, int]]) -> dict[str, float]:
    every = sum(many for _, many in samples) or 1
    shown = {owner: many / every for owner, many in samples if many / every >= SHOWN_SHARE}
    return {**shown, "the rest": 1 - sum(shown.values())}


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table(json.loads(RESULT.read_text(encoding="utf-8"))))

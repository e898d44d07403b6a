"""Prints what was measured as Markdown: `python -m benchmarks.store.table`; STORE_DIR as for the benchmark."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.store.bench import site

ALLOWED_TIMES, ALLOWED_MILLISECONDS = 1.5, 0.3
"""Of the same read over the smallest store of its kind; one of the two suffices."""

Found = Mapping[str, Any]


def results(folder: Path) -> list[Found]:
    """What lies in the homes, by kind and size."""
    files = folder.glob("*/results.json")
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return sorted(found, key=lambda one: (one["kind"], one["size"]))


def table(found: list[Found]) -> Iterator[str]:
    """The lines of three tables: reads in ms (p50 / p99), writes, memory."""
    heads = [f"{one['kind']} {one['size']:,}" for one in found]
    yield from _head("p50 / p99 in ms", heads)
    for place, name in enumerate(one["name"] for one in found[0]["reads"]):
        cells = [_cell(found, one, place) for one in found]
        yield _line(name, cells)
    yield ""
    yield from _head("", heads)
    yield _line("bytes an application", [f"{one['bytes'] / one['size']:,.0f}" for one in found])
    yield _line("with audit lines", ["yes" if one["audited"] else "no" for one in found])
    yield _line("load of the machine", [f"{one['load'][0]:.1f}" for one in found])
    for name in found[0]["writes"]:
        yield _line(name, [f"{one['writes'][name]:,.1f}" for one in found])
    for name in dict.fromkeys(name for one in found for name in one["memory"]):
        yield _line(name, [_spent(one["memory"].get(name)) for one in found])


def _head(first: str, heads: list[str]) -> Iterator[str]:
    yield _line(first, heads)
    yield _line("---", ["---:"] * len(heads))


def _line(first: str, cells: list[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


def _cell(found: list[Found], one: Found, place: int) -> str:
    read = one["reads"][place]
    least = next(other for other in found if other["kind"] == one["kind"])["reads"][place]["median"]
    near = read["median"] <= max(least * ALLOWED_TIMES, least + ALLOWED_MILLISECONDS)
    return f"{read['median']:.2f} / {read['ninety_ninth']:.2f}{'' if near else ' **over**'}"


def _spent(used: Mapping[str, float] | None) -> str:
    return "" if used is None else f"{used['seconds']:,.1f} s, {used['MiB']:,.0f} MiB"


if __name__ == "__main__":
    print("\n".join(table(results(site().folder))))

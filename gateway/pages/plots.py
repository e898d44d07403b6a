"""Renders plots of figures as SVG with a table for each: no script, accessible, readable at 360 pixels.

The drawings are 360 units wide, so that their letters stay legible on the narrowest telephone. What a plot shows by
length or height its table says in numbers; the plot itself is one picture with a name and a description.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

WIDTH = 360
COLOURS = ("#0b4f8a", "#d9730d")
"""Blue and orange, which people with red-green blindness can distinguish; the second one has an outline too."""

_LEFT, _TOP, _BOTTOM, _HEIGHT = 52, 12, 32, 200
_WORD = 38
"""As wide is the short name of a month."""
_ROW, _NUMBERS = 38, 56
_MOST_LETTERS = 60
"""The most that fit in one row on the narrowest telephone."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot: its name and a value for each place; None is a gap."""

    name: str
    values: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Plot:
    """The data of a plot and its table. `shown` writes a value as the table does; `links` lead on from the places."""

    key: str
    title: str
    description: str
    places: Sequence[str]
    series: Sequence[Series]
    heading: str
    shown: Mapping[int, str] | None = None
    links: Sequence[str] = ()


def columns(plot: Plot, write: "Writer") -> str:
    """A plot over time with one column for each month and series."""
    most = _most(plot)
    step = (WIDTH - _LEFT) / max(len(plot.places), 1)
    wide = step * 0.8 / max(len(plot.series), 1)
    drawn = [_grid(most, write)]
    for number, series in enumerate(plot.series):
        for place, value in enumerate(series.values):
            if value is not None:
                high = (_HEIGHT - _TOP - _BOTTOM) * value / most
                left = _LEFT + place * step + step * 0.1 + number * wide
                drawn.append(_rectangle(left, _HEIGHT - _BOTTOM - high, wide * 0.92, high, number))
    return _figure(plot, _HEIGHT, [*drawn, *_months(plot, step)], write)


def line(plot: Plot, write: "Writer", most: int) -> str:
    """A plot over time with one line for each series; gaps stay gaps."""
    step = (WIDTH - _LEFT) / max(len(plot.places), 1)
    drawn = [_grid(most, write)]
    for number, series in enumerate(plot.series):
        points = [
            None if value is None else (_LEFT + (place + 0.5) * step, _high_at(value, most))
            for place, value in enumerate(series.values)
        ]
        drawn += _strokes(points, number)
    return _figure(plot, _HEIGHT, [*drawn, *_months(plot, step)], write)


def bars(plot: Plot, write: "Writer") -> str:
    """A plot with one horizontal bar for each place, its name above and its number behind."""
    most = _most(plot)
    drawn = []
    for place, (name, value) in enumerate(zip(plot.places, plot.series[0].values, strict=True)):
        top = place * _ROW
        long = (WIDTH - _NUMBERS) * (value or 0) / most
        row = (
            f'<text x="0" y="{top + 14}">{escape(_shorten_name(name))}</text>{_rectangle(0, top + 18, long, 14, 0)}'
            f'<text x="{long + 5:.1f}" y="{top + 30}">{escape(write(value))}</text>'
        )
        # The whole row is the link: what has the focus is framed above its bar and not behind it.
        drawn.append(f'<a href="{escape(plot.links[place])}">{row}</a>' if place < len(plot.links) else row)
    return _figure(plot, max(len(plot.places), 1) * _ROW, drawn, write)


def day_strip(key: str, title: str, description: str, hundredths: Sequence[int | None]) -> str:
    """One bar for each day, the oldest first, as high as its share; a day without a value is a dash on the ground.

    What failed is seen by height as well as by colour. Title and description say the same in words.
    """
    wide, high = WIDTH / max(len(hundredths), 1), 40
    drawn = []
    for place, value in enumerate(hundredths):
        tall = 2.0 if value is None else max(high * value / 10_000, 4.0)
        colour = "#6b7680" if value is None else COLOURS[value < 10_000]
        drawn.append(
            f'<rect x="{place * wide:.1f}" y="{high - tall:.1f}" width="{wide * 0.75:.1f}" height="{tall:.1f}" '
            f'fill="{colour}"/>'
        )
    name = escape(key)
    return (
        f'<svg viewBox="0 0 {WIDTH} {high}" role="img" aria-labelledby="{name}-title {name}-words" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-words">{escape(description)}</desc>{"".join(drawn)}</svg>'
    )


def _shorten_name(name: str) -> str:
    """A name as it fits into one line of a drawing; the table has the whole of it."""
    return name if len(name) <= _MOST_LETTERS else name[: _MOST_LETTERS - 1].rsplit(" ", 1)[0] + "…"


class Writer:
    """Writes a value as its table does; a value that is not there is a dash."""

    def __init__(self, hundredths: bool = False, gap: str = "–") -> None:
        self._hundredths = hundredths
        self._gap = gap

    def __call__(self, value: int | None) -> str:
        """The text of a value: a grouped whole number, or a percentage with one digit."""
        if value is None:
            return self._gap
        return f"{(value + 5) // 10 / 10:.1f} %" if self._hundredths else f"{value:,}"


def _figure(plot: Plot, height: int, drawn: Sequence[str], write: Writer) -> str:
    key = escape(plot.key)
    picture = (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="{"group" if plot.links else "img"}" '
        f'aria-labelledby="{key}-title {key}-words" font-size="11" fill="#1b1b1b" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{key}-title">{escape(plot.title)}</title>'
        f'<desc id="{key}-words">{escape(plot.description)}</desc>{"".join(drawn)}</svg>'
    )
    return (
        f'<section class="plot"><h2 id="{key}">{escape(plot.title)}</h2><p class="plain">{escape(plot.description)}</p>'
        f"{_legend(plot)}{picture}{_table(plot, write)}</section>"
    )


def _legend(plot: Plot) -> str:
    if len(plot.series) < 2:
        return ""
    parts = [
        f'<span><svg width="12" height="12" aria-hidden="true">{_rectangle(1, 1, 10, 10, number)}</svg> '
        f"{escape(series.name)}</span>"
        for number, series in enumerate(plot.series)
    ]
    return f'<p class="legend">{" ".join(parts)}</p>'


def _table(plot: Plot, write: Writer) -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in (plot.heading, *(one.name for one in plot.series)))
    rows = []
    for place, name in enumerate(plot.places):
        cells = "".join(f"<td>{escape(write(series.values[place]))}</td>" for series in plot.series)
        shown = escape(name)
        if place < len(plot.links):
            shown = f'<a href="{escape(plot.links[place])}">{shown}</a>'
        rows.append(f'<tr><th scope="row">{shown}</th>{cells}</tr>')
    caption = f"<caption>{escape(plot.title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _rectangle(left: float, top: float, wide: float, high: float, number: int) -> str:
    outline = f' stroke="{COLOURS[0]}" stroke-width="1"' if number else ""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(wide, 0):.1f}" height="{max(high, 0):.1f}" '
        f'fill="{COLOURS[number % len(COLOURS)]}"{outline}/>'
    )


def _strokes(points: Sequence[tuple[float, float] | None], number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    drawn, path = [], ""
    for point in points:
        if point is None:
            path += " "
            continue
        path += f"{'L' if path and not path.endswith(' ') else 'M'}{point[0]:.1f} {point[1]:.1f}"
        drawn.append(f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="3" fill="{colour}"/>')
    return [f'<path d="{path.strip()}" fill="none" stroke="{colour}" stroke-width="2"/>', *drawn]


def _grid(most: int, write: Writer) -> str:
    drawn = []
    for part in range(5):
        value = most * part // 4
        high = _high_at(value, most)
        drawn.append(f'<line x1="{_LEFT}" x2="{WIDTH}" y1="{high:.1f}" y2="{high:.1f}" stroke="#dfe4e8"/>')
        drawn.append(f'<text x="{_LEFT - 4}" y="{high + 4:.1f}" text-anchor="end">{escape(write(value))}</text>')
    return "".join(drawn)


def _high_at(value: int, most: int) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * min(value, most) / most


def _months(plot: Plot, step: float) -> list[str]:
    """The month under each place where there is room, and the year where it begins."""
    drawn, year, each = [], "", ceil(_WORD / step)
    for place, name in enumerate(plot.places):
        month, _, began = name.rpartition(" ")
        middle = _LEFT + (place + 0.5) * step
        if place % each == 0:
            drawn.append(f'<text x="{middle:.1f}" y="{_HEIGHT - 16}" text-anchor="middle">{escape(month)}</text>')
        if began != year:
            drawn.append(f'<text x="{middle:.1f}" y="{_HEIGHT - 3}" text-anchor="middle">{escape(began)}</text>')
        year = began
    return drawn


def _most(plot: Plot) -> int:
    """A round number that no value exceeds: four steps of 1, 2 or 5 times a power of ten."""
    highest = max((value for series in plot.series for value in series.values if value is not None), default=0)
    step = 1
    while step * 4 < highest:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step * 4

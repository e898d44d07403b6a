"""Makes docs/log_events.md: every event that is logged, as the code logs it, with its meaning from log_events.csv."""

import ast
import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.platform.alarms import JobOutcome

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("actions", "domain", "gateway", "integrations", "legacy", "schema", "states", "store")
LEVELS = ("debug", "info", "warning", "error")
_NAMING = ("fault", "log")
"""Arguments by which an event is named for a function that logs it."""

_PAGE = """\
<!-- Made by `python -m tools.reference print` from the code and tools/reference/log_events.csv. Do not edit. -->
# Log events

Every process writes one JSON line for each event to standard error: `event`, `level`, `at`, `logger`, the values below,
and within a request `request_id`, with tracing also `trace_id`. No value is about a person: what looks like one is
masked (`gateway/runtime/logs.py`). Of a library's event only its logger and place are kept, as `library_event`.
Filter by `event` and `level`; names stay as they are within a release series, values may be added.

{table}
"""


@dataclass
class Logged:
    """How one event is logged: levels, names of its values, modules."""

    levels: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)


def log_events() -> str:
    """The page of docs/. Raises ValueError for an event without a meaning, or a meaning without its event."""
    found, meanings = logged_events(), meanings_of_events()
    if unlike := found.keys() ^ meanings.keys():
        raise ValueError(f"tools/reference/log_events.csv and the code differ in: {', '.join(sorted(unlike))}")
    rows = [("Event", "Level", "Values", "Module", "Meaning"), ("---",) * 5]
    for event, logged in sorted(found.items()):
        levels, values = ", ".join(sorted(logged.levels, key=LEVELS.index)), ", ".join(sorted(logged.values))
        modules = ", ".join(f"`{module}`" for module in sorted(logged.modules))
        rows.append((f"`{event}`", levels, values, modules, meanings[event]))
    return _PAGE.format(table="\n".join("| " + " | ".join(row) + " |" for row in rows))


def meanings_of_events() -> Mapping[str, str]:
    """What each event means, by its name."""
    with (Path(__file__).with_suffix(".csv")).open(encoding="utf-8", newline="") as file:
        return {row["event"]: row["meaning"] for row in csv.DictReader(file)}


def logged_events(root: Path = ROOT) -> Mapping[str, Logged]:
    """Every event that a module of the product logs, found in its code."""
    found: defaultdict[str, Logged] = defaultdict(Logged)
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call):
                    _note(found, node, str(path.relative_to(root)), "get_logger" in text)
    return found


def _note(found: Mapping[str, Logged], call: ast.Call, module: str, has_logger: bool) -> None:
    levels = _levels(call.func) if has_logger else None
    if isinstance(call.func, ast.Name) and not (call.args and isinstance(call.args[0], ast.Constant)):
        levels = None  # another function of that name
    events = set(_names(call.args[0])) if levels and call.args else set()
    for given in call.keywords:
        if given.arg in _NAMING and isinstance(given.value, ast.Constant) and isinstance(given.value.value, str):
            levels, events = {"warning" if given.arg == "fault" else "info"}, {given.value.value}
            call = ast.Call(call.func, [], [])
    for event in events:
        found[event].levels |= levels or set()
        found[event].values |= {one.arg for one in call.keywords if one.arg and one.arg != "exc_info"}
        found[event].modules.add(module)


def _levels(function: ast.expr) -> set[str] | None:
    """The levels at which a call logs; None for a call that does not."""
    match function:
        case ast.Attribute(ast.Name("log" | "_log"), level) if level in LEVELS:
            return {level}
        case ast.IfExp(_, one, other):
            levels = [_levels(one), _levels(other)]
            return set().union(*levels) if all(levels) else None  # type: ignore[arg-type]
        case ast.Name("log" | "write"):  # a method of the logger that was chosen before
            return {"info", "warning"} if function.id == "log" else {"info", "error"}
    return None


def _names(argument: ast.expr) -> Iterator[str]:
    match argument:
        case ast.Constant(str() as event):
            yield event
        case ast.IfExp(_, one, other):
            yield from (*_names(one), *_names(other))
        case ast.JoinedStr(parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "<system>" for part in parts)
        case ast.Attribute(ast.Name("outcome"), "value"):
            yield from (JobOutcome.STORE_UNAVAILABLE.value, JobOutcome.WRITES_STOPPED.value)
        case ast.Name("log") | ast.Attribute(ast.Name("self"), "_fault"):
            return  # named where the function is called
        case _:
            raise ValueError(f"an event is logged that cannot be named: {ast.unparse(argument)}")

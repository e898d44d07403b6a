"""Says which pinned versions a dump of OSV names: `python -m tools.supply_chain FILE`, offline.

FILE is what OSV publishes of an ecosystem: a ZIP with one JSON record for each advisory, or one record or a list of
records as JSON (https://ossf.github.io/osv-schema/). Ends with 1 where a version is named, with 2 for no dump.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCKS = (
    "requirements/run.txt",
    "requirements/docs.txt",
    "requirements/dev.txt",
    "requirements/deploy.txt",
    "requirements/uv.txt",
)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pinned_versions(root: Path) -> dict[str, str]:
    """The versions of the locks, by normalised name."""
    texts = ((root / lock).read_text(encoding="utf-8") for lock in LOCKS)
    return {canonicalize_name(name): version for text in texts for name, version in _PIN.findall(text)}


def records_of(file: Path) -> Iterator[Mapping[str, Any]]:
    """The advisories of a dump; raises OSError or ValueError where it is none."""
    if not is_zipfile(file):
        read = json.loads(file.read_bytes())
        yield from read if isinstance(read, list) else [read]
        return
    with ZipFile(file) as dump:
        for name in dump.namelist():
            if name.endswith(".json"):
                yield json.loads(dump.read(name))


def named_versions(record: Mapping[str, Any], pinned: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The pinned names and versions that an advisory names; none where it was withdrawn."""
    if record.get("withdrawn"):
        return
    for affected in record.get("affected", ()):
        package = affected.get("package", {})
        name = canonicalize_name(package.get("name", ""))
        version = pinned.get(name)
        if package.get("ecosystem") == "PyPI" and version is not None and _is_affected(version, affected):
            yield name, version


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    ranges = (one.get("events", ()) for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM")
    return version in affected.get("versions", ()) or any(_is_within(Version(version), list(one)) for one in ranges)


def _is_within(version: Version, events: list[Mapping[str, str]]) -> bool:
    """Whether the last event at or before the version introduces the weakness (OSV schema, section `events`)."""
    inside = False
    for kind, at in sorted((pair for event in events for pair in event.items()), key=lambda pair: _order(pair[1])):
        if kind == "introduced" and (at == "0" or Version(at) <= version):
            inside = True
        elif (kind == "fixed" and Version(at) <= version) or (kind == "last_affected" and Version(at) < version):
            inside = False
    return inside


def _order(at: str) -> Version:
    try:
        return Version(at)
    except InvalidVersion:
        return Version("0")


def main(arguments: list[str]) -> int:
    """Print a line for each pinned version that an advisory names; the status of the process."""
    pinned, read, found = pinned_versions(Path()), 0, set()
    try:
        for record in records_of(Path(arguments[0])):
            read += 1
            found |= {(name, version, str(record.get("id"))) for name, version in named_versions(record, pinned)}
    except (IndexError, OSError, ValueError, BadZipFile, AttributeError) as error:
        sys.stderr.write(f"apuni: no dump of OSV was read ({type(error).__name__}); give one by FILE=\n")
        return 2
    for name, version, advisory in sorted(found):
        sys.stdout.write(f"{name}=={version}  {advisory}\n")
    sys.stdout.write(f"{len(found)} of {len(pinned)} pinned versions are named by {read} advisories\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

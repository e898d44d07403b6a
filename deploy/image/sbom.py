"""Adds Debian's packages to the bill of materials of Python's: `sbom.py SBOM FOLDER` prints CycloneDX.

FOLDER holds the control file of each package of the root. Standard library only.
"""

import json
import sys
from email.parser import Parser
from pathlib import Path


def component_of(control: str) -> dict[str, str]:
    """A package as a component, by the purl that scanners know (package-url, type `deb`)."""
    fields = Parser().parsestr(control)
    name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
    purl = f"pkg:deb/debian/{name}@{version.replace(':', '%3A').replace('+', '%2B')}?arch={architecture}&distro=trixie"
    return {"bom-ref": purl, "type": "library", "name": name, "version": version, "purl": purl}


def main(bill: str, folder: str) -> None:
    """Print the bill with both halves."""
    read = json.loads(Path(bill).read_text(encoding="utf-8"))
    found = [component_of(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).iterdir())]
    read["components"] = [*read.get("components", []), *found]
    sys.stdout.write(json.dumps(read, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

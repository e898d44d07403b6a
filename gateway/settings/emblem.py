"""Reads the operator's emblem, an SVG that draws by itself."""

from pathlib import Path

MOST_BYTES = 200_000
_FOREIGN = frozenset({"script", "foreignObject", "image", "style"})
"""Elements that run, load or carry what is no drawing."""


def fault_of_emblem(path: Path) -> str | None:
    """Why a file is no emblem to print; None where it is one."""
    from integrations.calling import safe_xml  # only where an emblem is set: commands read the settings alone

    try:
        content = path.read_bytes()
        root = safe_xml.parse(content)
    except OSError as error:
        return f"{path}: {error.strerror}"
    except safe_xml.UnsafeXml:
        return f"{path}: it is no plain SVG; save the drawing as SVG without DOCTYPE and entities"
    if safe_xml.local_name(root) != "svg" or len(content) > MOST_BYTES:
        return f"{path}: an SVG of at most {MOST_BYTES} bytes is needed"
    if _FOREIGN & {safe_xml.local_name(one) for one in root.iter()}:
        return f"{path}: it has more than shapes; take out {', '.join(sorted(_FOREIGN))}"
    return None

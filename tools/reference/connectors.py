"""Makes docs/connectors/: a page for each system that joins by a file of the repository, from the file alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.kernel import Bilingual
from integrations.calling.policies import Effect
from integrations.connectors.file import Connector, ConnectorCall
from integrations.connectors.loader import read_connector

ROOT = Path(__file__).resolve().parents[2]

_PAGE = """\
<!-- Made by `python -m tools.reference print` from {file}. Do not edit. -->
# {en} · {hi}

`{name}`, version {version}, of `{owner}`. The file is `{file}`, SHA-256 `{digest}`; its wire is
{wire}, its production address `{address}`{network}. It proves who we are by {auth}; the operator gives the secrets
{secrets}. How such a file works: [connectors.md](../connectors.md).

{calls}
"""

_CALL = """\
## {name}: {en} · {hi}

{effect} {basis}

| Takes | As | Personal | From |
| --- | --- | --- | --- |
{takes}

| Gives `{kind}` | As | Personal | English | Hindi |
| --- | --- | --- | --- | --- |
{fields}

Without the system: {without}
Examples: {examples}.
"""

_EFFECTS = {
    Effect.READ: "A read.",
    Effect.KEYED_WRITE: "A write, made once by its key: {repeat}.",
    Effect.ONCE: "A write that is never repeated: where its answer is lost, the desk asks the department.",
}


def connector_pages() -> dict[str, str]:
    """The text of each page by its name below docs/."""
    return {f"connectors/{one.name}.md": _page(one, file) for one, file in shipped_connectors()}


def shipped_connectors() -> Iterator[tuple[Connector, Path]]:
    """The connectors of the repository with their files, by name."""
    found = [*ROOT.glob("connectors/*.yaml"), *ROOT.glob("states/*/connectors/*.yaml")]
    for file in sorted(found, key=lambda one: one.stem):
        yield read_connector(file.read_bytes()), file.relative_to(ROOT)


def without_system(call: ConnectorCall) -> str:
    """What a call is while its system is away."""
    policy = call.policy
    if call.effect is not Effect.READ:
        return "what is sent waits in the outbox and is delivered once it is back."
    if policy.stale:
        kept = policy.fresh + policy.revalidate + policy.stale
        return f"an old copy of up to {round(kept / 3600)} h, marked STALE with its age; else SOURCE_UNAVAILABLE."
    return "SOURCE_UNAVAILABLE; nothing is kept."


def _page(one: Connector, file: Path) -> str:
    named = [call for call in one.calls.values() if call.label is not None]
    helping = sorted(call.name for call in one.calls.values() if call.label is None)
    calls = "\n".join(_call(one, call) for call in named)
    if helping:
        calls += "\nHelping calls: " + ", ".join(f"`{name}`" for name in helping) + "."
    return _PAGE.format(
        file=file,
        en=one.label.en,
        hi=one.label.hi,
        name=one.name,
        version=one.version,
        owner=one.department or one.source.value,
        digest=one.digest,
        wire=f"{one.wire.request.value}, answered in {one.wire.answer.value}",
        address=one.address.origins["production"] + one.address.path,
        network="" if one.address.network == "internet" else f" in the network `{one.address.network}`",
        auth=", ".join(f"`{way.type}`" for way in one.authentication) or "nothing",
        secrets=", ".join(f"`{name}`" for name in sorted(one.secrets)) or "none",
        calls=calls.rstrip(),
    )


def _call(one: Connector, call: ConnectorCall) -> str:
    label = call.label
    if label is None:
        raise ValueError(f"{call.name} has no label")
    shown = [example for example in one.examples if example.call == call.name]
    return _CALL.format(
        name=call.name,
        en=label.en,
        hi=label.hi,
        effect=_EFFECTS[call.effect].format(repeat=_repeat(call)),
        basis=_basis(call),
        takes=_rows(
            (name, kind.kind, _word(kind.personal), kind.source or "whoever asks") for name, kind in call.takes.items()
        ),
        kind=call.kind,
        fields=_rows(
            (name, kind.kind, _word(kind.personal), *_texts(kind.label)) for name, kind in call.fields.items()
        ),
        without=without_system(call),
        examples=", ".join(f"{example.origin} {_meaning(example.expected)}" for example in shown) or "none",
    )


def _repeat(call: ConnectorCall) -> str:
    if call.repeat is None or call.repeat.by_key:
        return "the system takes one key once"
    return f"`{call.repeat.enquire}` looks for it before any repeat"


def _basis(call: ConnectorCall) -> str:
    if call.consent is None:
        return "It asks for nothing personal."
    if call.consent.why is not None:
        return f"It needs her consent: “{call.consent.why.en}” · “{call.consent.why.hi}”."
    return f"Its basis in law: {call.consent.rule}."


def _meaning(expected: object) -> str:
    return f"({len(expected)} rows)" if isinstance(expected, list) else f"({expected})"


def _word(personal: object) -> str:
    return str(personal) if personal else "–"


def _texts(label: Bilingual | None) -> tuple[str, str]:
    return (label.en, str(label.hi)) if label else ("–", "–")


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in (f"`{row[0]}`", *row[1:])) + " |" for row in rows
        )
        or "| – |"
    )

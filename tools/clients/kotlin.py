"""Sources for Kotlin: serialisable data classes of what goes in and comes out, and the operations with their ids."""

from tools.clients.model import App, Kind, Member, Shape

SCALARS = {
    "ID": "String", "String": "String", "Int": "Int", "Boolean": "Boolean", "Float": "Double",
    "Paise": "Long", "Long": "Long", "DateTime": "String", "Date": "String", "JSON": "JsonElement",
}  # fmt: skip
_KEYWORDS = {"as", "break", "class", "continue", "do", "else", "false", "for", "fun", "if", "in", "interface", "is"} | {
    "null", "object", "package", "return", "super", "this", "throw", "true", "try", "typealias", "typeof", "val", "var",
    "when", "while",
}  # fmt: skip


def files(app: App) -> dict[str, str]:
    """The files of the library by path."""
    package = f"in.apuni.{app.name.replace('_', '')}".replace("in.", "`in`.", 1)
    head = f"// Operations of {app.name} {app.app_version}, release {app.version}. Made by `make clients`."
    lines = [
        f"{head}\npackage {package}\n",
        "import kotlinx.serialization.KSerializer",
        "import kotlinx.serialization.SerialName",
        "import kotlinx.serialization.Serializable",
        "import kotlinx.serialization.json.JsonElement\n",
        "/** A published operation: send `id` as documentId, `variables` and read `data`. */",
        "class Operation<Variables, Data>(",
        "    val name: String, val id: String, val variables: KSerializer<Variables>, val data: KSerializer<Data>,",
        ")\n",
        *(_alias(name, values) for name, values in sorted(app.enums.items())),
        *map(_class, app.shapes.values()),
        "object Operations {",
        f'    const val APP = "{app.name}"',
        f'    const val APP_VERSION = "{app.app_version}"',
    ]  # fmt: skip
    for call in app.calls:
        given = f"{call.variables.name}.serializer(), {call.data.name}.serializer()"
        lines.append(f'    val {call.name[0].lower()}{call.name[1:]} = Operation("{call.name}", "{call.id}", {given})')
    return {
        "src/main/kotlin/Operations.kt": "\n".join([*lines, "}"]) + "\n",
        "gradle.properties": f"version={app.version}\n",
    }


def _alias(name: str, values: tuple[str, ...]) -> str:
    return f"/** One of {', '.join(values)}, or a value of a later release. */\ntypealias {name} = String"


def _class(shape: Shape) -> str:
    if not shape.members:
        return f"@Serializable\nclass {shape.name}"
    return "\n".join([f"@Serializable\ndata class {shape.name}(", *map(_property, shape.members), ")"])


def _property(member: Member) -> str:
    name = f"`{member.name}`" if member.name in _KEYWORDS else member.name
    kind = _kind(member.kind)
    absent = " = null" if member.optional or member.kind.nullable else ""
    mark = "?" if absent and not kind.endswith("?") else ""
    return f'    @SerialName("{member.name}") val {name}: {kind}{mark}{absent},'


def _kind(kind: Kind) -> str:
    bare = f"List<{_kind(kind.item)}>" if kind.item else SCALARS.get(kind.name, kind.name)
    return f"{bare}?" if kind.nullable else bare

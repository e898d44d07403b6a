"""Packages for Swift: Codable structures of what goes in and comes out, and the operations with their ids."""

from tools.clients.model import App, Kind, Member, Shape

SCALARS = {
    "ID": "String", "String": "String", "Int": "Int", "Boolean": "Bool", "Float": "Double",
    "Paise": "Int64", "Long": "Int64", "DateTime": "String", "Date": "String", "JSON": "JSONValue",
}  # fmt: skip
_KEYWORDS = {
    "as", "break", "case", "class", "continue", "default", "do", "else", "enum", "extension", "false", "for", "func",
    "if", "import", "in", "init", "is", "let", "nil", "operator", "private", "protocol", "public", "repeat", "return",
    "self",
    "static", "struct", "subscript", "super", "switch", "throw", "true", "try", "typealias", "var", "where", "while",
}  # fmt: skip

_HEAD = """\
// Operations of {app} {app_version}, release {version}. Made by `make clients`.
import Foundation

/// A published operation: send `id` as documentId with `Variables`, and decode `Data`.
public struct Operation<Variables: Encodable, Data: Decodable> {{
    public let name: String
    public let id: String
}}

/// Any JSON.
public indirect enum JSONValue: Codable {{
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(from decoder: Decoder) throws {{
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {{
            self = .null
        }} else if let found = try? value.decode(Bool.self) {{
            self = .bool(found)
        }} else if let found = try? value.decode(Double.self) {{
            self = .number(found)
        }} else if let found = try? value.decode(String.self) {{
            self = .string(found)
        }} else if let found = try? value.decode([JSONValue].self) {{
            self = .array(found)
        }} else {{
            self = .object(try value.decode([String: JSONValue].self))
        }}
    }}

    public func encode(to encoder: Encoder) throws {{
        var value = encoder.singleValueContainer()
        switch self {{
        case .null: try value.encodeNil()
        case .bool(let found): try value.encode(found)
        case .number(let found): try value.encode(found)
        case .string(let found): try value.encode(found)
        case .array(let found): try value.encode(found)
        case .object(let found): try value.encode(found)
        }}
    }}
}}
"""


def files(app: App) -> dict[str, str]:
    """The files of the package by path."""
    name = "Apuni" + "".join(part.capitalize() for part in app.name.split("_"))
    manifest = (
        f"// swift-tools-version:5.9\n// Version {app.version}.\nimport PackageDescription\n\n"
        f'let package = Package(\n    name: "{name}",\n    products: [.library(name: "{name}", targets: ["{name}"])],\n'
        f'    targets: [.target(name: "{name}")]\n)\n'
    )
    lines = [
        _HEAD.format(app=app.name, app_version=app.app_version, version=app.version),
        *(_alias(name, values) for name, values in sorted(app.enums.items())),
        *map(_structure, app.shapes.values()),
        "public enum Operations {",
        f'    public static let app = "{app.name}"',
        f'    public static let appVersion = "{app.app_version}"',
    ]  # fmt: skip
    lines += [
        f"    public static let {call.name[0].lower()}{call.name[1:]} = "
        f'Operation<{call.variables.name}, {call.data.name}>(name: "{call.name}", id: "{call.id}")'
        for call in app.calls
    ]
    return {"Package.swift": manifest, f"Sources/{name}/Operations.swift": "\n".join([*lines, "}"]) + "\n"}


def _alias(name: str, values: tuple[str, ...]) -> str:
    return f"/// One of {', '.join(values)}, or a value of a later release.\npublic typealias {name} = String"


def _structure(shape: Shape) -> str:
    given = ", ".join(
        f"{_name(one)}: {_kind(one)}{' = nil' if _kind(one).endswith('?') else ''}" for one in shape.members
    )
    return "\n".join(
        [
            f"public struct {shape.name}: Codable {{",
            *(f"    public var {_name(one)}: {_kind(one)}" for one in shape.members),
            f"    public init({given}) {{",
            *(f"        self.{_name(one)} = {_name(one)}" for one in shape.members),
            "    }",
            "}",
        ]
    )


def _name(member: Member) -> str:
    return f"`{member.name}`" if member.name in _KEYWORDS else member.name


def _kind(member: Member) -> str:
    kind = _type_name(member.kind)
    return kind if kind.endswith("?") or not member.optional else f"{kind}?"


def _type_name(kind: Kind) -> str:
    bare = f"[{_type_name(kind.item)}]" if kind.item else SCALARS.get(kind.name, kind.name)
    return f"{bare}?" if kind.nullable else bare

"""Packages for TypeScript: types of what goes in and comes out, and a small client over fetch."""

import json

from tools.clients.model import App, Kind, Shape

SCALARS = {
    "ID": "string", "String": "string", "Int": "number", "Boolean": "boolean", "Float": "number",
    "Paise": "number", "Long": "number", "DateTime": "string", "Date": "string", "JSON": "unknown",
}  # fmt: skip

_COMPILER = {
    "target": "es2022", "module": "nodenext", "lib": ["es2022", "dom"], "types": [], "strict": True,
    "exactOptionalPropertyTypes": True, "verbatimModuleSyntax": True, "declaration": True, "outDir": "built",
}  # fmt: skip

_CLIENT = """\
/** Asks the published operations of {app} by their ids. Enums may hold values of a later release. */
export const app = "{app}";
export const appVersion = "{app_version}";

export interface Operation<Variables, Data> {{
  readonly name: string;
  readonly id: string;
  readonly types?: (variables: Variables) => Data;
}}

export interface GraphError {{
  readonly message: string;
  readonly path?: ReadonlyArray<string | number>;
  readonly extensions: {{ readonly code: string; readonly retryable?: boolean; readonly retryAfterSeconds?: number }};
}}

export interface Answer<Data> {{
  readonly data: Data | null;
  readonly errors: readonly GraphError[];
}}

export interface Options {{
  readonly token?: string;
  readonly language?: string;
  readonly idempotencyKey?: string;
}}

/** The answer of an operation. A mutation needs an idempotency key. Data may be there beside errors: show both. */
export async function ask<Variables, Data>(
  base: string,
  operation: Operation<Variables, Data>,
  variables: Variables,
  options: Options = {{}},
): Promise<Answer<Data>> {{
  const response = await fetch(`${{base}}/graphql`, {{
    method: "POST",
    headers: {{
      accept: "application/graphql-response+json",
      "accept-language": options.language ?? "hi",
      "content-type": "application/json",
      "x-client-name": app,
      "x-client-version": appVersion,
      ...(options.token === undefined ? {{}} : {{ authorization: `Bearer ${{options.token}}` }}),
      ...(options.idempotencyKey === undefined ? {{}} : {{ "idempotency-key": options.idempotencyKey }}),
    }},
    body: JSON.stringify({{ documentId: `sha256:${{operation.id}}`, variables }}),
  }});
  const told = (await response.json()) as {{ data?: Data | null; errors?: readonly GraphError[] }};
  return {{ data: told.data ?? null, errors: told.errors ?? [] }};
}}
"""


def files(app: App) -> dict[str, str]:
    """The files of the package by path."""
    package = {
        "name": f"@apuni/{app.name.replace('_', '-')}",
        "version": app.version,
        "description": f"Operations of {app.name} {app.app_version}",
        "type": "module",
        "license": "Apache-2.0",
        "exports": {f"./{name}": f"./built/{name}.js" for name in ("operations", "client")},
        "scripts": {"build": "tsc --project ."},
    }
    return {
        "package.json": json.dumps(package, indent=2) + "\n",
        "tsconfig.json": json.dumps({"compilerOptions": _COMPILER}, indent=2) + "\n",
        "client.ts": _CLIENT.format(app=app.name, app_version=app.app_version),
        "operations.ts": _operations(app),
    }


def _operations(app: App) -> str:
    lines = [f"/** The operations of {app.name} with their types. Made by `make clients`. */"]
    lines.append('import type { Operation } from "./client.js";')
    lines += [
        f"export type {name} = {' | '.join(map(json.dumps, values))} | (string & {{}});"
        for name, values in sorted(app.enums.items())
    ]
    lines += map(_interface, app.shapes.values())
    lines += [
        f"export const {call.name[0].lower()}{call.name[1:]}: Operation<{call.variables.name}, {call.data.name}> = "
        f'{{ name: "{call.name}", id: "{call.id}" }};'
        for call in app.calls
    ]
    return "\n".join(lines) + "\n"


def _interface(shape: Shape) -> str:
    members = (f"  readonly {one.name}{'?' if one.optional else ''}: {_kind(one.kind)};" for one in shape.members)
    return "\n".join([f"export interface {shape.name} {{", *members, "}"])


def _kind(kind: Kind) -> str:
    bare = f"ReadonlyArray<{_kind(kind.item)}>" if kind.item else SCALARS.get(kind.name, kind.name)
    return f"{bare} | null" if kind.nullable else bare

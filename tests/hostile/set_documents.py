"""Hostile documents: depth, breadth, fragments, directives, aliases, introspection, strings."""

from random import Random  # noqa: TID251 - the set is made from a seed

from tests.hostile.frame import Case, graphql
from tests.hostile.set_bodies import CANARY


def cases(seed: Random) -> list[Case]:
    """Sizes vary with the seed."""
    named = [graphql(f"document {name}", query) for name, query in documents(seed).items()]
    operations = "query A { __typename } query B { __typename }"
    return [
        *named,
        *(graphql(f"operation {name!r}"[:40], operations, operationName=name) for name in _OPERATION_NAMES),
        *(graphql(f"random {number}", _random(seed)) for number in range(40)),
    ]


def documents(seed: Random) -> dict[str, str]:
    """Documents by their names."""
    return {**_shapes(seed), **_fragments(seed), **_words(seed), **_introspection(), **_attacks()}


_OPERATION_NAMES = ["C", "", " ", CANARY, "A B", "__typename", "a" * 9000, "आशा नेगी", "\u202e", "A\n"]


def _nest(field: str, inner: str, levels: int) -> str:
    return "{ " + f"{field} {{ " * levels + inner + " }" * levels + " }"


def _shapes(seed: Random) -> dict[str, str]:
    many = seed.randrange(100, 900)
    aliases = " ".join(f"a{number}: __typename" for number in range(many))
    sources = " ".join(f"a{number}: sources {{ name }}" for number in range(many // 8))
    services = " ".join(f"a{number}: services(first: 100) {{ nodes {{ code }} }}" for number in range(30))
    nodes = ", ".join(f'"{number}"' for number in range(many))
    return {
        "deep": _nest("viewer", "__typename", seed.randrange(11, 60)),
        "very deep": _nest("viewer", "__typename", seed.randrange(200, 480)),
        "deep inline": "{ " + "... { " * 190 + "__typename" + " }" * 191,
        "deep lists": "{ node(id: " + "[" * 190 + "]" * 190 + ") { id } }",
        "deep objects": "{ node(id: " + "{a: " * 100 + "1" + "}" * 100 + ") { id } }",
        "deep types": "query ($a: " + "[" * 150 + "Int" + "]" * 150 + ") { __typename }",
        "aliases": "{ " + aliases + " }",
        "aliases of sources": "{ " + sources + " }",
        "costly aliases": "{ " + services + " }",
        "same field": "{ " + "__typename " * many + "}",
        "overlapping objects": "{ " + "viewer { __typename } " * (many // 5) + "}",
        "tokens": "{ " + "a " * 1200 + "}",
        "commas": "{ __typename " + "," * 50_000 + "}",
        "comments": "#\n" * 40_000 + "{ __typename }",
        "long comment": "#" + "a" * 90_000 + "\n{ __typename }",
        "long name": "{ " + "a" * 90_000 + " }",
        "long alias": "{ " + "a" * 9000 + ": __typename }",
        "long string": '{ node(id: "' + "a" * 90_000 + '") { id } }',
        "long block": '{ node(id: """' + "\n  a" * 9000 + '""") { id } }',
        "long number": "{ services(first: " + "9" * 5000 + ") { nodes { code } } }",
        "many ids": "{ nodes(ids: [" + nodes[:40_000] + "]) { id } }",
        "operations": " ".join(f"query Q{number} {{ __typename }}" for number in range(50)),
        "anonymous twice": "{ __typename } { __typename }",
        "same operation": "query A { __typename } query A { __typename }",
        "variables": "query (" + " ".join(f"$v{number}: Int" for number in range(120)) + ") { __typename }",
        "same variable": "query (" + "$v: Int " * 200 + ") { __typename }",
        "directives": "{ __typename " + "@include(if: true) " * many + "}",
        "unknown directives": "{ __typename " + " ".join(f"@a{number}" for number in range(90)) + " }",
        "arguments": "{ services(" + " ".join(f"a{number}: 1" for number in range(200)) + ") { nodes { code } } }",
        "same argument": "{ services(" + "first: 1 " * 200 + ") { nodes { code } } }",
        "unknown fields": "{ " + " ".join(f"nothing{number}" for number in range(9)) + " }",
    }


def _fragments(seed: Random) -> dict[str, str]:
    levels = seed.randrange(18, 28)
    twice = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    through = " ".join(f"fragment F{n} on Query {{ a{n}: __typename ...F{n + 1} b{n}: __typename }}" for n in range(20))
    return {
        "fan out": "{ ...F0 } " + twice + f" fragment F{levels} on Query {{ __typename }}",
        "fan out of aliases": "{ ...F0 } " + twice + f" fragment F{levels} on Query {{ a: __typename }}",
        "aliases by fragments": "{ ...F0 } " + through + " fragment F20 on Query { __typename }",
        "circle": "{ ...A } fragment A on Query { ...A }",
        "circle of two": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "circle unused": "{ __typename } fragment A on Query { ...A }",
        "unknown": "{ ...Nothing }",
        "unknown type": "{ ...A } fragment A on Nothing { a }",
        "wrong type": "{ ...A } fragment A on Citizen { id }",
        "on a scalar": "{ ...A } fragment A on String { a }",
        "many": "{ __typename } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(60)),
        "same name": "{ ...A } fragment A on Query { __typename } fragment A on Query { __typename }",
        "spread often": "{ " + "...A " * 400 + "} fragment A on Query { __typename }",
        "named on": "{ ...on } fragment on on Query { __typename }",
        "directives inside": "{ ...A @skip(if: true) @skip(if: false) } fragment A on Query { __typename }",
        "deep by fragments": "{ viewer { ...A } } fragment A on Citizen { "
        + "applications(first: 1) { nodes { applicant { " * 5
        + "id "
        + "} } } " * 5
        + "}",
    }


def _words(seed: Random) -> dict[str, str]:
    return {
        "nothing": "",
        "spaces": " \n\t",
        "empty selection": "{}",
        "empty field selection": "{ viewer {} }",
        "unclosed": "{ __typename",
        "unclosed string": '{ node(id: "',
        "unclosed block": '{ node(id: """',
        "bad escape": '{ node(id: "\\x") { id } }',
        "lone surrogate": '{ node(id: "\\uD800") { id } }',
        "surrogate braces": '{ node(id: "\\u{D800}") { id } }',
        "beyond unicode": '{ node(id: "\\u{FFFFFFFF}") { id } }',
        "nul": "{ __typename \0 }",
        "control": "{ __typename \x07 }",
        "bidi": "{ __typename \u202e }",
        "byte order marks": "\ufeff" * 900 + "{ __typename }",
        "hindi": "{ आशा }",
        "schema language": "type Query { a: Int } extend schema @link(url: 1)",
        "schema and query": "{ __typename } type A { a: Int }",
        "keyword": "subscription",
        "null operation": "null",
        "numbers": "{ 1 2 3 }",
        "big integer": "{ services(first: 2147483648) { nodes { code } } }",
        "negative": "{ services(first: -1) { nodes { code } } }",
        "exponent": "{ services(first: 1e9) { nodes { code } } }",
        "enum": "{ services(first: FIRST) { nodes { code } } }",
        "object": "{ services(first: {a: 1}) { nodes { code } } }",
        "subscription": "subscription { __typename }",
        "unknown subscription": "subscription { nothing }",
        "mutation of nothing": "mutation { __typename }",
        "aadhaar as a name": "{ _" + CANARY + " }",
        "aadhaar as a string": '{ node(id: "' + CANARY + '") { id } }',
        "aadhaar as a number": "{ services(first: " + CANARY + ") { nodes { code } } }",
        "aadhaar as a comment": "# " + CANARY + "\n{ nothing }",
        "noise": "".join(chr(seed.randrange(32, 0xD000)) for _ in range(seed.randrange(10, 2000))),
    }


def _introspection() -> dict[str, str]:
    inner = "name"
    circles = {}
    for level in range(1, 8):
        inner = "fields { type { " + inner + " } }"
        circles[f"introspection circle {level}"] = "{ __schema { types { " + inner + " } } }"
    return {
        **circles,
        "introspection of types": "{ __schema { types { name fields { name args { name type { name } } } } } }",
        "introspection by name": "{ " + " ".join(f't{n}: __type(name: "Query") {{ name }}' for n in range(14)) + " }",
        "of type": "{ __schema { types { " + "ofType { " * 30 + "name" + " }" * 30 + " } } }",
        "service": "{ _service { sdl } }",
        "service often": "{ " + " ".join(f"s{n}: _service {{ sdl }}" for n in range(14)) + " }",
    }


def _attacks() -> dict[str, str]:
    texts = {
        "sql": "' OR 1=1; DROP TABLE applications; --",
        "path": "../../../../etc/passwd",
        "template": "{{7*7}}${7*7}",
        "script": "<script>alert(1)</script>",
        "format": "%s%n%x {0.__class__}",
        "log": "x\\nlevel=critical event=forged",
        "jndi": "${jndi:ldap://127.0.0.1/a}",
        "url": "http://169.254.169.254/latest/meta-data/",
    }
    made = {}
    for name, text in texts.items():
        made[f"{name} as id"] = f'{{ node(id: "{text}") {{ id }} }}'
        made[f"{name} as number"] = f'{{ application(by: {{number: "{text}"}}) {{ id }} }}'
        made[f"{name} as cursor"] = f'{{ services(first: 5, after: "{text}") {{ nodes {{ code }} }} }}'
        made[f"{name} as search"] = f'{{ services(first: 5, filter: {{search: "{text}"}}) {{ nodes {{ code }} }} }}'
        made[f"{name} as certificate"] = f'{{ verifyCertificate(number: "{text}") {{ __typename }} }}'
    return made


_SIGNS = ("{", "}", "(", ")", "[", "]", "!", "$a", ":", "=", "...", "@skip(if: true)", '"x"', '"""', "-1", "null")
_NAMES = ("on", "viewer", "services", "first", "nodes", "query", "mutation", "fragment", "A", "__schema", "__typename")


def _random(seed: Random) -> str:
    return " ".join(seed.choice(_SIGNS + _NAMES) for _ in range(seed.randrange(2, 60)))

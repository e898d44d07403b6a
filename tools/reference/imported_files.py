"""The columns of the files that a state gives, from the models that read them."""

from collections.abc import Iterator, Mapping
from typing import Any

from actions.catalogue import rows, schemes, services
from actions.catalogue.cells import RowModel, SourcedRow
from actions.catalogue.strengths_import import StrengthRow
from actions.identity.centres_import import CentreRow, OperatorRow
from actions.officers.change_rows import ChangeRow
from gateway.runtime.baseline import BaselineRow
from tools.reference.tables import table

FILES: Mapping[str, Mapping[str, type[RowModel]]] = {
    "`apuni catalogue import FOLDER`": {
        "districts.csv": rows.DistrictRow,
        "tehsils.csv": rows.TehsilRow,
        "departments.csv": rows.DepartmentRow,
        "services.csv": services.ServiceRow,
        "dbt_schemes.csv": schemes.SchemeRow,
        "digilocker_doctypes.csv": services.DoctypeRow,
        "local_departments.csv": services.RenamedRow,
        "local_outcomes.csv": services.OutcomeRow,
        "local_kinds.csv": services.KindRow,
        "local_schemes.csv": schemes.PaymentTermsRow,
        "local_second_pair.csv": services.SecondPairRow,
        "local_keywords.csv": services.KeywordsRow,
        "local_life_events.csv": services.LifeEventsRow,
        "local_eligibility.csv": services.EligibilityRow,
    },
    "`apuni calendar import FILE`, and the folder of the catalogue": {"holidays.csv": rows.HolidayRow},
    "`apuni strength import FILE`": {"local_strengths.csv": StrengthRow},
    "`apuni centre import FILE --operators FILE`": {"centres.csv": CentreRow, "operators.csv": OperatorRow},
    "`apuni officer import FILE`": {"officers.csv": ChangeRow},
    "Read at the start from the state's package": {"local_baseline.csv": BaselineRow},
}

_PAGE = """\
<!-- Made by `python -m tools.reference print` from the models that read the files. Do not edit. -->
# Files that are imported

Comma-separated, in UTF-8, with a heading; the order of columns is free, and other columns are not read. What the
columns mean: [catalogue.md](catalogue.md), [deadlines.md](deadlines.md), [sign_on.md](sign_on.md) and
[new-state.md](new-state.md); an example: `states/uttarakhand/`. Spaces around a cell do not count. An empty cell is
unknown, never zero. "yes or no" is read in letters of any size, also as true and false. A cell that does not fit is
reported by file, row, column and reason.
{sections}"""


def imported_files() -> str:
    """The page."""
    return _PAGE.format(sections="".join(_section(title, files) for title, files in FILES.items()))


def _section(title: str, files: Mapping[str, type[RowModel]]) -> str:
    tables = (
        f"\n### {name}\n\n{table(('Column', 'Holds', 'Needed'), _columns(model))}\n" for name, model in files.items()
    )
    return f"\n## {title}\n{''.join(tables)}"


def _columns(model: type[RowModel]) -> Iterator[tuple[str, str, str]]:
    schema = model.model_json_schema()
    for name, column in sorted(schema["properties"].items(), key=lambda one: one[0] in SourcedRow.model_fields):
        needed = "yes" if name in schema.get("required", ()) else ""
        yield f"`{name}`", _words(column, schema.get("$defs", {})), needed


def _words(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> str:
    """What a cell holds, in words."""
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    if "$ref" in schema:
        schema = defined[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "array":
        return f"parts between semicolons: {_words(schema['items'], defined)}"
    plain = {
        "rupees": "rupees, with two decimals at most",
        "date": "day, YYYY-MM-DD",
        "boolean": "yes or no",
        "integer": f"whole number, {schema.get('minimum')} to {schema.get('maximum')}",
        "string": "code" if "pattern" in schema else f"text, up to {schema.get('maxLength')} characters",
    }
    return plain[schema.get("format", schema["type"])]

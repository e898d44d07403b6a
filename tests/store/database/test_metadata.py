"""Tables that are declared by the objects that their rows hold."""

from dataclasses import dataclass, fields

import pytest
import sqlalchemy as sa

from domain.appeals.commission import CommissionMessage
from domain.benefits.sanction_course import Stop
from store.appeals.commission import messages_table
from store.benefits.sanction_course import sanction_stops_table
from store.database.metadata import metadata, table_of


@dataclass(frozen=True, slots=True)
class Weighed:
    id: str
    weight: float


def test_a_table_has_a_column_for_each_field_in_their_order() -> None:
    assert list(sanction_stops_table.c.keys()) == [field.name for field in fields(Stop)]


def test_a_column_may_be_null_where_its_field_may_be_none() -> None:
    assert {column.name for column in sanction_stops_table.c if column.nullable} == {
        "lifted_by",
        "lifted_at",
        "lift_ground",
        "unpaid_until",
    }


def test_the_id_is_the_key_and_what_names_a_sanction_refers_to_it() -> None:
    assert [column.name for column in sanction_stops_table.primary_key.columns] == ["id"]
    assert [key.target_fullname for key in sanction_stops_table.c.sanction_id.foreign_keys] == ["sanctions.id"]


def test_a_column_that_is_given_stands_for_the_field_of_its_name() -> None:
    assert isinstance(messages_table.c.payload.type, sa.LargeBinary)
    assert set(messages_table.c.keys()) == {field.name for field in fields(CommissionMessage)}


def test_a_field_of_a_type_without_a_column_is_refused_and_no_table_is_made() -> None:
    with pytest.raises(TypeError, match="weight"):
        table_of(Weighed, "weighed")
    assert "weighed" not in metadata.tables

"""The development blocks of states/uttarakhand/, which nothing reads yet."""

import csv

from states.packages import state_folder

DATA = state_folder()


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_block_has_a_code_of_its_own_and_lies_in_a_district_of_the_state():
    blocks, districts = rows("blocks.csv"), {row["district_lgd_code"] for row in rows("districts.csv")}

    assert len({block["block_lgd_code"] for block in blocks}) == len(blocks) == 95
    assert {block["district_lgd_code"] for block in blocks} == districts

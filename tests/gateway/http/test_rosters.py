"""The doors of rosters: a table that is taken line by line, and a list to sign."""

import csv
import io

import httpx
import pytest
from starlette.applications import Starlette

from actions.identity.sessions import mint_session_token
from gateway.pages.downloads.rosters import LARGEST_TABLE, roster_routes
from store.identity import sessions
from tests.support.camps import added, approved, camps_of, child, filed, opened, rows_now, signed_paper
from tests.support.catalogued import a_copy

ORIGIN = "http://gateway.test"
HEAD = "reference,name,born_on,guardian,relation,mobile,consent_paper,answer:village\n"


@pytest.fixture
async def camps(catalogue_and_people, store_keyrings, store_clock, tmp_path):
    async with a_copy(catalogue_and_people, store_keyrings, store_clock, tmp_path) as env:
        yield await camps_of(env)


@pytest.fixture
def client(camps) -> httpx.AsyncClient:
    app = Starlette(routes=roster_routes(camps.env, origins=(ORIGIN,)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN)


async def token(camps, subject) -> dict[str, str]:
    async with camps.env.store.read_transaction() as tx:
        session = await sessions.session(tx, subject.session_id)
    return {"Authorization": f"Bearer {mint_session_token(camps.env, session)}"}


async def sent(camps, client, number: str, table: str | bytes, *, key: str = "one", subject=None, **headers: str):
    content = table.encode() if isinstance(table, str) else table
    given = {**await token(camps, subject or camps.principal), "Content-Type": "text/csv", "Idempotency-Key": key}
    return await client.post(f"/rosters/{number}/rows", content=content, headers=given | headers)


async def test_right_lines_are_added_and_wrong_ones_are_told_by_line_field_and_remedy(camps, client):
    roster = await opened(camps)
    table = HEAD + "A-1,Asha Rawat,01-04-2010,Bachan Singh,FATHER,9811100001,,Raipur\nA-2,7,31-02-2010,,UNCLE,12,,\n"

    answer = await sent(camps, client, roster.number, table, **{"Accept-Language": "hi"})

    told = answer.json()
    assert answer.status_code == 200
    assert (told["rows"], told["added"], told["refused"]) == (2, 1, 1)
    assert {(one["line"], one["field"]) for one in told["problems"]} == {
        (3, "name"),
        (3, "bornOn"),
        (3, "guardian"),
        (3, "relation"),
        (3, "mobile"),
    }
    assert "जन्म तिथि: तिथि DD-MM-YYYY के रूप में लिखें।" in {one["message"] for one in told["problems"]}
    assert {one["action"] for one in told["problems"]} == {"CORRECT_INPUT"}


async def test_a_line_is_told_by_its_place_in_the_file_also_behind_an_empty_one(camps, client):
    roster = await opened(camps)
    table = (
        HEAD
        + "\nA-1,Asha Rawat,01-04-2010,Bachan Singh,FATHER,9811100001,,Raipur,,\n,,,\nA-2,7,01-04-2010,B N,FATHER,,,\n"
    )
    told = (await sent(camps, client, roster.number, table)).json()
    assert (told["added"], [one["line"] for one in told["problems"]]) == (1, [5])


async def test_the_corrected_file_goes_on_where_the_first_one_left_off(camps, client):
    roster = await opened(camps)
    lines = [f"A-{n},Child {chr(65 + n % 26)}{chr(97 + n // 26)},01-04-2010,Bachan Singh,FATHER,,," for n in range(60)]
    broken = [*lines[:55], "A-55,,01-04-2010,Bachan Singh,FATHER,,,", *lines[56:]]

    first = (await sent(camps, client, roster.number, HEAD + "\n".join(broken))).json()
    second = (await sent(camps, client, roster.number, HEAD + "\n".join(lines), key="two")).json()

    assert (first["added"], first["refused"], first["problems"][0]["line"]) == (59, 1, 57)
    assert (second["added"], second["unchanged"], second["refused"]) == (1, 59, 0)
    assert len(await rows_now(camps.env, roster)) == 60


@pytest.mark.parametrize(
    ("table", "place", "words"),
    [
        (b"\xff\xfe", "file", "Table: save it as CSV in UTF-8."),
        ("name,born_on\nA,B\n", "file.reference", "Head: the column reference is missing; cells are told apart by"),
        (HEAD.replace(",", ";"), "file.reference", "Head: the column reference is missing; cells are told apart by"),
        (HEAD.replace("mobile", "caste"), "file.column 6", "Head: the name of column 6 is not known."),
        (HEAD.replace("mobile", "name"), "file.column 6", "Head: column 6 is there for the second time."),
        (HEAD, "file.rows", "Table: 1 to 500 rows are needed."),
        (HEAD + "A-1,Rawat, Asha,1-4-2010,B Singh,FATHER,,,Raipur\n", "file.line 2", "Line 2: it has more cells than"),
        (HEAD + "A,B,C,D,E,F,G,H\n" * 501, "file.rows", "Table: 1 to 500 rows are needed."),
    ],
)
async def test_a_file_that_is_no_table_is_refused_whole_and_says_where(camps, client, table, place, words):
    roster = await opened(camps)
    answer = await sent(camps, client, roster.number, table, **{"Accept-Language": "en"})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (400, "ROW_INVALID")
    assert error["extensions"]["detail"] == place
    assert error["message"].startswith(words)
    assert await rows_now(camps.env, roster) == []


async def test_a_table_beyond_its_size_and_one_without_a_key_are_refused_by_what_is_wrong(camps, client):
    roster = await opened(camps)
    large = await sent(camps, client, roster.number, b"a" * (LARGEST_TABLE + 1))
    assert (large.status_code, large.json()["errors"][0]["extensions"]["code"]) == (413, "FILE_TOO_LARGE")
    keyless = await sent(camps, client, roster.number, HEAD, key="")
    assert (keyless.status_code, keyless.json()["errors"][0]["extensions"]["detail"]) == (400, "idempotencyKey")


async def test_another_type_another_school_and_nobody_are_refused(camps, client):
    roster = await opened(camps)
    table = HEAD + "A-1,Asha Rawat,01-04-2010,Bachan Singh,FATHER,,,\n"
    other = await sent(camps, client, roster.number, table, **{"Content-Type": "text/plain", "Accept-Language": "en"})
    assert (other.status_code, other.json()["errors"][0]["message"]) == (
        415,
        "Send the table as CSV in UTF-8, with the media type text/csv.",
    )
    assert (await sent(camps, client, roster.number, table, subject=camps.other)).status_code == 404
    bare = await client.post(f"/rosters/{roster.number}/rows", content=table, headers={"Content-Type": "text/csv"})
    assert bare.status_code == 401
    assert (await client.get(f"/rosters/{roster.number}/list.csv")).status_code == 401


async def test_the_list_has_who_waits_for_her_paper_and_a_column_to_sign(world_of_officers, camps, client):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, name="=Cell A", consent_paper=paper), child(2, consent_paper=paper))
    await filed(camps, roster)
    rows = await rows_now(camps.env, roster)
    await approved(camps.env, world_of_officers["registrar"], rows[0].application_id)

    async def listed(query: str, language: str) -> list[list[str]]:
        headers = {**await token(camps, camps.principal), "Accept-Language": language}
        answer = await client.get(f"/rosters/{roster.number}/list.csv{query}", headers=headers)
        assert answer.headers["content-disposition"] == f'attachment; filename="roster-{roster.number}.csv"'
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    head, *waiting = await listed("?awaiting=1", "en")
    assert head[-1] == "Signature or thumb"
    assert [line[:2] for line in waiting] == [["A-1", "'=Cell A"]]
    hindi, *everybody = await listed("", "hi")
    assert (hindi[-1], len(everybody)) == ("हस्ताक्षर या अँगूठा", 2)
    assert (await listed("?language=en", "hi"))[0][-1] == "Signature or thumb"
    theirs = await client.get(f"/rosters/{roster.number}/list.csv", headers=await token(camps, camps.other))
    assert theirs.status_code == 404


@pytest.fixture
def world_of_officers(catalogue_and_people):
    return catalogue_and_people.people

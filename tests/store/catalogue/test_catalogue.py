from datetime import date, timedelta

from sqlalchemy import text

from domain.applications.deadline import ListState
from domain.applications.holidays import Holiday, HolidayKind, calendar_of
from domain.catalogue.catalogue import Department, District, Tehsil
from domain.kernel import Bilingual, ManualClock
from store.catalogue import catalogue
from store.catalogue.calendar import NO_CALENDAR, holidays, save_calendar, work_calendar
from store.catalogue.catalogue import PAST_ALL_SERVICES
from store.database import FieldCipher, Store, Transaction, migrate
from store.database.connections import database_url, migration_engine
from store.database.migration_runner import upgrade
from tests.store.builders import scheme, service
from tests.support.stored import versions_of


async def codes(tx: Transaction, **filters: object) -> list[str]:
    return [one.code for one in await catalogue.services_page(tx, **{"limit": 100} | filters)]


async def test_services_come_back_as_imported_and_keep_their_id(store: Store) -> None:
    unknown = service("ES10", limit_days=None, fee_paise=None, rts_notified=None, department=None, documents=())
    async with store.write_transaction() as tx:
        await catalogue.upsert_services(tx, [service(), unknown])
        await catalogue.upsert_services(tx, [service(id="another", fee_paise=0, open=False)])
    async with store.read_transaction() as tx:
        assert await catalogue.service(tx, "ES09") == service(fee_paise=0, open=False, version=2)
        assert await catalogue.service(tx, "ES99") is None
        assert await catalogue.services_by_codes(tx, ["ES10", "ES99"]) == {"ES10": unknown}
        assert list(await catalogue.services_by_ids(tx, ["id-ES09"])) == ["id-ES09"]
        assert await catalogue.service_by_slug(tx, "slug-ES10") == unknown
        assert await catalogue.service_by_slug(tx, "slug") is None


async def test_pages_of_services_follow_one_another_both_ways(store: Store) -> None:
    names = {"ES1": "Alpha", "ES2": "Beta", "ES3": "Beta", "ES4": "gamma", "ES5": "Zeta"}
    async with store.write_transaction() as tx:
        rows = [service(code, name=Bilingual(None, name)) for code, name in names.items()]
        await catalogue.upsert_services(tx, rows)
    async with store.read_transaction() as tx:
        assert await codes(tx, limit=2) == ["ES1", "ES2"]
        assert await codes(tx, after=("Beta", "ES2"), limit=2) == ["ES3", "ES5"]
        assert await codes(tx, after=("Zeta", "ES5"), limit=2) == ["ES4"]
        assert await codes(tx, before=("Zeta", "ES5"), limit=2) == ["ES2", "ES3"]
        assert await codes(tx, before=PAST_ALL_SERVICES, limit=2) == ["ES5", "ES4"]
        assert await codes(tx, after=("Alpha", "ES1"), before=("Zeta", "ES5")) == ["ES2", "ES3"]
        assert await catalogue.count_services(tx) == 5


async def test_services_are_filtered(store: Store) -> None:
    async with store.write_transaction() as tx:
        rows = [
            service("ES1"),
            service("ES2", department="social-welfare", open=False),
            service("ES3", name=Bilingual("वृद्धावस्था पेंशन", "Old Age_Pension 100%"), category="Pensions"),
        ]
        await catalogue.upsert_services(tx, rows)
    async with store.read_transaction() as tx:
        assert await codes(tx, department="social-welfare") == ["ES2"]
        assert await codes(tx, category="Pensions") == ["ES3"]
        assert await codes(tx, open_only=True) == ["ES1", "ES3"]
        assert await catalogue.count_services(tx, open_only=True) == 2


async def test_each_change_of_a_service_is_a_version_and_no_change_is_none(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert [one.version for one in await catalogue.upsert_services(tx, [service()])] == [1]
        stamp = await catalogue.catalogue_stamp(tx)
        assert await catalogue.upsert_services(tx, [service(id="another")]) == []
        assert await catalogue.catalogue_stamp(tx) == stamp
        (changed,) = await catalogue.upsert_services(tx, [service(fee_paise=5000)])
        assert (changed.version, changed.id) == (2, "id-ES09")
        assert await catalogue.catalogue_stamp(tx) > stamp
    async with store.read_transaction() as tx:
        first, second = await versions_of(tx, "ES09")
        assert (first, second) == (service(), service(fee_paise=5000, version=2))
        assert await catalogue.service_as_filed(tx, "ES09", 1) == first
        assert await catalogue.service_as_filed(tx, "ES09", None) == first
        assert await catalogue.service_as_filed(tx, "ES09", 2) == second
        filed = await catalogue.services_as_filed(tx, [("ES09", 1), ("ES09", 2), ("ES99", 1)])
        assert filed == {("ES09", 1): first, ("ES09", 2): second}


async def test_a_service_of_a_release_without_versions_keeps_what_it_said_as_the_first(store: Store) -> None:
    async with store.write_transaction() as tx:
        await catalogue.upsert_services(tx, [service()])
        await tx.connection.exec_driver_sql("UPDATE services SET version = NULL, life_events = NULL, keywords = NULL")
        await tx.connection.exec_driver_sql("DELETE FROM service_versions")
        assert await catalogue.service(tx, "ES09") == service()
        await catalogue.upsert_services(tx, [service(limit_days=20)])
        assert await catalogue.service_as_filed(tx, "ES09", None) == service()
        assert (await catalogue.service(tx, "ES09")).version == 2


async def test_places_and_departments_are_listed_by_name(store: Store) -> None:
    department = Department("d1", "revenue-department", Bilingual("राजस्व विभाग", "Revenue"), 14, "s", True)
    other = Department("d2", "agriculture", Bilingual(None, "Agriculture"), None, "s", False)
    district = District("x1", "57", Bilingual("देहरादून", "Dehradun"), "Garhwal", "Dehradun", "s", True)
    tehsils = [
        Tehsil("358", "57", Bilingual(None, "Sadar"), "s", True),
        Tehsil("1", "58", Bilingual(None, "A"), "s", True),
    ]
    async with store.write_transaction() as tx:
        for _ in range(2):
            await catalogue.upsert_departments(tx, [department, other])
            await catalogue.upsert_districts(tx, [district])
            await catalogue.upsert_tehsils(tx, tehsils)
    async with store.read_transaction() as tx:
        assert await catalogue.departments(tx) == [other, department]
        assert await catalogue.districts(tx) == [district]
        assert await catalogue.tehsils(tx, "57") == tehsils[:1]


async def test_schemes_are_found_by_code(store: Store) -> None:
    widow = scheme("uk-widow-pension", service_code=None, amount_paise=None)
    async with store.write_transaction() as tx:
        await catalogue.upsert_schemes(tx, [scheme(), widow])
        await catalogue.upsert_schemes(tx, [])
    async with store.read_transaction() as tx:
        assert await catalogue.schemes(tx) == {"uk-old-age-pension": scheme(), "uk-widow-pension": widow}
        assert await catalogue.schemes(tx, ["uk-widow-pension"]) == {"uk-widow-pension": widow}
        assert await catalogue.schemes(tx, []) == {}


def holiday(day: date, name: str, kind: HolidayKind, district: str | None = None, *, verified: bool = True) -> Holiday:
    return Holiday(day, Bilingual("अवकाश", name), kind, district, "the gazette", verified)


async def test_the_calendar_that_was_saved_last_holds(store: Store, store_clock: ManualClock) -> None:
    rows = [
        holiday(date(2026, 8, 15), "Independence Day", HolidayKind.GENERAL),
        holiday(date(2026, 7, 16), "Harela", HolidayKind.DISTRICT, "57", verified=False),
        holiday(date(2026, 7, 16), "Harela", HolidayKind.DISTRICT, "58", verified=False),
        holiday(date(2026, 9, 17), "Vishwakarma Puja", HolidayKind.SIX_DAY),
    ]
    async with store.write_transaction() as tx:
        assert await work_calendar(tx) == NO_CALENDAR
        await save_calendar(tx, "2026-1", rows)
        await save_calendar(tx, "2026-1", rows)
        store_clock.advance(timedelta(days=1))
        await save_calendar(tx, "2026-2", rows[:1])
    async with store.read_transaction() as tx:
        assert await work_calendar(tx) == calendar_of(rows[:1], "2026-2")
        assert await work_calendar(tx, "2026-1") == calendar_of(rows, "2026-1")
        assert await holidays(tx, "2026-1") == [rows[1], rows[2], rows[0], rows[3]]


async def test_a_holiday_of_an_earlier_release_is_of_all_offices_or_of_its_district(
    empty_url: str, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    await upgrade(empty_url, "1001")
    engine = migration_engine(database_url(empty_url))
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO calendars VALUES ('UK-old', '2026-11-01 00:00:00')"))
        await connection.execute(
            text(
                "INSERT INTO holidays (version, sequence, day, name_en, district, verified) VALUES "
                "('UK-old', 0, '2026-08-15', 'Independence Day', NULL, TRUE), "
                "('UK-old', 1, '2026-12-07', 'Fair', '49', FALSE)"
            )
        )
    await engine.dispose()
    await migrate(empty_url)

    store = await Store.open(empty_url, cipher=store_cipher, clock=store_clock)
    async with store.read_transaction() as tx:
        found = [(one.kind, one.district, one.source) for one in await holidays(tx, "UK-old")]
        held = await work_calendar(tx)
    await store.close()

    assert found == [(HolidayKind.GENERAL, None, None), (HolidayKind.DISTRICT, "49", None)]
    assert [held.is_working(date(2026, 12, 7), district) for district in ("49", "51", None)] == [False, True, True]
    assert held.list_of(2026) is ListState.UNVERIFIED

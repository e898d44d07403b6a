"""The catalogue as it is loaded: what the sources say, and nothing made up."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from actions.catalogue.catalogue_import import import_catalogue
from actions.catalogue.rows import examine_catalogue, read_catalogue
from domain.applications.deadline import DayUnit
from domain.applications.holidays import Holiday, HolidayKind, calendar_of
from domain.catalogue.catalogue import ISSUED, Fact, Outcome, ServiceKind
from domain.etaal.counting import Category, EnrolledService
from domain.kernel import Bilingual
from store.catalogue import calendar, catalogue
from store.etaal import etaal
from tests.support.actions import World, catalogue_rows

READ = read_catalogue(catalogue_rows())
SERVICES = {service.code: service for service in READ.services}


def test_everything_that_was_gathered_is_there():
    counts = [len(READ.services), len(READ.districts), len(READ.tehsils), len(READ.departments), len(READ.schemes)]
    assert counts == [87, 13, 130, 61, 26]


@pytest.mark.parametrize(
    "values",
    [
        [service.code for service in READ.services],
        [service.slug for service in READ.services],
        [service.id for service in READ.services],
        [tehsil.code for tehsil in READ.tehsils],
        [department.slug for department in READ.departments],
        list(READ.etaal_codes.values()),
    ],
    ids=["service code", "service slug", "service id", "tehsil code", "department slug", "e-Taal code"],
)
def test_keys_are_unique(values: list[str]):
    assert [value for value, times in Counter(values).items() if times > 1] == []


def test_services_without_a_portal_code_get_a_local_one():
    local = [service for service in READ.services if service.code_source == "LOCAL"]
    assert len(local) == 52
    assert all(service.code.startswith("UKX-") and len(service.code) == 10 for service in local)


def test_every_service_department_and_scheme_has_a_hindi_name():
    named = (*READ.services, *READ.departments, *READ.schemes)
    assert [one.name.en for one in named if one.name.hi is None] == []


@pytest.mark.parametrize("language", ["hi", "en"])
def test_no_two_services_have_one_name(language: str):
    names = Counter(getattr(service.name, language) for service in READ.services)
    assert [name for name, times in names.items() if times > 1] == []


def test_whom_a_service_is_for_is_said_in_hindi_too():
    said = [service.eligibility.text for service in READ.services if service.eligibility]
    assert len(said) == 7
    assert [text.en for text in said if text.hi is None] == []


def test_what_no_source_says_is_null_and_never_zero():
    solvency = SERVICES["UKX-SHHBEG"]
    assert (solvency.fee_paise, solvency.portal_delivery_days) == (None, None)
    assert SERVICES["UKX-ISLWPJ"].limit_days is None
    assert SERVICES["UKX-CNWTMC"].fee_paise == 0
    assert SERVICES["ES09"].fee_paise == 4000
    assert all(service.limit_days != 0 for service in READ.services)


def test_limits_are_those_of_the_act_in_working_days():
    assert (SERVICES["ES90"].limit_days, SERVICES["ES90"].portal_delivery_days) == (45, 15)
    assert {service.limit_unit for service in READ.services} == {DayUnit.WORKING_DAYS}


def test_each_outcome_has_what_it_needs():
    for service in READ.services:
        assert (service.outcome in ISSUED) == (service.doctype is not None)
        assert (service.outcome is Outcome.BENEFIT) == (service.scheme_id is not None)
    schemes = {scheme.code for scheme in READ.schemes}
    assert all(service.scheme_id in schemes for service in READ.services if service.scheme_id)


@pytest.mark.parametrize(
    ("code", "outcome", "doctype", "scheme"),
    [
        ("ES09", Outcome.CERTIFICATE, "INCER", None),
        ("ES08", Outcome.CERTIFICATE, "CTCER", None),
        ("ES01", Outcome.CERTIFICATE, "DMCER", None),
        ("UKX-CNWTMC", Outcome.CERTIFICATE, "BTCER", None),
        ("ES92", Outcome.BENEFIT, None, "uk-widow-pension"),
        ("UKX-VPSGTP", Outcome.BENEFIT, None, "uk-nanda-gaura-birth"),
        ("ES22", Outcome.ORDER, None, None),
    ],
)
def test_outcomes_come_from_doctypes_schemes_and_our_own_list(
    code: str, outcome: Outcome, doctype: str | None, scheme: str | None
):
    service = SERVICES[code]
    assert (service.outcome, service.doctype, service.scheme_id) == (outcome, doctype, scheme)


@pytest.mark.parametrize("code", ["PD02", "PP02", "UI03", "EC01", "HD67", "TR01", "HD68"])
def test_services_of_other_portals_are_not_applied_for_here(code: str):
    assert not SERVICES[code].open


def test_every_service_has_a_kind_and_32_are_never_taken_in_here():
    elsewhere = [service for service in READ.services if service.kind is ServiceKind.HAND_OVER]

    assert [service.code for service in READ.services if service.kind is None] == []
    assert len(elsewhere) == 32
    assert len([service for service in READ.services if service.open]) == 55
    assert all(service.hand_over and not service.open for service in elsewhere)


def test_a_hand_over_names_body_address_and_what_to_bring_in_both_languages():
    found = [service.hand_over for service in READ.services if service.hand_over]

    assert all(one.address.startswith(("https://", "tel:")) for one in found)
    assert [text.en for one in found for text in (one.body, *one.bring) if text.hi is None] == []


def test_what_our_own_lists_say_is_never_confirmed():
    for service in READ.services:
        sources = {fact: service.source_of(fact) for fact in service.stated_facts}
        assert not any(
            source.confirmed for source in sources.values() if source and source.source.startswith("our own")
        )


def test_officers_of_one_unverified_file_are_not_confirmed_and_the_limit_of_the_act_is():
    income, caste = SERVICES["ES09"], SERVICES["ES08"]

    assert {fact: income.source_of(fact).confirmed for fact in (Fact.TIME_LIMIT, Fact.DESIGNATED_OFFICER)} == {
        Fact.TIME_LIMIT: True,
        Fact.DESIGNATED_OFFICER: False,
    }
    assert caste.source_of(Fact.DESIGNATED_OFFICER).confirmed
    assert not caste.source_of(Fact.FIRST_APPELLATE).confirmed


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"kind": "PASSPORT"}, "kind", "NOT_KNOWN"),
        ({"address": ""}, "address", "MISSING"),
        ({"address": "http://passportindia.gov.in"}, "address", "NOT_AN_ADDRESS"),
        ({"kind": "CERTIFICATE"}, "address", "ONLY_HAND_OVER"),
        ({"bring_hi": "एक"}, "bring_hi", "NOT_THE_SAME_NUMBER"),
    ],
)
def test_a_kind_that_cannot_be_is_refused_with_its_cell(cells: dict[str, str], field: str, reason: str):
    rows = catalogue_rows()
    kinds = tuple({**row, **cells} if row["service_code"] == "PP02" else row for row in rows.kinds)

    read = examine_catalogue(replace(rows, kinds=kinds))

    assert [(one.key, one.field, one.reason) for one in read.rejects if one.file == "local_kinds.csv"] == [
        ("PP02", field, reason)
    ]
    assert "PP02" not in {service.code for service in read.services}


def test_every_open_service_belongs_to_a_department():
    slugs = {department.slug for department in READ.departments}
    assert [service.code for service in READ.services if service.department not in slugs] == []


def test_the_calendar_holds_national_holidays_and_its_version_follows_its_content():
    assert not READ.calendar.is_working(date(2026, 1, 26), "49")
    assert not READ.calendar.is_working(date(2026, 10, 2))
    assert len(READ.calendar.holidays) == 9
    one = [Holiday(date(2026, 3, 4), Bilingual("होली", "Holi"), HolidayKind.DISTRICT, "49", None, verified=False)]
    two = [*one, replace(one[0], district="50")]
    both, whole = calendar_of(two), calendar_of([*two, replace(one[0], kind=HolidayKind.GENERAL, district=None)])
    assert not both.is_working(date(2026, 3, 4), "50")
    assert both.is_working(date(2026, 3, 4), "51")
    assert not whole.is_working(date(2026, 3, 4), "51")
    assert len({calendar_of(one).version, both.version, whole.version}) == 3


def test_a_service_that_occurs_twice_is_refused():
    rows = catalogue_rows()
    with pytest.raises(ValueError, match="twice"):
        read_catalogue(replace(rows, services=(*rows.services, rows.services[0])))


async def test_loading_again_changes_nothing_and_keeps_enrolled_codes(world: World):
    async with world.env.store.write_transaction() as tx:
        given = EnrolledService("ES09", date(2020, 1, 1), "GIVEN-BY-ETAAL", Category.A)
        await etaal.enrol(tx, given, by="test")
        before = await catalogue.services_by_codes(tx, list(SERVICES))
    await import_catalogue(world.env, catalogue_rows())
    async with world.env.store.read_transaction() as tx:
        assert await catalogue.services_by_codes(tx, list(SERVICES)) == before
        stands = await etaal.standings(tx, {("ES09", date(2026, 11, 24))})
        assert list(stands.values()) == ["GIVEN-BY-ETAAL|A|DISTRICT"]
        assert await calendar.work_calendar(tx) == READ.calendar
        assert len(await catalogue.tehsils(tx, "49")) == 7

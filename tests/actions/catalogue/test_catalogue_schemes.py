"""The schemes of the shared data: how each is paid, who it is for in both languages, and what is verified."""

from datetime import date

from actions.catalogue.cells import RowReader
from actions.catalogue.files import CatalogueRows
from actions.catalogue.rows import examine_catalogue
from actions.catalogue.schemes import default_rail, read_schemes
from domain.benefits.benefits import Rail
from domain.benefits.plans import Plan, add_months
from tests.support.actions import catalogue_rows

ROW = {
    "scheme_id": "x",
    "name_en": "X",
    "department_en": "D",
    "benefit_type": "pension",
    "period": "monthly",
    "amount_inr": "100",
}


def rows() -> CatalogueRows:
    return catalogue_rows()


def test_every_scheme_of_the_shared_data_is_read_with_its_way_of_payment():
    read = examine_catalogue(rows())
    assert [reject for reject in read.rejects if reject.file.endswith("schemes.csv")] == []
    schemes = {scheme.code: scheme for scheme in read.schemes}
    assert len(schemes) == len(rows().schemes) == len(rows().local_schemes)
    pension = schemes["uk-old-age-pension"]
    assert (pension.rail, pension.life_certificate, pension.limit_days) == (Rail.PFMS, True, 45)
    assert pension.eligibility is not None
    assert pension.eligibility.en.startswith("60 or older")
    assert (pension.eligibility.hi or "").startswith("60 वर्ष")
    assert pension.papers is not None
    assert len(pension.papers.en.split(";")) == len((pension.papers.hi or "").split(";"))
    assert schemes["uk-nanda-gaura-class12"].rail is Rail.IFMS
    assert schemes["uk-sch-scst-post"].terms == 2


def test_papers_have_as_many_parts_in_hindi_as_in_english():
    for scheme in examine_catalogue(rows()).schemes:
        if scheme.papers is not None and scheme.papers.hi is not None:
            assert scheme.papers.en.count(";") == scheme.papers.hi.count(";"), scheme.code


def test_what_nothing_names_goes_by_the_default():
    assert default_rail("pension", "monthly") is Rail.PFMS
    assert default_rail("scholarship", "yearly") is Rail.PFMS
    assert default_rail("cash", "one-time") is Rail.IFMS
    sieve = RowReader()
    (scheme,) = read_schemes(sieve, [ROW], [])
    assert (scheme.rail, scheme.terms, scheme.eligibility) == (Rail.PFMS, None, None)


def test_a_scheme_of_which_our_own_row_is_wrong_is_left_as_it_is_and_not_paid_by_a_default():
    sieve = RowReader()
    local = {"scheme_id": "x", "rail": "PIGEON", "terms": "", "head_of_account": ""}
    other = {**ROW, "scheme_id": "y"}
    (scheme,) = read_schemes(sieve, [ROW, other], [local])
    assert scheme.code == "y"
    assert [(one.file, one.key, one.field, one.reason) for one in sieve.rejects] == [
        ("local_schemes.csv", "x", "rail", "NOT_KNOWN"),
        ("dbt_schemes.csv", "x", "local_schemes.csv", "LEFT_AS_IS"),
    ]


def test_three_instalments_of_a_year_add_up_to_its_amount():
    scheme = next(one for one in examine_catalogue(rows()).schemes if one.code == "pm-kisan")
    plan = Plan.of(date(2026, 11, 30), scheme.period, scheme.amount_paise or 0, scheme.terms)
    year = [plan.period(index) for index in range(3)]
    assert sum(one.amount_paise for one in year) == 600_000
    assert [one.begins for one in year] == [date(2026, 11, 30), date(2027, 3, 30), date(2027, 7, 30)]
    assert plan.period(3).begins == add_months(date(2026, 11, 30), 12)

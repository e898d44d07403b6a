"""Each kind says what it must, of the right holder, and looks as it did (RENEW_PICTURES=1 draws the pictures anew)."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree
from PIL import Image, ImageChops, ImageStat

from actions.certificates.content import CertificateContent
from actions.certificates.fields import Answers, CertificateHolder, holder_of
from domain.certificates.kinds import CertificateKind, Paper
from domain.kernel import Bilingual, ErrorCode, Problems
from gateway.documents.layout import lay_out
from gateway.documents.renderer import CertificateRenderer
from tests.gateway.documents.kinds import (
    APPLICANT,
    KINDS,
    LONG_NAME,
    PAPER_CASES,
    bare,
    content_of,
    form_of,
    longest,
    paper,
    usual,
)
from tests.gateway.documents.test_layout import words_of

PICTURES = Path(__file__).with_name("pictures")
ADDED = ("relative_relation", "register_number", "date_of_registration")
"""What the form of a death asks since; an application of before has none of it."""
SCALE = 0.55
"""Points of a picture for each of a page: 327 across, in 16 shades of grey, about 15 kB."""

UNLIKE = 1.5
"""By how much of 255 the mean shade of two pictures may differ; one line of text that is missing changes 3."""

EVERY = sorted(KINDS.kinds)
CASES: dict[str, Callable[[CertificateKind], CertificateContent]] = {"usual": usual, "bare": bare, "longest": longest}


def said(text: str, pdf: bytes) -> bool:
    return "".join(text.split()) in words_of(pdf)


def page(content: CertificateContent) -> bytes:
    return lay_out(content, specimen=False)


def compare_with_kept(pdf: bytes, name: str) -> None:
    """Compare every page with the kept picture; with RENEW_PICTURES it is drawn anew first."""
    drawn = [one.render(scale=SCALE, grayscale=True).to_pil() for one in pypdfium2.PdfDocument(pdf)]
    whole = Image.new("L", (drawn[0].width, sum(one.height for one in drawn)), 255)
    for number, one in enumerate(drawn):
        whole.paste(one, (0, number * one.height))
    kept = PICTURES / f"{name}.png"
    if os.environ.get("RENEW_PICTURES"):
        whole.quantize(16).save(kept, optimize=True)

    with Image.open(kept) as before:
        assert before.size == whole.size
        assert ImageStat.Stat(ImageChops.difference(before.convert("L"), whole)).mean[0] <= UNLIKE


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", EVERY)
def test_a_kind_looks_as_it_did(name: str, case: str):
    compare_with_kept(page(CASES[case](KINDS.kinds[name])), f"{name}-{case}")


@pytest.mark.parametrize("case", PAPER_CASES)
@pytest.mark.parametrize("name", Paper)
def test_a_paper_beside_certificates_looks_as_it_did_and_says_that_it_bears_the_seal(name: Paper, case: str):
    pdf = paper(name, case)

    compare_with_kept(pdf, f"{name}-{case}")
    assert said("bears the digital seal of the department", pdf)
    assert said("विभाग की डिजिटल मुहर", pdf)


@pytest.mark.parametrize("name", EVERY)
def test_a_kind_at_its_longest_prints_every_conjunct_and_no_empty_box(name: str):
    words = words_of(page(longest(KINDS.kinds[name])))

    assert "".join(LONG_NAME.split()) in words
    assert "□" not in words


@pytest.mark.parametrize("name", EVERY)
def test_empty_optional_facts_leave_neither_braces_nor_empty_rows(name: str):
    content = bare(KINDS.kinds[name])
    words = words_of(page(content))

    assert not {"{", "}", "None"} & set(words.split())
    assert "{" not in words
    assert "None" not in words


@pytest.mark.parametrize("name", EVERY)
def test_every_kind_says_number_application_officer_post_place_day_law_and_where_to_verify(name: str):
    content = usual(KINDS.kinds[name])
    pdf = page(content)

    for text in (
        "2261 23456 78906",
        "1261 23456 78901",
        "राकेश द्विवेदी",
        "Tehsildar, Vikasnagar",
        "कार्यालय: तहसीलदार, विकासनगर",
        "स्थान / Place: विकासनगर",
        "24-11-2026",
        "सूचना प्रौद्योगिकी अधिनियम, 2000",
        "Information Technology Act, 2000",
        content.verify_url,
    ):
        assert said(text, pdf), text


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "income",
            ["₹60,000 (साठ हज़ार रुपये)", "₹60,000 (Rupees sixty thousand only)", "2025-26", "प्रयोजन", "Scholarship"],
        ),
        ("caste", ["अनुसूचित जाति", "Constitution (Scheduled Castes) Order, 1950"]),
        ("domicile", ["permanent resident of Uttarakhand", "वर्ष 1984 से", "15 वर्ष या अधिक का निवास"]),
        ("birth", ["Registration of Births and Deaths Act, 1969", "14-08-2026", "District Hospital"]),
        ("death", ["मृत्यु के मूल अभिलेख", "Bachan Singh Negi", "74 years"]),
        ("family-register", ["Gram Panchayat Barlowganj", "Kamla Negi", "पुत्री", "1956"]),
        ("licence", ["Negi General Store", "नवीनीकरण", "TL-2021-114", "31-03-2026", "23-11-2027"]),
    ],
)
def test_a_kind_says_its_own_facts(name: str, texts: list[str]):
    pdf = page(usual(KINDS.kinds[name]))

    for text in texts:
        assert said(text, pdf), text


def test_a_caste_certificate_names_the_order_of_its_category_alone():
    kind = KINDS.kinds["caste"]
    tribe = content_of(kind, form_of(kind).example | {"caste_category": "ST"})
    pdf = page(tribe)

    assert said("Scheduled Tribes) (Uttar Pradesh) Order, 1967", pdf)
    assert not said("Scheduled Castes) Order, 1950", pdf)


def person_of(xml: bytes) -> dict[str, str]:
    person = etree.fromstring(xml).find("IssuedTo/Person")
    assert person is not None
    return {str(name): str(text) for name, text in person.attrib.items() if text}


def test_a_birth_certificate_is_about_the_child_and_not_the_mother_who_applied(renderer: CertificateRenderer):
    made = renderer.render(usual(KINDS.kinds["birth"]))

    assert person_of(made.xml) == {
        "name": "Ananya Negi",
        "dob": "14-08-2026",
        "swd": "Mohan Negi",
        "swdIndicator": "D",
        "motherName": "Asha Negi",
        "gender": "F",
    }
    assert said("शिशु का नाम Name of the child Ananya Negi", made.pdf)
    assert said("माता का नाम Mother's name Asha Negi", made.pdf)
    assert said("पिता का नाम Father's name Mohan Negi", made.pdf)
    assert not said("14-03-1984", made.pdf)
    assert not said("पुत्री Mohan Negi", made.pdf)


def test_a_child_without_a_name_is_called_after_the_mother_and_never_given_hers(renderer: CertificateRenderer):
    kind = KINDS.kinds["birth"]
    given = {key: text for key, text in form_of(kind).example.items() if key != "child_name"}

    content = content_of(kind, given | {"mother_name_local": "आशा नेगी"})
    made = renderer.render(content)

    assert content.holder == Bilingual("आशा नेगी का शिशु (नाम दर्ज नहीं)", "Child of Asha Negi (name not recorded)")
    assert person_of(made.xml)["name"] == "Child of Asha Negi (name not recorded)"
    assert said("Child of Asha Negi (name not recorded)", made.pdf)
    assert said("can be added later", made.pdf)


def test_a_death_certificate_is_about_the_dead_and_not_the_daughter_who_applied(renderer: CertificateRenderer):
    made = renderer.render(usual(KINDS.kinds["death"]))

    assert person_of(made.xml) == {
        "name": "Bachan Singh Negi",
        "gender": "M",
        "swd": "Kedar Singh Negi",
        "swdIndicator": "S",
    }
    assert said("Father of the deceased", made.pdf)
    assert not said("Asha Negi", made.pdf)


@pytest.mark.parametrize(
    ("gender", "said_by_form", "letter"), [("F", "S", "D"), ("F", "W", "W"), ("M", "S", "S")], ids=str
)
def test_the_relative_of_the_dead_is_father_or_husband_as_the_form_says(gender: str, said_by_form: str, letter: str):
    kind = KINDS.kinds["death"]
    given = form_of(kind).example | {"deceased_gender": gender, "relative_relation": said_by_form}

    content = content_of(kind, given)

    assert (content.guardian, content.guardian_relation) == (Bilingual(None, "Kedar Singh Negi"), letter)
    assert said("Husband of the deceased", page(content)) is (letter == "W")


def test_an_application_of_before_the_relation_was_asked_prints_and_says_of_nobody_whose_wife_she_was(
    renderer: CertificateRenderer,
):
    kind, form = KINDS.kinds["death"], form_of(KINDS.kinds["death"])
    given = {name: text for name, text in form.example.items() if name not in ADDED}
    before = replace(form, by_name={name: one for name, one in form.by_name.items() if name not in ADDED})

    made = renderer.render(content_of(kind, given | {"deceased_gender": "F"}, before))

    assert person_of(made.xml) == {"name": "Bachan Singh Negi", "gender": "F"}
    assert said("Father or husband of the deceased Kedar Singh Negi", made.pdf)
    assert not said("Registration number", made.pdf)


@pytest.mark.parametrize("name", ["birth", "death"])
def test_birth_and_death_say_the_entry_in_the_register(name: str):
    kind = KINDS.kinds[name]
    entered = {"register_number": "R-2026-118", "date_of_registration": "2026-09-30"}

    pdf = page(content_of(kind, form_of(kind).example | entered))

    assert said("पंजीकरण संख्या Registration number R-2026-118", pdf)
    assert said("पंजीकरण की तिथि Date of registration 30-09-2026", pdf)


def test_the_cause_of_death_is_not_on_the_certificate():
    kind = KINDS.kinds["death"]
    told = form_of(kind).example | {"cause_certified": "true", "cause_of_death": "Pneumonia"}

    assert not said("Pneumonia", page(content_of(kind, told)))


def test_the_copy_of_a_register_is_about_the_head_of_the_family(renderer: CertificateRenderer):
    assert person_of(renderer.render(usual(KINDS.kinds["family-register"])).xml) == {"name": "Bachan Singh Negi"}


def test_an_applicants_certificate_names_her_with_her_fathers_name_in_both_scripts():
    kind = KINDS.kinds["income"]
    pdf = page(content_of(kind, form_of(kind).example | {"father_name_local": "बचन सिंह नेगी"}))

    assert said("आशा नेगी, पुत्री बचन सिंह नेगी, निवासी", pdf)
    assert said("Asha Negi, daughter of Bachan Singh Negi, resident of", pdf)


def test_a_name_that_was_given_in_one_script_is_not_transliterated():
    kind = KINDS.kinds["birth"]

    assert content_of(kind, form_of(kind).example).holder == Bilingual(None, "Ananya Negi")


def test_no_one_else_stands_for_a_holder_whom_the_form_does_not_name():
    kind = KINDS.kinds["death"]
    answers = Answers({"applicant_name": "Asha Negi"}, form_of(kind), KINDS)

    with pytest.raises(Problems) as refused:
        holder_of(kind.holder, answers, APPLICANT)

    assert [(one.code, one.path) for one in refused.value.problems] == [
        (ErrorCode.FORM_ANSWER_MISSING, ("form", "deceased_name"))
    ]


def test_a_person_without_a_relative_in_the_form_stands_alone():
    alone = holder_of(
        KINDS.kinds["income"].holder, Answers({}, None, KINDS), CertificateHolder(Bilingual(None, "Asha"))
    )

    assert (alone.guardian, alone.relation, alone.mother) == (None, None, None)


def test_what_people_wrote_in_braces_is_no_slot_of_a_sentence():
    kind = KINDS.kinds["income"]
    pdf = page(content_of(kind, form_of(kind).example | {"village": "{annual_income}"}))

    assert said("ग्राम / वार्ड {annual_income}", pdf)


EMBLEM = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="black"/></svg>'


def shade_of_box(pdf: bytes) -> int:
    """The shade in the middle of the emblem's box: 255 is white."""
    drawn = pypdfium2.PdfDocument(pdf)[0].render(scale=1, grayscale=True).to_pil()
    shade = drawn.getpixel((int((20 + 9) * 2.835), int((16 + 2.2 + 1 + 9 + 4) * 2.835)))
    assert isinstance(shade, int)
    return shade


def test_the_operators_emblem_fills_its_box_and_a_specimen_never_has_it():
    content = usual(KINDS.kinds["income"])

    assert shade_of_box(lay_out(content, specimen=False, emblem=EMBLEM)) < 64
    assert shade_of_box(lay_out(content, specimen=False)) > 192
    assert shade_of_box(lay_out(content, specimen=True, emblem=EMBLEM)) > 192


@pytest.mark.parametrize("name", EVERY)
def test_the_same_content_gives_the_same_bytes(name: str):
    content = usual(KINDS.kinds[name])

    assert page(content) == page(replace(content))


def test_a_picture_of_another_certificate_is_told_apart():
    """The tolerance is small enough to see a changed fact."""
    kind = KINDS.kinds["income"]
    shown = [
        pypdfium2.PdfDocument(page(one))[0].render(scale=SCALE, grayscale=True).to_pil()
        for one in (usual(kind), replace(usual(kind), fields=usual(kind).fields[:-2]))
    ]

    assert ImageStat.Stat(ImageChops.difference(*shown)).mean[0] > UNLIKE


def test_kept_pictures_are_small():
    assert max(one.stat().st_size for one in PICTURES.glob("*.png")) < 40_000
    assert len(list(PICTURES.glob("*.png"))) == len(EVERY) * len(CASES) + len(PAPER_CASES) * len(Paper)

"""The form of a service, described so that an app can render it, with the sources of its answers."""

from copy import deepcopy
from datetime import date, datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from actions.applications.prefill import Prefilled, PrefilledAnswer, source_of_json
from domain.catalogue import forms
from domain.catalogue.forms import QuestionKind
from domain.certificates.signatures import SignatureState
from domain.identity.facts import FactSource
from domain.kernel import Bilingual, Language, Source
from schema.kernel import (
    Info,
    InLanguage,
    Long,
    Mapped,
    Provenance,
    View,
    assumed_list_size,
    cost,
    field_language,
    one_by_key,
    record_provenance,
    resolver_field,
    text_field,
)
from store.catalogue import forms as form_store

form_of_service, form_of_application = one_by_key(form_store.of_services, kept=True), one_by_key(form_store.filed_forms)


@strawberry.type(description="One of the answers of a choice.")
class FormOption:
    item: strawberry.Private[forms.Option]
    value: str = strawberry.field(description="What is handed in for it.")

    label = text_field("item.label", description="What the person reads.")


@strawberry.type(description="A question of a form, and what an answer to it must be.")
class FormQuestion(Mapped[forms.Question], most_rows="rows", prefilled_from="prefill"):
    item: strawberry.Private[forms.Question]
    name: str = strawberry.field(description="The name of its answer; in a group it is group.row.name, rows from 0.")
    kind: QuestionKind = strawberry.field(description="What an answer is.")
    required: bool = strawberry.field(description="Whether everybody must answer it.")
    must_agree: bool = strawberry.field(description="Whether only yes is an answer, as with a declaration.")
    multiline: bool = strawberry.field(description="Whether the answer may have several lines.")
    shortest: int | None = strawberry.field(description="The fewest characters.")
    longest: int | None = strawberry.field(description="The most characters.")
    least: Long | None = strawberry.field(description="The least number.")
    most: Long | None = strawberry.field(description="The greatest number.")
    earliest: str | None = strawberry.field(description="The first day, as YYYY-MM-DD or `today`.")
    latest: str | None = strawberry.field(description="The last day, as YYYY-MM-DD or `today`.")
    pattern: str | None = strawberry.field(description="A regular expression that the answer must match.")
    script_of: str | None = strawberry.field(
        description="The question whose name is asked here in the state's script; null for every other."
    )
    fewest_rows: int = strawberry.field(description="The fewest rows of a group.")
    most_rows: int = strawberry.field(description="The most rows of a group; 0 where it is none.")
    prefilled_from: list[str] = strawberry.field(description="The facts of verified documents that answer it.")
    visible_if: JSON | None = strawberry.field(description="The rule by which it is asked; null where it always is.")
    required_if: JSON | None = strawberry.field(
        description="The rule by which it must be answered where it is asked: true, or a rule (docs/forms.md)."
    )

    @classmethod
    def of(cls, item: forms.Question) -> Self:
        return cls.read(
            item,
            visible_if=JSON(item.visible_if) if item.visible_if is not None else None,
            required_if=None if item.required_if is False else JSON(item.required_if),
        )

    label = text_field("item.label", description="The question itself.")
    help = text_field("item.help", description="What helps to answer it.", nullable=True)
    hint = text_field(
        "item.hint", description="What a right answer looks like, where a pattern binds it.", nullable=True
    )
    unit = text_field("item.unit", description="The unit of a number.", nullable=True)

    @resolver_field(description="The answers of a choice.", directives=[assumed_list_size(10), cost(0)])
    def options(self) -> list[FormOption]:
        return [FormOption(item=one, value=one.value) for one in self.item.options]

    @resolver_field(
        description="The questions of each row of a group; their names are without group and row.",
        directives=[assumed_list_size(3), cost(0)],
    )
    def questions(self) -> list["FormQuestion"]:
        return [FormQuestion.of(one) for one in self.item.questions]


@strawberry.type(description="Questions that are drawn together.")
class FormSection:
    item: strawberry.Private[forms.Section]
    key: str = strawberry.field(description="Stable within the form.")

    label = text_field("item.label", description="Its heading.")
    help = text_field("item.help", description="What helps to fill it in.", nullable=True)

    @resolver_field(description="Its questions in their order.", directives=[assumed_list_size(8)])
    def questions(self) -> list[FormQuestion]:
        return [FormQuestion.of(one) for one in self.item.questions]


@strawberry.type(description="A rule between answers, which is checked when the form is handed in.")
class FormRule(View[forms.Check]):
    item: strawberry.Private[forms.Check]
    name: str = strawberry.field(description="The question at which a breach is told.")

    message = text_field("item.message", description="What is told then.")


@strawberry.type(description="The form of a service. A version never changes.")
class ServiceForm(View[forms.Form], general="generic"):
    item: strawberry.Private[forms.Form]
    name: str = strawberry.field(description="Its short name.")
    version: str = strawberry.field(description="The SHA-256 of its schema; an application keeps that of its form.")
    general: bool = strawberry.field(description="Whether it serves every service that has no form of its own.")
    code_source: str = strawberry.field(description="LOCAL: it was laid out here and not by the department.")
    verified: bool = strawberry.field(description="Whether the department has confirmed it.")
    distinct_by: list[str] = strawberry.field(
        description="The questions that tell one application of a citizen from another. Two of hers may be open at "
        "once where one of these is answered differently; without them the service takes one at a time.",
        directives=[assumed_list_size(5), cost(0)],
    )

    label = text_field("item.label", description="Its heading.")
    help = text_field("item.help", description="What helps to fill it in.", nullable=True)

    @resolver_field(description="Its sections in their order.", directives=[assumed_list_size(5)])
    def sections(self) -> list[FormSection]:
        return [FormSection(item=one, key=one.key) for one in self.item.sections]

    @resolver_field(description="The rules between answers.", directives=[assumed_list_size(5), cost(0)])
    def checks(self) -> list[FormRule]:
        return [FormRule.of(one) for one in self.item.checks]

    @resolver_field(
        description="The whole form as JSON Schema (draft 2020-12) with the vocabulary of docs/forms.md; `title` and "
        "`description` are in the asked language, the x-keywords in both.",
        name="schema",
    )
    def json_schema(self, info: Info, language: InLanguage = None) -> JSON:
        return JSON(localize_schema(self.item.schema, field_language(info, language)))


@strawberry.type(description="The document, or the account, that an answer came from.")
class AnswerSource(View[FactSource], document="name", checked_at="fetched_at"):
    origin: Source = strawberry.field(
        description="Where the document lies: STORE for one of ours, SSO for what her sign-in account states."
    )
    doctype: str = strawberry.field(description="DigiLocker's document type; ACCOUNT for her sign-in account.")
    document: str = strawberry.field(description="What the document is called.")
    issuer: str = strawberry.field(description="Who issued it.")
    number: str | None = strawberry.field(description="Its number; null where the source gives none.")
    uri: str | None = strawberry.field(description="Its DigiLocker URI; null where the source gives none.")
    issued_on: date | None = strawberry.field(description="When it was issued; null where the source does not say.")
    checked_at: datetime = strawberry.field(description="When its content was had from the source.")
    signature: SignatureState = strawberry.field(description="What its signature was worth then.")


@strawberry.type(description="A field of the form with what was filled in.")
class FormField:
    application_id: strawberry.Private[str]
    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="What was filled in.")

    @resolver_field(description="The question; null where the application was filed before there were forms.")
    async def label(self, info: Info, language: InLanguage = None) -> str | None:
        filed = await info.context.load(form_of_application, self.application_id)
        question = filed.form.question(self.name) if filed else None
        return None if question is None else question.label.in_language(field_language(info, language))

    @resolver_field(description="The verified document that it came from; null where the person wrote or changed it.")
    async def source(self, info: Info) -> AnswerSource | None:
        filed = await info.context.load(form_of_application, self.application_id)
        kept = filed.source_of(self.name, self.value) if filed else None
        return None if kept is None else AnswerSource.of(source_of_json(kept))


@strawberry.type(description="An answer that a verified document gives.")
class PrefilledField(View[PrefilledAnswer]):
    name: str = strawberry.field(description="The question's name.")
    value: str = strawberry.field(description="The answer.")
    source: AnswerSource = strawberry.field(description="The document that says so.")
    token: str = strawberry.field(
        description="Hand it in as the answer's `source` so that the document is recorded; it ends after a day."
    )


@strawberry.type(description="What the citizen's documents answer of a form. Nothing is guessed.")
class PrefilledForm(Mapped[Prefilled], complete="facts.complete"):
    form: ServiceForm = strawberry.field(description="The form.")
    answers: list[PrefilledField] = strawberry.field(description="The answers that documents give.")
    complete: bool = strawberry.field(description="Whether every document and source could be heard.")
    provenance: list[Provenance] = strawberry.field(description="The sources that were asked.")

    @classmethod
    def of(cls, info: Info, view: Prefilled) -> Self:
        """The graph's view of what was found; unavailable sources are reported with it."""
        provenance = record_provenance(info, view.facts.provenances)
        for failure in view.facts.failures:
            info.context.sources.note_missing(info.path, failure)
        answers = [PrefilledField.of(one) for one in view.answers]
        return cls.read(view, answers=answers, provenance=provenance)


def localize_schema(schema: Any, language: Language) -> Any:
    """A schema with the standard's own `title` and `description` in one language wherever it has texts of ours."""
    if isinstance(schema, list):
        return [localize_schema(one, language) for one in schema]
    if not isinstance(schema, dict):
        return deepcopy(schema)
    shown = {name: one if name == "examples" else localize_schema(one, language) for name, one in schema.items()}
    for keyword, standard in (("x-label", "title"), ("x-help", "description")):
        if keyword in schema and isinstance(schema[keyword], dict):
            words = schema[keyword]
            shown[standard] = Bilingual(words["hi"], words["en"]).in_language(language)
    return shown

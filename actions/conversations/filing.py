"""Finds a service by words and hands in a simple application, question by question."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap

from actions.applications.submit import NewDocument, SubmitApplication, submit_application
from actions.catalogue.forms import form_of
from actions.catalogue.search import Wanted, find_services
from actions.catalogue.submit_checks import DocumentSource
from actions.conversations.cases import tell_sign_in
from actions.conversations.turns import Turn
from actions.uploads.uploads import take_in, too_large
from domain.applications.applications import Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import Service
from domain.catalogue.form_checking import check_answers
from domain.catalogue.forms import Form, Question, QuestionKind
from domain.conversations import Dialogue, Step
from domain.kernel import Problems, ist_date, show_number
from domain.kernel.messages import label
from integrations.calling.errors import NotLetIn, Refused
from integrations.whatsapp import LONGEST_BODY, LONGEST_TEXT, MOST_ROWS, TOO_LARGE
from store.catalogue import catalogue

MORE = "more"
_YES_NO = ("true", "false")


async def ask_for_words(turn: Turn) -> None:
    """Ask what she looks for."""
    turn.end()
    turn.say("find")
    turn.ask(Step.FIND)


async def show_found(turn: Turn) -> None:
    """The services that fit her words."""
    found = (await find_services(turn.env, Wanted(search=turn.heard.text[:200], open_only=True)))[:MOST_ROWS]
    if not found:
        turn.say("found_none")
        turn.ask(Step.FIND)
        return
    turn.end()
    turn.say("found", [(f"apply:{one.service.code}", one.service.name.in_language(turn.language)) for one in found])


async def begin(turn: Turn, code: str) -> None:
    """Begin an application for a service, where its form is simple and it is sure who writes; else say where."""
    async with turn.env.store.read_transaction() as tx:
        service = await catalogue.service(tx, code)
    if service is None or not service.open or service.hand_over is not None:
        turn.say("found_none")
        return
    form = await form_of(turn.env, service.slug)
    if form is None or not is_simple(form):
        turn.say("apply_there", link=f"{turn.env.public_url}/my/apply/{service.code}")
    elif not turn.may_act:
        await tell_sign_in(turn)
    else:
        await turn.require_mutation("submitApplication")
        turn.dialogue = Dialogue(service=code)
        turn.say("begin", service=service.name.in_language(turn.language))
        await ask_next(turn, service, form)


def is_simple(form: Form) -> bool:
    """Whether a form can be filled in by messages: no rows that must be there, no account of a bank."""
    return not any(
        one.account_number or (one.kind is QuestionKind.GROUP and one.fewest_rows) for one in form.all_questions()
    )


async def take_answer(turn: Turn, value: str) -> None:
    """Take what she wrote or tapped for what was asked, and ask for the next."""
    service, form = await _under_way(turn)
    if service is None or form is None:
        turn.end()
        turn.say("found_none")
        return
    match turn.dialogue.step:
        case Step.QUESTION:
            _take_to_question(turn, form, value)
        case Step.DISTRICT:
            await _take_place(turn, value, tehsil=False)
        case Step.TEHSIL:
            await _take_place(turn, value, tehsil=True)
        case Step.PAPER:
            await _take_paper(turn)
        case Step.CONFIRM if value == "yes":
            await _hand_in(turn)
            return
        case Step.CONFIRM if value == "no":
            turn.end()
            turn.say("dropped")
            return
    await ask_next(turn, service, form)


async def ask_next(turn: Turn, service: Service, form: Form) -> None:
    """Ask for what is lacking: an answer, the place, a paper; at last whether it is to be handed in."""
    kept = turn.dialogue
    checked = check_answers(form, kept.answers, today=ist_date(turn.env.clock.now()), complete=True)
    lacking = {one.path[2] for one in checked.problems if len(one.path) > 2}
    question = next((one for one in form.all_questions() if one.name in lacking), None)
    paper = next((one for one in service.documents if one.required and one.key not in kept.papers), None)
    if question is not None:
        _ask_question(turn, question)
    elif checked.problems:
        turn.tell(Problems(*checked.problems))
        turn.end()
        turn.say("apply_there", link=f"{turn.env.public_url}/my/apply/{service.code}")
    elif not kept.district or not kept.tehsil:
        await _ask_place(turn, tehsil=bool(kept.district))
    elif paper is not None:
        turn.say("paper", paper=paper.name)
        turn.ask(Step.PAPER, paper.key)
    else:
        _confirm(turn, service, form)


def _ask_question(turn: Turn, question: Question, begin: int = 0) -> None:
    text = question.label.in_language(turn.language)
    hint = question.hint or question.help
    text = f"{text}\n{hint.in_language(turn.language)}" if hint else text
    if question.kind is QuestionKind.DATE:
        text = f"{text}\n{turn.text('day')}"
    turn.offer(text, _page(turn, f"answer:{question.name}", _options(turn, question), begin))
    turn.ask(Step.QUESTION, question.name)


def _options(turn: Turn, question: Question) -> list[tuple[str, str]]:
    """The answers that a question offers: their values, and their names in her language."""
    if question.kind is QuestionKind.YES_NO:
        return [(one, turn.text(f"button.{one}")) for one in _YES_NO]
    return [(one.value, one.label.in_language(turn.language)) for one in question.options]


def _page(turn: Turn, of: str, options: Sequence[tuple[str, str]], begin: int) -> list[tuple[str, str]]:
    """So many options as a list shows, and one that shows more."""
    shown = [(f"{of}:{value}", name) for value, name in options[begin : begin + MOST_ROWS]]
    if len(options) <= begin + MOST_ROWS:
        return shown
    return [*shown[:-1], (f"{of}:{MORE}:{begin + MOST_ROWS - 1}", turn.text("button.more"))]


def _take_to_question(turn: Turn, form: Form, value: str) -> None:
    """Keep an answer that fits its question; say what is wrong with another."""
    question = form.by_name.get(turn.dialogue.about)
    if question is None:
        return
    values = {name.casefold(): value for value, name in _options(turn, question)}
    answers = {**turn.dialogue.answers, question.name: values.get(value.strip().casefold(), value)}
    checked = check_answers(form, answers, today=ist_date(turn.env.clock.now()), complete=False)
    wrong = [one for one in checked.problems if question.name in one.path]
    if wrong:
        turn.tell(Problems(*wrong))
        return
    turn.dialogue = replace(turn.dialogue, answers=dict(checked.answers))


async def _ask_place(turn: Turn, *, tehsil: bool, begin: int = 0) -> None:
    places = await _places(turn, tehsil=tehsil)
    step = Step.TEHSIL if tehsil else Step.DISTRICT
    turn.say(step.value.lower(), _page(turn, f"place:{step.value.lower()}", places, begin))
    turn.ask(step)


async def _take_place(turn: Turn, value: str, *, tehsil: bool) -> None:
    wanted = value.strip().casefold()
    places = await _places(turn, tehsil=tehsil)
    code = next((code for code, name in places if wanted in (code, name.casefold())), None)
    if code is None:
        turn.say("no_place")
    elif tehsil:
        turn.dialogue = replace(turn.dialogue, tehsil=code)
    else:
        turn.dialogue = replace(turn.dialogue, district=code)


async def _places(turn: Turn, *, tehsil: bool) -> list[tuple[str, str]]:
    async with turn.env.store.read_transaction() as tx:
        if tehsil:
            found = [(one.code, one.name) for one in await catalogue.tehsils(tx, turn.dialogue.district)]
        else:
            found = [(one.code, one.name) for one in await catalogue.districts(tx)]
    return [(code, name.in_language(turn.language)) for code, name in found]


async def show_more(turn: Turn, of: str, begin: int) -> None:
    """The next part of the options that were offered."""
    if of in {"district", "tehsil"}:
        await _ask_place(turn, tehsil=of == "tehsil", begin=begin)
        return
    _, form = await _under_way(turn)
    question = form.by_name.get(of) if form else None
    if question is not None:
        _ask_question(turn, question, begin)


async def _take_paper(turn: Turn) -> None:
    """Take the photograph or the PDF that she sent."""
    number, heard = turn.env.partners.whatsapp, turn.heard
    if heard.media_id is None or number is None:
        turn.say("paper_wanted")
        return
    about = turn.dialogue.about
    try:
        media = await number.download(heard.media_id)
        kept = await take_in(turn.env, turn.subject, media.content, media.media_type, document_key=about)
    except NotLetIn:
        raise  # ours to mend: it is tried again
    except Refused as refused:
        if refused.code == TOO_LARGE:
            turn.tell(too_large(turn.env.rules.files.largest_of(about)))
        else:
            turn.say("paper_wanted")
        return
    except Problems as refused:
        turn.tell(refused)
        return
    turn.dialogue = replace(turn.dialogue, papers={**turn.dialogue.papers, about: kept.sha256})


async def _hand_in(turn: Turn) -> None:
    """Hand the application in, once for this message."""
    await turn.require_mutation("submitApplication")
    kept = turn.dialogue
    turn.end()
    if not turn.may_act:
        await tell_sign_in(turn)
        return
    papers = tuple(NewDocument(key, uri, DocumentSource.UPLOAD.value) for key, uri in kept.papers.items())
    request = SubmitApplication(
        service_code=kept.service,
        district=kept.district,
        tehsil=kept.tehsil,
        channel=Channel.WHATSAPP,
        delivery=DeliveryMode.PORTAL,
        form=kept.answers,
        documents=papers,
        idempotency_key=turn.key,
    )
    filed, _ = await submit_application(turn.env, turn.subject, request)
    status = label(f"status.{filed.status.value}", turn.language)
    choices = [(f"pay:{filed.number}", turn.text("button.pay"))] if filed.status is Status.FEE_PENDING else []
    turn.say("handed_in", choices, number=show_number(filed.number), status=status)


async def _under_way(turn: Turn) -> tuple[Service | None, Form | None]:
    async with turn.env.store.read_transaction() as tx:
        service = await catalogue.service(tx, turn.dialogue.service) if turn.dialogue.service else None
    return service, await form_of(turn.env, service.slug) if service else None


def _confirm(turn: Turn, service: Service, form: Form) -> None:
    """Show her all that she answered, where it is long by messages of its own, and ask whether it is handed in."""
    choices = [("confirm:yes", turn.text("button.hand_in")), ("confirm:no", turn.text("button.drop"))]
    name, answers = service.name.in_language(turn.language), _answer_lines(turn, form)
    whole = turn.text("confirm", service=name, answers="\n".join(answers))
    if len(whole) <= LONGEST_BODY:
        turn.offer(whole, choices)
    else:
        for part in whole_lines(answers, LONGEST_TEXT):
            turn.offer(part, [])
        turn.say("confirm_above", choices, service=name)
    turn.ask(Step.CONFIRM)


def _answer_lines(turn: Turn, form: Form) -> list[str]:
    """What she answered, a line for each question."""
    lines = []
    for name, value in turn.dialogue.answers.items():
        question = form.by_name.get(name)
        if question is not None:
            chosen = dict(_options(turn, question)).get(value, value)
            lines.append(f"{question.label.in_language(turn.language)}: {chosen}")
    return lines


def whole_lines(lines: Sequence[str], longest: int) -> list[str]:
    """The lines in texts of at most so many characters; a text ends with a line, one that is longer with a word."""
    texts: list[str] = []
    for line in lines:
        for part in wrap(line, longest, replace_whitespace=False) or [""]:
            joined = f"{texts[-1]}\n{part}" if texts else part
            if texts and len(joined) <= longest:
                texts[-1] = joined
            else:
                texts.append(part)
    return texts

"""Makes the reference documents of docs/, and those of OpenAPI, from the code, so that they say nothing else."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from domain.feedback.message_texts import (
    LONGEST_BODY,
    LONGEST_BUTTON,
    LONGEST_PUSH,
    LONGEST_TITLE,
    MOST_BUTTONS,
    RegisteredText,
    parts_of,
)
from gateway.settings.care import Care
from gateway.settings.desk import Desk
from gateway.settings.fees import Fees
from gateway.settings.files import S3, Files, MalwareScanner
from gateway.settings.keys import Pkcs11, Signer
from gateway.settings.limits import Limits, Load, Rates, Server
from gateway.settings.messages import Messages
from gateway.settings.partners import Partner
from gateway.settings.payments import PaymentFiles, PfmsWay
from gateway.settings.portal import Portal
from gateway.settings.settings import Alarms, Retention, Settings
from gateway.settings.sign_on import SignOn
from gateway.settings.subscriptions import Streams
from gateway.settings.tracing import Tracing
from gateway.settings.variables import NEEDED, Variable, sections, variables_of
from integrations.registry import OUTSIDE_SYSTEMS
from states.message_texts import message_texts, text_problems
from states.packages import read_package
from tools.reference import apisetu_document, partner_doors, umang_document
from tools.reference.access import access
from tools.reference.alarms import alarms
from tools.reference.connectors import connector_pages
from tools.reference.demo_people import demo_people
from tools.reference.error_pages import error_documents
from tools.reference.imported_files import imported_files
from tools.reference.json_schemas import file_of
from tools.reference.log_events import log_events
from tools.reference.observability import observability_files
from tools.reference.policies import policies
from tools.reference.retention import retention
from tools.reference.tables import table

NOTHING = "–"

_CONFIGURATION = """\
<!-- Made by `python -m tools.reference print` from gateway/settings/settings.py. Do not edit. -->
# Configuration

Everything is set by environment variables, which are read once at the start, or by a file of them that
`APUNI_SETTINGS_FILE` names: `NAME=VALUE` a line, as environment files of systemd and of containers are. `apuni config
init FILE` writes one with every setting, what production needs first. The environment goes before the file. An empty
variable counts as not set. A value that is not allowed, or a line of the file that sets nothing known, ends the command
with one line that names the variable, the line, the reason and the remedy, and not the value; nothing was started then.

In the profiles `production` and `staging` a command that serves refuses to start, with one line for each reason,
where a setting breaks the rule in the last column. The rules about outside systems' addresses, and that they are no
sandbox's, are production's alone (ADR 0036). A dash means that there is no rule or no default.

## Needed in production

Production does not start before these are set, or what their rule names in their place, and the settings of
"Outside systems" for each of {systems}.

{needed}

## In general

{settings}

## Limits of the edge

The defaults hold in every profile; how far production lets them be raised stands in the last column.

{limits}

## Rates

In the demo a thousand times as much. How callers are told apart: docs/edge.md.

{rates}

## Load

{load}

## Server

{server}

## Subscriptions

{streams}

## Files

{files}

{scanner}

{s3}

## Keys in hardware

{pkcs11}

{signer}

## Fees

{fees}

## Messages

{messages}

## Retention

Nothing is kept shorter than the rule that is named. The audit chain is kept for good.

{retention}

## Citizen care

Feedback, grievances, tracking without sign-in, and doorstep delivery.

{care}

## Payments by files

How pensions and scholarships go through PFMS: docs/payments.md.

{payments}

{pfms}

## The portal's pages

{portal}

## Officers' desk

{desk}

## Sign-on

Messages and one-time codes go by SMS through the optional system `SMS` (`APUNI_PARTNERS__SMS__BASE_URL`, with the
accounts `msdp` and `nic` and the second address `nic_url` in `GIVEN`: integrations/sms/README.md); in the demo it is
the sandbox's. Without it codes go nowhere. Mail goes by the optional
system `EMAIL` (`APUNI_PARTNERS__EMAIL__BASE_URL`, `smtp://host:port`: integrations/email/README.md).

{sign_on}

## Alarms

{alarms}

## Traces

{tracing}

## Outside systems

Each system has these settings. `<SYSTEM>` is one of {systems}, which production
needs, or of {optional},
which are connected where they are set.

{partners}

In demo and staging a system that is not set is reached at its sandbox, as `APUNI_HOME/run/ports.json` and
`APUNI_HOME/onboarding/` say. What `GIVEN` must hold is told by `from_onboarding` in each folder
of integrations/.
"""

_MESSAGE_TEXTS = """\
<!-- Made by `python -m tools.reference print` from states/uttarakhand/messages. Do not edit. -->
# Texts of messages

Each text stands in a file of its event in `states/uttarakhand/messages/` and is, byte for byte, the one that
`registered.csv` has under its template; parts are those of an SMS whose variables are as long as registered. What a
variable is filled with comes from `operations/messages/notice.graphql`, asked with the rights of the reader. Template
ids are INFERRED placeholders until operators give ours; with one of them production does not start where SMS is
connected.

## Other channels

The file may say beside `sms` what `whatsapp`, `email` and `push` say otherwise, by language: `template`, `title`,
`text` and `buttons`. What it leaves out is the usual:

| Channel | Template | Title | Text |
| --- | --- | --- | --- |
| `whatsapp` | `apk_<event>_v1`, UTILITY | none | that of `sms`; its variables, in their order, are the parameters |
| `email` | that of `sms` | the portal and the event in words | that of `sms`, as text and as HTML by one layout |
| `push` | `push_v1` | the portal | that there is a message; the words of `sms` only where she chose so |

One-time codes (`CODE_…`) go by SMS alone. A button has a `label` and a `kind`: of `quick_reply` the `value` comes back,
of `url` it ends the registered link. Templates of WhatsApp are registered with Meta under these names, languages and
words. At start and by `apuni doctor package` is checked, beside what operators ask of an SMS:

- No text says a name, account, amount or reason, or a number of nine digits; of a ground no more than its short title.
- WhatsApp: the characters of the template's name, {longest_body} characters of text, no variable at its beginning, its
  end or beside another, {most_buttons} buttons of {longest_button} characters (INFERRED from public guides).
- Push: no variable, {longest_push} characters. A title is one line of {longest_title} characters, and the subject of a
  mail names no variable.

## A new text

The state's package is where texts begin. A new one is a file of its event, with `registered.csv` beside it. `apuni
texts check FILE` tells what is wrong, and `apuni texts preview --file FILE` shows every channel in both languages with
an example. `apuni texts propose FILE --on DAY` as the account of the shell, `proposeMessageText` or the
page `/staff/texts` proposes it. An administrator who did not confirms it there; from its day on messages go by it.
In force is the confirmed text whose day came last.
Back is a new proposal: an earlier file again, or no file for the texts of the package. A document of the graph is the
file with one member more, `dlt`: what operators registered, by template id.

## Texts

{texts}

## What other channels say otherwise

{others}
"""


def documents() -> dict[str, str]:
    """The text of each reference document by its file, seen from docs/."""
    return {
        "configuration.md": configuration(),
        "policies.md": policies(),
        "access.md": access(),
        "alarms.md": alarms(),
        "retention.md": retention(),
        "imported_files.md": imported_files(),
        "log_events.md": log_events(),
        "message_texts.md": texts_of_messages(),
        "../gateway/http/openapi.json": file_of(partner_doors.document()),
        "../integrations/apisetu/published_document.json": apisetu_document.as_file(),
        "../gateway/umang/openapi.json": file_of(umang_document.document()),
        **connector_pages(),
        **error_documents(),
        "demo_people.md": demo_people(),
        **observability_files(),
    }


def texts_of_messages() -> str:
    """Every registered text of the default state. Raises ValueError for one that operators would let die."""
    folder = read_package().folder
    if problems := text_problems(folder):
        raise ValueError("\n".join(problems))
    texts = message_texts(folder)
    rows = (
        (f"`{event}`", language.value, f"`{text.template}`", str(parts_of(text.longest)), text.text)
        for event, each in texts.items()
        for language, text in each.texts.items()
    )
    others = (
        (f"`{event}`", language.value, channel.value, f"`{text.template}`", text.title, text.text, _buttons(text))
        for event, each in texts.items()
        for channel, written in each.others.items()
        for language in written
        if (text := each.text_for(channel, language))
    )
    return _MESSAGE_TEXTS.format(
        texts=table(("Event", "Language", "Template", "Parts", "Text"), rows),
        others=table(("Event", "Language", "Channel", "Template", "Title", "Text", "Buttons"), others),
        longest_body=LONGEST_BODY,
        longest_button=LONGEST_BUTTON,
        longest_push=LONGEST_PUSH,
        longest_title=LONGEST_TITLE,
        most_buttons=MOST_BUTTONS,
    )


def _buttons(text: RegisteredText) -> str:
    return "; ".join(f"{each.label} (`{each.kind.value}`: {each.value})" for each in text.buttons)


def outdated_documents(folder: Path) -> list[str]:
    """The documents of a folder that are missing or not what the code says."""
    return [
        name
        for name, text in documents().items()
        if not (path := folder / name).exists() or path.read_text(encoding="utf-8") != text
    ]


def configuration() -> str:
    """Every setting with its variable, default, meaning and the rule of production."""
    header = ("Variable", "Default", "Meaning", "Production")
    models: dict[str, type[BaseModel]] = {
        "limits": Limits, "rates": Rates, "load": Load, "server": Server, "streams": Streams, "files": Files,
        "scanner": MalwareScanner, "s3": S3, "pkcs11": Pkcs11, "signer": Signer, "fees": Fees, "messages": Messages,
        "retention": Retention, "care": Care, "payments": PaymentFiles, "pfms": PfmsWay, "desk": Desk,
        "portal": Portal, "sign_on": SignOn, "alarms": Alarms, "tracing": Tracing,
    }  # fmt: skip
    known = {each.name: each for _, group in sections() for each in group}
    return _CONFIGURATION.format(
        needed=table(header, _rows(known[name] for name in NEEDED)),
        settings=table(header, _rows(variables_of(Settings), *NEEDED)),
        systems=", ".join(f"`{system.upper()}`" for system in OUTSIDE_SYSTEMS.required),
        optional=", ".join(f"`{system.upper()}`" for system in OUTSIDE_SYSTEMS.optional),
        partners=table(header, _rows(variables_of(Partner, "partners", "<system>"))),
        **{name: table(header, _rows(variables_of(model, name), *NEEDED)) for name, model in models.items()},
    )


def _rows(variables: Iterable[Variable], *without: str) -> Iterator[tuple[str, ...]]:
    for each in variables:
        if each.name not in without:
            default = "required" if each.field.is_required() else f"`{each.default}`" if each.default else NOTHING
            yield f"`{each.name}`", default, each.meaning or NOTHING, "; ".join(each.rules) or NOTHING

"""Coverage-guided fuzzing of one target in a process of its own: `python -m tests.fuzz.guided <target> <options>`.

Options are those of libFuzzer. The process ends with another code than 0 where the target raised, and the octets that
made it do so are named.
"""

import sys

import atheris

READERS = [
    "actions.certificates.cwt",
    "actions.certificates.qr_codes",
    "domain.feedback.commands",
    "domain.kernel.masks",
    "domain.kernel.text",
    "gateway.credentials.issuance",
    "gateway.graphql.body",
    "gateway.graphql.document_limits",
    "integrations.certificate_facts",
    "integrations.calling.safe_xml",
    "integrations.digilocker.issuer.wire",
    "integrations.digilocker.requester.wire",
    "integrations.sms.endpoint",
]
"""Whose branches guide the fuzzer; to watch everything that they import would take half a minute each time."""

with atheris.instrument_imports(include=READERS, enable_loader_override=False):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until the options say that it is enough."""
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""What `apuni dbt signers` does: the certificates that sign files for PFMS, and whether a key may go."""

from collections.abc import Sequence
from datetime import datetime

import typer

from actions.payment_signers import KnownSigner, known_signers
from domain.payment_files import EnrolmentState
from gateway.commands.opening import out
from gateway.composition import open_house
from gateway.partners import pfms_tls
from gateway.settings import Settings
from integrations.dbt_finance.pfms_rest_tls import SOON


async def run_signers(settings: Settings) -> bool:
    """Print certificates, one a line; False where none signs, or a file under way could not be made again."""
    async with open_house(settings) as house:
        known = await known_signers(house.environment)
        now = house.environment.clock.now()
    for one in known:
        out.print(signer_line(one), markup=False)
    ends_at = pfms_tls(settings).ends_at()
    if ends_at is not None:
        out.print(f"client-certificate valid-until {ends_at:%Y-%m-%d}", markup=False)
    wrong = [*problems_of(known), *problems_of_client(ends_at, now)]
    for problem in wrong:
        typer.echo(f"apuni: {problem}", err=True)
    out.print(f"apuni: {len(known)} certificates", markup=False)
    return not wrong


def problems_of(known: Sequence[KnownSigner]) -> list[str]:
    """What an operator must mend: nothing can be signed, or a file under way could not be made again."""
    found = []
    if any(one.signs_now and one.enrolment.state is EnrolmentState.REJECTED for one in known):
        found.append("PFMS declined the certificate that signs now: nothing is sent (docs/payments.md)")
    if lost := sum(one.files for one in known if not one.key_held):
        found.append(f"the keys of {lost} files under way are not on the ring: put them back")
    return found


def problems_of_client(ends_at: datetime | None, now: datetime) -> list[str]:
    """What an operator must mend of the certificate that PFMS asks of us over REST."""
    if ends_at is None or ends_at - now > SOON:
        return []
    said = f"{'ends' if ends_at > now else 'ended'} on {ends_at:%Y-%m-%d}"
    return [f"the client certificate for PFMS {said}: have a new one enrolled (docs/payments.md)"]


def signer_line(one: KnownSigner) -> str:
    """A certificate in one line: what it does, what PFMS says of it, and whether its key may go."""
    role = "signs-now" if one.signs_now else "on-the-ring" if one.key_held else "not-held"
    heard = one.enrolment.heard_at.isoformat(timespec="seconds") if one.enrolment.heard_at else "-"
    until = one.valid_until.date().isoformat() if one.valid_until else "-"
    codes = ",".join(one.enrolment.codes) or "-"
    return (
        f"{one.enrolment.fingerprint} {role} {one.enrolment.state.value} since {heard} codes {codes} "
        f"valid-until {until} files {one.files}"
    )

"""Offers of a certificate to the wallet on its holder's telephone (OpenID4VCI 1.0, pre-authorised code with tx_code).

An offer lives as long as the code that was sent to her by SMS, which is tried and used once; a new offer ends the one
before. The pre-authorised code is sealed and names its offer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.certificates.status_lists import LISTS, PLACES
from actions.certificates.wallet_grants import GRANTED, LIFE, WalletRefusal, holds
from actions.identity.code_sending import Addressee, make_code, try_code
from actions.kernel import (
    Environment,
    UnitOfWork,
    draw_status_index,
    of_certificate,
    require_own,
    require_thing,
    run_request,
)
from actions.kernel.sealed_texts import seal, unseal
from domain.certificates.certificates import IssuedCertificate
from domain.identity.assisting import CodeKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ANONYMOUS, Bilingual, ErrorCode, Problem, Problems, Subject
from store.certificates import certificates
from store.database import Transaction
from store.identity import people, sent_codes
from store.identity.sent_codes import SentCode

OFFERS = "/credential-offers"
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
_PATH = ("input", "certificateId")
_OFFER, _CODE = "wallet-offer", "wallet-code"


@dataclass(frozen=True, slots=True)
class OfferCredential:
    """The certificate that is to be put into a wallet."""

    certificate_id: str
    idempotency_key: str


async def offer_credential(
    env: Environment, subject: Subject, request: OfferCredential
) -> tuple[IssuedCertificate, bool]:
    """Open an offer of one's own certificate and send the code for it; an earlier one is good no more.

    Raises Problems: NOT_FOUND for anybody but its holder, CERTIFICATE_ENDED, MOBILE_MISSING, RATE_LIMITED.
    """

    async def work(acting: UnitOfWork, _: OfferCredential) -> IssuedCertificate:
        citizen_id = await require_own(acting, ObjectKind.CERTIFICATE, Purpose.VIEW)
        found = (await certificates.by_ids(acting.tx, [request.certificate_id])).get(request.certificate_id)
        certificate = await require_thing(acting, found, of_certificate, Purpose.VIEW, path=_PATH)
        if not holds(certificate, acting.now):
            raise Problems(Problem(ErrorCode.CERTIFICATE_ENDED, _PATH))
        citizen = (await people.citizens(acting.tx, [citizen_id]))[citizen_id]
        if not citizen.mobile:
            raise Problems(Problem(ErrorCode.MOBILE_MISSING, _PATH))
        if certificate.status_index is None:
            index = await draw_status_index(acting.tx, acting.env.ids, LISTS * PLACES)
            await certificates.give_index(acting.tx, certificate.id, index)
        to = Addressee(citizen.mobile, citizen.language, citizen.id)
        await make_code(acting, CodeKind.WALLET, certificate.id, to, path=_PATH)
        await acting.record("certificate.offered_to_wallet", ObjectKind.CERTIFICATE, certificate.id, Purpose.VIEW)
        return certificate

    async def read(tx: Transaction, certificate_id: str) -> IssuedCertificate | None:
        return (await certificates.by_ids(tx, [certificate_id])).get(certificate_id)

    return await run_request(env, subject, "offerCredential", request, work, read=read)


def person_of(env: Environment, certificate: IssuedCertificate) -> Bilingual | None:
    """Whom a certificate is about, where its kind asks for another person than who applied; None else.

    The credential goes to who applied, as the paper does: `cnf` binds it to her wallet, and it bears no `sub`
    (docs/issuing.md, "Who can check a certificate").
    """
    kinds = env.rules.certificate_kinds.kinds.values()
    another = any(one.holder.name for one in kinds if one.doctype == certificate.doctype)
    return certificate.holder if another else None


async def open_offers(tx: Transaction, certificate_ids: Iterable[str]) -> dict[str, SentCode]:
    """The codes of the offers that may still be redeemed, by certificate."""
    return await sent_codes.open_codes(tx, CodeKind.WALLET.value, certificate_ids)


def offer_of(env: Environment, code: SentCode, doctype: str) -> Mapping[str, Any]:
    """The credential offer by value (OpenID4VCI 1.0)."""
    sealed = seal(env, _CODE, {"offer": code.id, "certificate": code.about}, code.expires_at)
    tx_code = {"input_mode": "numeric", "length": len(code.content["code"]), "description": "SMS"}
    return {
        "credential_issuer": env.public_url,
        "credential_configuration_ids": [doctype],
        "grants": {PRE_AUTHORIZED: {"pre-authorized_code": sealed, "tx_code": tx_code}},
    }


def offer_address(env: Environment, code: SentCode) -> str:
    """Where a wallet fetches the offer; the pre-authorised code is not in it."""
    name = seal(env, _OFFER, {"offer": code.id, "certificate": code.about}, code.expires_at)
    return f"{env.public_url}{OFFERS}/{name}"


async def referenced_offer(env: Environment, name: str) -> Mapping[str, Any] | None:
    """The whole offer behind an address of `offer_address`; None where it is over, used or none of ours."""
    opened = unseal(env, _OFFER, name)
    if opened is None:
        return None
    async with env.store.read_transaction() as tx:
        code = (await open_offers(tx, [opened["certificate"]])).get(opened["certificate"])
        held = (await certificates.by_ids(tx, [opened["certificate"]])).get(opened["certificate"])
    if code is None or held is None or code.id != opened["offer"]:
        return None
    return offer_of(env, code, held.doctype)


async def redeem_offer(env: Environment, code: str, tx_code: str) -> str:
    """The access token for a pre-authorised code and the code of the SMS. Raises WalletRefusal: invalid_grant.

    A wrong code counts; after the last try the offer is over. Either code is good once.
    """
    opened = open_code(env, code)

    async def work(tx: Transaction) -> bool:
        acting = UnitOfWork(env, tx, ANONYMOUS)
        current = (await open_offers(tx, [opened["certificate"]])).get(opened["certificate"])
        if current is None or current.id != opened["offer"]:
            return False
        return await try_code(acting, CodeKind.WALLET, opened["certificate"], tx_code, path=("tx_code",)) is None

    try:
        right = await env.store.carry_out(work)
    except Problems:
        right = False
    if not right:
        raise WalletRefusal("invalid_grant", "The code is wrong, used or over")
    return seal(env, GRANTED, opened, env.clock.now() + LIFE)


def open_code(env: Environment, code: str) -> Mapping[str, str]:
    """The offer and the certificate that a pre-authorised code names. Raises WalletRefusal: invalid_grant."""
    opened = unseal(env, _CODE, code)
    if opened is None:
        raise WalletRefusal("invalid_grant", "The code is not ours, or over")
    return opened

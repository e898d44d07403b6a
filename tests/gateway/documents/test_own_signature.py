"""The signature on a certificate of ours is examined against our own keys."""

from actions.certificates.content import CertificateContent
from actions.documents.own_signature import own_signature
from domain.certificates.signatures import SignatureState
from gateway.documents.renderer import CertificateRenderer
from integrations.certificate_facts import facts_of
from store.database import Keyrings
from tests.support.graph import NOW


def test_our_own_certificate_is_verified_by_our_key_and_states_its_facts(
    renderer: CertificateRenderer, content: CertificateContent, keys_folder
):
    found = own_signature(Keyrings(keys_folder), renderer.render(content).xml, NOW)

    assert (found.state, found.sha1) == (SignatureState.VERIFIED, False)
    assert found.part is not None
    told = facts_of(found.part)
    assert told is not None
    assert (told.facts["annual_income"], told.holder) == ("120000", "Asha Kshetri")  # type: ignore[index]


def test_one_that_was_changed_is_broken(renderer: CertificateRenderer, content: CertificateContent, keys_folder):
    changed = renderer.render(content).xml.replace(b"120000", b"020000")
    assert own_signature(Keyrings(keys_folder), changed, NOW).state is SignatureState.INVALID


def test_one_of_another_house_is_of_an_unknown_signer(renderer: CertificateRenderer, content, tmp_path):
    other = Keyrings(tmp_path)
    other.init()
    assert own_signature(other, renderer.render(content).xml, NOW).state is SignatureState.UNKNOWN_SIGNER


def test_what_is_no_document_is_broken(keys_folder):
    assert own_signature(Keyrings(keys_folder), b"%PDF", NOW).state is SignatureState.INVALID

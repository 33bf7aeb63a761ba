"""Who signs the log: one key for one installation, apart from that of certificates."""

from accesslog import note
from cctv.vault import rings, signing
from cctv.vault.logsigner import LogSigner


def test_a_checkpoint_is_signed_in_the_name_of_the_installation(keys):
    signer = LogSigner()
    assert signer.origin == f"lethe/{rings.records().ring_id.hex()[:16]}/log"
    text = note.Checkpoint(signer.origin, 0, bytes(32)).text
    signed = signer.sign(text)
    assert note.verify_checkpoint(signed, signer.verifier_key()).size == 0
    assert signer.sign(text) == signed
    assert note.parse_key(signer.verifier_key()).public != note.parse_key(signing.public_key()).public


def test_the_key_outlives_ratchets_and_is_another_elsewhere(keys, settings, tmp_path):
    key, ring = LogSigner().verifier_key(), rings.records()
    ring.remove_and_ratchet([ring.ensure("hold/1")])
    assert LogSigner().verifier_key() == key
    settings.LETHE_KEYS_ROOT = tmp_path / "other"
    for each in rings.both():
        each.folder.mkdir(parents=True)
        each.initialise()
    assert LogSigner().verifier_key() != key

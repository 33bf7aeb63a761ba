"""A root at OpenBao: destroyed means that the server was asked and refused."""

from collections.abc import Iterator

import pytest

from cctv.vault import steps
from cctv.vault.errors import GenerationMismatch, KeyMissing
from cctv.vault.roots import openbao as scheme
from cctv.vault.roots.bao import Bao, BaoSettings, Refused, version_of
from cctv.vault.roots.errors import RootNotDestroyed, RootSettings, RootUnavailable
from cctv.vault.roots.shared import SharedKeyring
from tests.servers.openbao import OpenBao, start
from tests.vault.roots.hosts import Where, killed_at

pytestmark = pytest.mark.slow

STEPS = [
    "ratchet.begin",
    "bao.rotated",
    "bao.sealed",
    "ratchet.root",
    "keyring.written",
    "keyring.durable",
    "ratchet.keyring",
    "bao.raised",
    "bao.trimmed",
    "bao.refused",
    "ratchet.destroyed",
    "ratchet.kept-up",
    "ratchet.mirrored",
    "ratchet.released",
]
AFTER_STORED = set(STEPS[STEPS.index("keyring.durable") :])


@pytest.fixture
def ring(where: Where) -> Iterator[SharedKeyring]:
    made = where.ring()
    made.initialise()
    yield made
    made.close()


def test_invariant_4_removed_key_is_gone_and_the_others_stay(where, ring):
    kept, gone = ring.ensure("kept"), ring.ensure("gone")
    key = ring.get(kept)
    result = ring.remove_and_ratchet([gone])
    assert (result.generation_before, result.generation_after, result.removed) == (1, 2, (gone,))
    assert result.complete
    for reader in (ring, where.ring()):
        assert reader.get(kept) == key
        assert not reader.has(gone)
        with pytest.raises(KeyMissing):
            reader.get(gone)
        reader.close()


def test_invariant_4_no_earlier_keyring_opens_with_the_token_of_today(where, ring, openbao: OpenBao):
    gone = ring.ensure("gone")
    before = where.stored()
    assert gone in where.opened(before).keys, "positive control: before the ratchet the copy opens"
    ring.remove_and_ratchet([gone])
    with pytest.raises(GenerationMismatch):
        where.opened(before)
    # Nor for the server's own administrator, asked without our code.
    sealed = scheme.parse(scheme.split(before)[0])
    context = where.roots(where.place())._context(ring.ring_id, 1, sealed)
    assert not openbao.opens(sealed.key, sealed.now, context)
    assert openbao.key(sealed.key)["keys"].keys() == {"2"}
    assert openbao.key(sealed.key)["min_available_version"] == 2


def test_the_root_is_in_no_byte_on_disk(where, ring, tmp_path):
    ring.ensure("kept")
    root = where.replica().read().root.key
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or root not in path.read_bytes(), path
    assert root not in where.stored()


def test_facts_say_what_was_asked_and_answered(where, ring, openbao: OpenBao):
    ring.remove_and_ratchet([ring.ensure("gone")])
    facts = ring.root_facts(ask=True)
    assert (facts.provider, facts.claims_below_file_system, facts.version) == ("openbao", True, 2)
    assert facts.since_us == 0
    assert facts.destroyed_before is True
    assert facts.key == f"lethe-footage-{ring.ring_id.hex()}"


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_invariant_5_kill_at_any_step_keeps_the_survivors_and_can_be_finished(where, step, openbao: OpenBao):
    ring = where.ring()
    ring.initialise()
    kept, gone = ring.ensure("kept"), ring.ensure("gone")
    key, before = ring.get(kept), where.stored()
    ring.close()
    assert killed_at(where, f"ratchet:{gone}", step)
    after = where.ring()
    assert after.get(kept) == key
    assert after.generation == (2 if step in AFTER_STORED else 1)
    assert after.has(gone) == (step not in AFTER_STORED)
    if step in AFTER_STORED:  # finished before anything was served
        with pytest.raises(GenerationMismatch):
            where.opened(before)
    result = after.remove_and_ratchet([gone])
    assert (result.generation_before, result.generation_after, result.removed) == (1, 2, (gone,))
    assert after.get(kept) == key
    assert after.key_ids() == {kept}
    with pytest.raises(GenerationMismatch):
        where.opened(before)
    versions = openbao.key(where.key_name())["keys"]
    assert min(map(int, versions)) == after.root_facts().version
    after.close()


@pytest.mark.faults
@pytest.mark.parametrize("step", ["bao.created", "keyring.written", "keyring.durable"])
def test_a_ring_whose_set_up_was_killed_is_set_up_by_the_next(where, step):
    assert killed_at(where, "initialise", step)
    after = where.ring()
    assert after.exists() == (step == "keyring.durable")
    stored = where.stored() if after.exists() else None
    after.initialise()
    assert stored in (None, where.stored()), "what was stored is never replaced by another root"
    made = after.ensure("made")
    assert where.ring().get(made) == after.get(made)
    assert after.root_facts(ask=True).destroyed_before is True
    after.close()


def test_a_server_that_does_not_trim_is_found_out(where, ring, monkeypatch):
    """Break the trimming: nothing may be called destroyed, and nothing is opened until it is."""
    kept, gone = ring.ensure("kept"), ring.ensure("gone")
    monkeypatch.setattr(Bao, "trim", lambda *_: None)
    monkeypatch.setattr(Bao, "raise_minimum", lambda *_: None)
    with pytest.raises(RootNotDestroyed):
        ring.remove_and_ratchet([gone])
    ring.close()
    with pytest.raises(RootNotDestroyed):
        ring.get(kept)
    monkeypatch.undo()
    assert ring.remove_and_ratchet([gone]).removed == (gone,)
    assert ring.get(kept)


def test_a_refusal_for_another_reason_is_no_proof(where, ring, monkeypatch):
    ring.remove_and_ratchet([ring.ensure("gone")])

    def tampered(*_: object) -> bytes:
        raise Refused("cipher: message authentication failed")

    root = where.replica().read().root
    roots = where.roots(where.place())
    assert roots.is_destroyed_before(root)
    asked = roots._bao.decrypt
    monkeypatch.setattr(
        roots._bao,
        "decrypt",
        lambda key, text, context: asked(key, text, context) if ":v2:" in text else tampered(),
    )
    assert not roots.is_destroyed_before(root)


def test_a_keyring_taken_to_another_place_does_not_open(where, ring, tmp_path):
    """A copied bucket with the same token must not trim the versions of the original."""
    data = where.stored()
    elsewhere = scheme.OpenBaoRoots(Bao(BaoSettings(**where.bao)), "footage", "s3:copied/keys")
    replica = where.replica()
    replica.roots = elsewhere
    with pytest.raises(Exception, match="damaged"):
        replica.open(data)


def test_two_installations_never_share_a_key(where, openbao: OpenBao, tmp_path):
    one, other = where.ring(), Where(str(tmp_path / "other" / "footage"), where.bao).ring()
    one.initialise()
    other.initialise()
    assert one.root_facts().key != other.root_facts().key
    gone = other.ensure("gone")
    other.remove_and_ratchet([gone])
    assert one.root_facts(ask=True).version == 1
    one.close()
    other.close()


def test_writes_and_new_processes_refuse_while_the_server_is_away(where, tmp_path):
    server = start()
    try:
        away = Where(where.folder, server.settings(), where.s3, where.bucket, where.prefix)
        ring = away.ring()
        ring.initialise()
        key_id = ring.ensure("made")
        key = ring.get(key_id)
    finally:
        server.stop()
    # What is known to be current goes on: the place still says that nothing has changed.
    assert ring.get(key_id) == key
    with pytest.raises(RootUnavailable):
        ring.ensure("another")
    with pytest.raises(RootUnavailable):
        ring.remove_and_ratchet([key_id])
    ring.close()
    with pytest.raises(RootUnavailable):
        ring.get(key_id)


def test_a_token_without_the_right_to_trim_destroys_nothing_and_says_so(where, openbao: OpenBao):
    ring = where.ring()
    ring.initialise()
    gone = ring.ensure("gone")
    policy = """
        path "transit/*" { capabilities = ["read", "update"] }
        path "transit/keys/+/trim" { capabilities = ["deny"] }
    """
    assert openbao.ask("PUT", "sys/policies/acl/no-trim", {"policy": policy})[0] == 204
    token = openbao.ask("POST", "auth/token/create", {"policies": ["no-trim"]})[1]["auth"]["client_token"]
    poor = Where(where.folder, {**where.bao, "token": token}, where.s3, where.bucket, where.prefix).ring()
    with pytest.raises(RootUnavailable, match="403"):
        poor.remove_and_ratchet([gone])
    poor.close()
    assert not ring.has(gone), "settled by who may"
    assert ring.root_facts(ask=True).destroyed_before
    ring.close()


def test_an_approle_logs_in_again_when_its_token_has_ended(openbao: OpenBao, tmp_path):
    openbao.ask("POST", "sys/auth/approle", {"type": "approle"})
    openbao.ask("POST", "auth/approle/role/lethe", {"token_policies": "lethe", "token_ttl": "1h"})
    role_id = openbao.ask("GET", "auth/approle/role/lethe/role-id")[1]["data"]["role_id"]
    secret = openbao.ask("POST", "auth/approle/role/lethe/secret-id")[1]["data"]["secret_id"]
    (tmp_path / "secret-id").write_text(secret + "\n")
    bao = Bao(BaoSettings(openbao.url, role_id=role_id, secret_id_file=str(tmp_path / "secret-id")))
    key = "lethe-approle-test"
    bao.create(key)
    assert openbao.ask("POST", "auth/token/revoke", {"token": bao._token()})[0] == 204
    assert version_of(bao.encrypt(key, bao.rotate(key), b"secret", b"")) == 2


def test_a_new_token_in_the_file_is_taken_up(openbao: OpenBao, tmp_path):
    file = tmp_path / "token"
    file.write_text(openbao.new_token())
    bao = Bao(BaoSettings(openbao.url, token_file=str(file)))
    bao.create("lethe-token-test")
    openbao.ask("POST", "auth/token/revoke", {"token": file.read_text()})
    with pytest.raises(RootUnavailable, match="403"):
        bao.describe("lethe-token-test")
    file.write_text(openbao.new_token())
    assert bao.describe("lethe-token-test").latest == 1


@pytest.mark.parametrize("url", ["http://bao.example.org:8200", "ftp://127.0.0.1", ""])
def test_a_url_that_would_show_the_token_is_refused(url):
    with pytest.raises(RootSettings):
        Bao(BaoSettings(url, token="t"))


def test_the_token_is_in_no_representation(openbao: OpenBao):
    settings = BaoSettings(openbao.url, token="very-secret")
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in str(Bao(settings).__dict__)


def test_nothing_listens_to_steps_in_service():
    assert steps._listeners == []

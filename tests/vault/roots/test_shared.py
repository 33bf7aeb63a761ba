"""Several hosts with one ring: nothing is lost to another's write, nothing is believed for too long."""

import threading
import time
from pathlib import Path

import pytest

from cctv.vault.errors import KeyMissing, KeyringMissing, RingRolledBack, VaultNotEmpty, VaultNotInitialised
from cctv.vault.roots.errors import KeyringMoved, KeyringUnavailable, StoreUnconditional
from cctv.vault.roots.places import BucketPlace
from tests.servers.s3 import start as start_s3
from tests.vault.roots.conftest import Host, shared
from tests.vault.roots.hosts import LEASE_S, POLL_S, Where, child, killed_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# For many processes on few cores an answer within LEASE_S is asking too much: who gets none opens nothing.
UNHURRIED_S = 5.0


def test_a_second_host_takes_the_ring_that_is_there(hosts: Host):
    here, there = hosts("here").ring(), hosts("there").ring()
    assert not there.exists()
    with pytest.raises(VaultNotInitialised):
        there.generation  # noqa: B018
    here.initialise()
    assert there.exists()
    there.initialise()
    assert there.ring_id == here.ring_id


def test_hosts_that_set_up_at_once_end_with_one_ring(hosts: Host):
    rings = [hosts(f"host{number}").ring() for number in range(4)]
    barrier = threading.Barrier(len(rings))

    def set_up(ring):
        barrier.wait()
        ring.initialise()

    threads = [threading.Thread(target=set_up, args=(ring,)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({ring.ring_id for ring in rings}) == 1
    rings[0].ensure("made")
    assert all(ring.key_ids() == rings[0].key_ids() for ring in rings)


def test_a_key_of_another_host_is_found_at_once(hosts: Host):
    """A row may name a key that was made there a moment ago, within what a host believes unasked."""
    here, there = hosts("here", poll_s=60, lease_s=60).ring(), hosts("there", poll_s=60, lease_s=60).ring()
    here.initialise()
    there.ensure("read before")
    made, other = here.ensure("made"), here.ensure("other")
    assert there.get(made) == here.get(made)
    assert there.has(other)


@pytest.mark.faults
def test_invariant_5_no_key_is_lost_when_hosts_write_at_once(hosts: Host):
    ring = hosts("here", lease_s=UNHURRIED_S).ring()
    ring.initialise()
    writers = [
        child(hosts(f"host{number}", lease_s=UNHURRIED_S), f"add-many:{number}") for number in range(3)
    ]
    for writer in writers:
        out, err = writer.communicate(timeout=90)
        assert "finished" in out, err
    labels = [ring.find(f"{number}-{key}") for number in range(3) for key in range(25)]
    assert None not in labels
    assert len(ring.key_ids()) == 75


@pytest.mark.faults
def test_invariant_5_no_key_is_lost_when_hosts_write_and_ratchet_at_once(hosts: Host):
    def host(name: str) -> Where:
        return hosts(name, lease_s=UNHURRIED_S)

    ring = host("here").ring()
    ring.initialise()
    kept = ring.ensure("kept")
    key = ring.get(kept)
    gone = [ring.ensure(f"gone-{number}") for number in range(4)]
    writers = [child(host(f"host{number}"), f"add-many:{number}") for number in range(2)]
    ratchets = [child(host(f"purger{number}"), f"ratchet:{gone[number]}") for number in range(4)]
    for process in (*writers, *ratchets):
        out, err = process.communicate(timeout=90)
        assert "finished" in out, err
    assert ring.generation == 5
    assert ring.get(kept) == key
    assert len(ring.key_ids()) == 51
    facts = ring.root_facts(ask=True)
    assert facts.destroyed_before is True


@pytest.mark.parametrize("request_", ["describe", "decrypt"])
def test_a_ratchet_of_another_host_between_reading_and_opening_is_no_broken_keyring(
    hosts: Host, monkeypatch, request_
):
    here, there = hosts("here").ring(), hosts("there").ring()
    here.initialise()
    kept, gone = here.ensure("kept"), here.ensure("gone")
    meanwhile(monkeypatch, there._roots._bao, request_, lambda: here.remove_and_ratchet([gone]))
    assert there.get(kept) == here.get(kept)
    assert there.key_ids() == {kept}


@pytest.mark.parametrize("request_", ["rotate", "encrypt", "raise_minimum", "trim"])
def test_a_ratchet_of_another_host_within_a_ratchet_makes_it_start_again(hosts: Host, monkeypatch, request_):
    here, there = hosts("here").ring(), hosts("there").ring()
    here.initialise()
    kept, first, second = here.ensure("kept"), here.ensure("first"), here.ensure("second")
    assert there.has(second)
    meanwhile(monkeypatch, there._roots._bao, request_, lambda: here.remove_and_ratchet([first]))
    assert there.remove_and_ratchet([second]).removed == (second,)
    for ring in (here, there):
        assert ring.key_ids() == {kept}
        assert ring.generation == 3
        assert ring.root_facts(ask=True).destroyed_before is True


def test_a_ratchet_of_another_host_while_the_state_is_asked_for_is_no_failure(hosts: Host, monkeypatch):
    here, there = hosts("here").ring(), hosts("there").ring()
    here.initialise()
    gone = here.ensure("gone")
    assert there.has(gone)
    meanwhile(monkeypatch, there._roots, "is_destroyed_before", lambda: here.remove_and_ratchet([gone]))
    facts = there.root_facts(ask=True)
    assert (facts.version, facts.destroyed_before) == (2, True)


def meanwhile(monkeypatch, where, name, deed):
    """Have `deed` done, once, just before the method of that name is called."""
    ask, left = getattr(where, name), [deed]

    def late(*arguments):
        while left:
            left.pop()()
        return ask(*arguments)

    monkeypatch.setattr(where, name, late)


@pytest.mark.faults
def test_invariant_4_no_host_gets_the_key_after_the_ratchet_returned(hosts: Host):
    ring = hosts("here").ring()
    ring.initialise()
    gone = ring.ensure("gone")
    readers = [child(hosts(f"host{number}"), f"gets:{gone}") for number in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline().strip() == "started"
    time.sleep(POLL_S)
    ring.remove_and_ratchet([gone])
    returned_ns = time.time_ns()
    for reader in readers:
        out, err = reader.communicate(timeout=30)
        name, last_ns = out.split()[:2]
        assert name == "KeyMissing", err
        assert int(last_ns) < returned_ns


def test_invariant_4_a_host_that_cannot_ask_opens_nothing_when_the_ratchet_returns(hosts: Host, monkeypatch):
    ring, cut_off = hosts("here").ring(), hosts("cut off").ring()
    ring.initialise()
    gone = ring.ensure("gone")
    assert cut_off.get(gone)

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(cut_off._place, "_connected", unreachable)
    assert cut_off.get(gone), "for a moment it goes on"
    ring.remove_and_ratchet([gone])
    with pytest.raises(KeyringUnavailable):
        cut_off.get(gone)


@pytest.mark.faults
@pytest.mark.parametrize("step", ["ratchet.released", "bao.released"])
def test_a_ratchet_that_was_left_before_or_after_its_wait_waits_when_it_is_asked_again(hosts: Host, step):
    where = hosts("here")
    ring = where.ring()
    ring.initialise()
    gone = ring.ensure("gone")
    assert killed_at(where, f"ratchet:{gone}", step)
    started = time.monotonic()
    assert ring.remove_and_ratchet([gone]).removed == (gone,)
    assert time.monotonic() - started >= LEASE_S
    started = time.monotonic()
    ring.remove_and_ratchet([gone])
    assert time.monotonic() - started < LEASE_S, "waited for once"


def test_other_processes_of_a_host_drop_their_keys_at_once(hosts: Host):
    where = hosts("here", poll_s=60, lease_s=60)
    ring, other = where.ring(), where.ring()
    ring.initialise()
    gone = ring.ensure("gone")
    assert other.get(gone)
    ring._released = 99  # what is looked at here is the process beside it, not other hosts
    result = ring.remove_and_ratchet([gone], holder_timeout_s=30)
    assert result.complete
    assert [holder.confirmed for holder in result.holders] == [True]
    with pytest.raises(KeyMissing):
        other.get(gone)


def test_an_answer_that_got_lost_is_no_failure(hosts: Host, monkeypatch):
    ring = hosts("here").ring()
    ring.initialise()
    put = BucketPlace._put

    def lost(self, key, data, etag):
        put(self, key, data, etag)
        raise KeyringUnavailable()

    monkeypatch.setattr(BucketPlace, "_put", lost)
    key_id = ring.ensure("made")
    monkeypatch.undo()
    assert hosts("there").ring().get(key_id) == ring.get(key_id)


def test_an_older_keyring_put_back_is_noticed(hosts: Host):
    where = hosts("here")
    ring = where.ring()
    ring.initialise()
    before = where.stored()
    ring.ensure("made")
    place = where.place()
    place.read()
    place.write(before)
    ring.close()
    with pytest.raises(RingRolledBack):
        where.ring().generation  # noqa: B018
    # The copy of this host brings the key back; nothing else could.
    fresh = where.ring()
    fresh.recover_from(Path(where.folder))
    assert fresh.find("made")


def test_invariant_5_a_newer_mirror_that_comes_back_late_is_never_overwritten(hosts: Host, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    ring = hosts("here", mirrors=(str(disk / "footage"),)).ring()
    ring.initialise()
    where = hosts("here")
    before = where.stored()
    ring.ensure("made")
    newer = (disk / "footage" / "keyring").read_bytes()
    ring.close()
    disk.rename(tmp_path / "away")
    place = where.place()
    place.read()
    place.write(before)
    fresh = hosts("fresh", mirrors=(str(disk / "footage"),)).ring()  # which has no copy of its own
    assert not fresh.find("made")
    (tmp_path / "away").rename(disk)
    for change in (fresh.sync_mirrors, lambda: fresh.ensure("new")):
        with pytest.raises(RingRolledBack):
            change()
    assert (disk / "footage" / "keyring").read_bytes() == newer
    fresh.recover_from(disk / "footage")
    assert fresh.find("made")


def test_hosts_that_mirror_to_one_disk_do_not_take_each_other_for_an_old_copy(hosts: Host, tmp_path):
    mirror = tmp_path / "mirror"
    here, there = (hosts(name, mirrors=(str(mirror),)).ring() for name in ("here", "there"))
    here.initialise()
    there.ensure("first")
    settled = here._settle()
    made = there.ensure("made")  # after this host has read, before it looks at the mirror
    with pytest.raises(KeyringMoved):
        here._mirrors.refuse_rollback(settled)
    assert [state.pending for state in here._mirrors.bring_forward(settled)] == [False]
    assert (mirror / "keyring").read_bytes() == hosts("here").stored()
    assert here.get(made) == there.get(made)


def test_a_lost_keyring_comes_back_from_a_mirror_and_never_from_before_a_ratchet(hosts: Host, tmp_path):
    (tmp_path / "mirror").mkdir()
    mirror = tmp_path / "mirror" / "footage"
    where = hosts("here", mirrors=(str(mirror),))
    ring = where.ring()
    ring.initialise()
    gone, kept = ring.ensure("gone"), ring.ensure("kept")
    old = (mirror / "keyring").read_bytes()
    ring.remove_and_ratchet([gone])
    assert [state.pending for state in ring.mirror_states()] == [False]
    where.client().delete_object(Bucket=where.bucket, Key=f"{where.prefix}/lethe-keys/footage")
    ring.close()
    ring = where.ring()
    with pytest.raises(KeyringMissing):
        ring.get(kept)
    with pytest.raises(VaultNotEmpty):
        ring.initialise()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "keyring").write_bytes(old)
    with pytest.raises(Exception, match="different generations"):
        ring.recover_from(tmp_path / "old")
    ring.recover_from(mirror)
    assert ring.key_ids() == {kept}


def test_a_mirror_holds_nothing_that_opens(hosts: Host, tmp_path):
    (tmp_path / "mirror").mkdir()
    where = hosts("here", mirrors=(str(tmp_path / "mirror" / "footage"),))
    ring = where.ring()
    ring.initialise()
    ring.ensure("made")
    root = where.replica().read().root.key
    assert not list(tmp_path.rglob("root.key"))
    assert not any(root in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_store_that_ignores_conditions_is_refused(hosts: Host, monkeypatch):
    put = BucketPlace._put

    def unconditional(self, key, data, etag):
        self._connected().delete_object(Bucket=self._bucket, Key=key)
        return put(self, key, data, None)

    monkeypatch.setattr(BucketPlace, "_put", unconditional)
    with pytest.raises(StoreUnconditional):
        hosts("here").ring().initialise()


def test_the_store_replaces_only_what_was_read(hosts: Host):
    one, two = hosts("here").place(), hosts("there").place()
    assert one.read() is None
    assert two.read() is None
    one.write(b"one")
    with pytest.raises(KeyringMoved):
        two.write(b"two")
    assert two.read() == b"one"
    two.write(b"two")
    with pytest.raises(KeyringMoved):
        one.write(b"three")


def test_a_store_that_is_too_slow_opens_nothing_and_does_not_go_round_for_ever(hosts: Host, monkeypatch):
    where = hosts("here")
    ring = where.ring()
    ring.initialise()
    key_id = ring.ensure("made")
    ring.close()
    ask = BucketPlace._connected

    def slow(self):
        time.sleep(LEASE_S)
        return ask(self)

    monkeypatch.setattr(BucketPlace, "_connected", slow)
    with pytest.raises(KeyringUnavailable):
        ring.get(key_id)


def test_a_bucket_that_is_away_opens_nothing_and_hangs_nothing(tmp_path, openbao):
    server = start_s3()
    try:
        where = shared(
            Where(str(tmp_path / "here" / "footage"), openbao.settings()), server, server.new_bucket()
        )
        ring = where.ring()
        ring.initialise()
        key_id = ring.ensure("made")
        assert ring.get(key_id)
    finally:
        server.stop()
    time.sleep(LEASE_S + 0.1)
    started = time.monotonic()
    with pytest.raises(KeyringUnavailable):
        ring.get(key_id)
    assert time.monotonic() - started < 15

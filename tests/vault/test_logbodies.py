"""Bodies of log entries: sealed by month, opened by key id, gone with their month's key."""

import threading

import pytest

from accesslog.errors import KeyGone
from cctv.vault import rings
from cctv.vault.errors import VaultNotInitialised
from cctv.vault.logbodies import LogBodySealer
from tests.vault.rings import opens

BODY = b'{"actor":{"name":"Kim Mina"},"purpose":{"code":"incident"}}'


@pytest.fixture
def sealer(keys) -> LogBodySealer:
    return LogBodySealer()


def test_a_body_is_sealed_compactly_and_opens_in_another_process(sealer):
    key_id, sealed = sealer.seal("2026-11", BODY)
    assert len(sealed) == len(BODY) + 28
    assert b"Kim" not in sealed
    assert LogBodySealer().open(key_id, sealed) == BODY


def test_a_month_has_one_key_and_months_differ(sealer):
    november, sealed = sealer.seal("2026-11", BODY)
    assert sealer.seal("2026-11", BODY)[0] == november == LogBodySealer().seal("2026-11", BODY)[0]
    assert sealer.seal("2026-11", BODY)[1] != sealed
    december, _ = sealer.seal("2026-12", BODY)
    assert december != november
    assert opens(rings.records().folder.parent / "records", "records") == {november, december}


def test_invariant_4_bodies_are_gone_with_their_months_key(sealer):
    november, sealed = sealer.seal("2026-11", BODY)
    december, kept = sealer.seal("2026-12", BODY)
    rings.records().remove_and_ratchet([november])
    for reader in (sealer, LogBodySealer()):
        with pytest.raises(KeyGone):
            reader.open(november, sealed)
        assert reader.open(december, kept) == BODY
    again, resealed = sealer.seal("2026-11", BODY)
    assert again != november
    assert sealer.open(again, resealed) == BODY


def test_altered_or_foreign_bodies_do_not_open(sealer):
    key_id, sealed = sealer.seal("2026-11", BODY)
    other, _ = sealer.seal("2026-12", BODY)
    for bad in (sealed[:-1], sealed[:20], b"", bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(ValueError, match="seal"):
            sealer.open(key_id, bad)
    with pytest.raises(ValueError, match="not sealed under that key"):
        sealer.open(other, sealed)
    with pytest.raises(KeyGone):
        sealer.open("f" * 32, sealed)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "../../x", "", "2026-11-01"])
def test_only_months_are_taken(sealer, month):
    with pytest.raises(ValueError, match="YYYY-MM"):
        sealer.seal(month, BODY)


def test_without_keys_nothing_is_sealed(lethe_home):
    with pytest.raises(VaultNotInitialised):
        LogBodySealer().seal("2026-11", BODY)
    assert list((lethe_home / "keys").rglob("*")) == []


def test_many_threads_share_a_sealer(sealer):
    sealed: list[tuple[str, bytes]] = []

    def work() -> None:
        sealed.extend(sealer.seal(f"2026-{month:02d}", BODY) for month in range(1, 13))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sealed) == 72
    assert len({key_id for key_id, _ in sealed}) == 12
    assert all(sealer.open(*each) == BODY for each in sealed)

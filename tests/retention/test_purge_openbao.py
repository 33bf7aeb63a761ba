"""Invariant 4 with the root at OpenBao: after a purge, every earlier copy and today's token open nothing.

The attacker has each object's ciphertext, saved in time; databases and the whole key folder as they were
before the purge, the keyring included; the machine afterwards; and the token with which Lethe itself asks.
The control is the same attack before the purge, and it works.
"""

import base64
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cctv.footage.models import Segment
from cctv.retention import certificate_copies, purge
from cctv.retention.models import Certificate
from cctv.vault import keyfile, rings
from cctv.vault import services as vault
from cctv.vault.roots import openbao as scheme
from tests.retention.attacker import attack, windows
from tests.retention.yard import Sealed, Yard
from tests.servers.openbao import OpenBao

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


@pytest.fixture
def token(openbao: OpenBao, settings: Any) -> str:
    """The installation keeps its roots at OpenBao; the token with which it asks."""
    known = openbao.settings()
    settings.LETHE_ROOT = "openbao"
    settings.LETHE_OPENBAO = {**settings.LETHE_OPENBAO, **known}
    return known["token"]


def asked(openbao: OpenBao, token: str, keyrings: Iterable[bytes]) -> set[bytes]:
    """The roots that the server gives to whoever has the token and these keyrings."""
    found = set()
    for data in keyrings:
        line, _ = keyfile.split(data)
        header, sealed = keyfile.read_header(data), scheme.parse(line)
        generations = ((sealed.now, header.generation), (sealed.before, header.generation - 1))
        for text, generation in generations:
            context = ["lethe/1/root", "footage", header.ring_id.hex(), str(generation), "0", "folder"]
            body = {
                "ciphertext": text,
                "associated_data": base64.b64encode("\n".join(context).encode()).decode(),
            }
            status, answer = openbao.ask("POST", f"transit/decrypt/{sealed.key}", body, token=token)
            if status == 200:
                found.add(base64.b64decode(answer["data"]["plaintext"]))
    return found


def broken_into(
    openbao: OpenBao, token: str, candidates: set[bytes], keyrings: list[bytes], sealed: Sealed
) -> bytes | None:
    """The clear footage, if all that opens it; a keyring is tried without the line before it, too."""
    roots = asked(openbao, token, keyrings)
    return attack(candidates | roots, keyrings, sealed)


def keyring_of(home: Path) -> bytes:
    return (home / "keys" / "footage" / "keyring").read_bytes()


def test_invariant_4_no_earlier_copy_and_no_token_opens_after_the_purge(
    token: str, openbao: OpenBao, yard: Yard, tmp_path: Path
) -> None:
    sealed = yard.segment(expires_in=-timedelta(hours=2))
    survivor = yard.segment(expires_in=timedelta(days=3))
    saved = tmp_path / "saved"
    shutil.copytree(yard.home, saved)
    old = keyring_of(saved)
    (old_root,) = asked(openbao, token, [old])
    assert broken_into(openbao, token, set(), [old], sealed) == sealed.clear, "before, the attack works"

    purge.purge_due()

    assert not Segment.objects.filter(pk=sealed.row.pk).exists()
    everything = windows(yard.home / "keys") | windows(saved / "keys")
    keyrings = [old, keyring_of(yard.home)]
    assert broken_into(openbao, token, everything, keyrings, sealed) is None
    assert broken_into(openbao, token, everything, keyrings, survivor) == survivor.clear
    for path in [path for folder in (yard.home, saved) for path in folder.rglob("*") if path.is_file()]:
        data = path.read_bytes()
        assert not any(secret in data for secret in (old_root, sealed.object_key)), f"a key lies in {path}"
    assert not list(yard.home.rglob("root.key"))


def test_invariant_4_the_machine_itself_does_not_open_it_and_says_what_it_claims(
    token: str, yard: Yard
) -> None:
    sealed = yard.segment(expires_in=-timedelta(hours=2))
    key_id = sealed.row.epoch.key_id
    assert rings.footage().has(key_id)
    purge.purge_due()
    assert not rings.footage().has(key_id)
    copies = {row["copy"]: row for row in Certificate.objects.get().facts["copies"]}
    assert (copies["keys"]["done"], copies["keys"]["checked"]) == ("root_trimmed", "refused")
    below = copies["below_file_system"]
    assert (below["done"], below["checked"], below["result"]) == ("root_elsewhere", "refused", "PASS")
    facts = vault.root_facts(ask=True)
    assert facts.provider == "openbao"
    assert facts.claims_below_file_system
    assert facts.destroyed_before is True


def test_footage_from_before_the_move_claims_no_more_than_a_file_did(
    token: str, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key has lain under a root in a file, which may remain below the file system."""
    sealed = yard.segment(expires_in=-timedelta(hours=2))
    since_us = int(sealed.row.starts_at.timestamp() * 1_000_000) + 1
    facts = replace(vault.root_facts(), since_us=since_us)
    monkeypatch.setattr(certificate_copies, "root_facts", lambda: facts)
    purge.purge_due()
    results = {row["copy"]: row["result"] for row in Certificate.objects.get().facts["copies"]}
    assert (results["keys"], results["below_file_system"]) == ("PASS", "UNKNOWN")


def test_invariant_7_with_the_key_server_away_a_purge_destroys_nothing_and_goes_on_later(
    token: str, yard: Yard, settings: Any
) -> None:
    sealed = yard.segment(expires_in=-timedelta(hours=2))
    there = settings.LETHE_OPENBAO
    media = yard.home / "footage" / sealed.row.sealed_name
    settings.LETHE_OPENBAO = {**there, "url": "http://127.0.0.1:9"}
    purge.purge_due()
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    assert media.exists()
    assert not Certificate.objects.exists()
    settings.LETHE_OPENBAO = there
    yard.move(timedelta(minutes=2))
    purge.purge_due()
    assert not Segment.objects.filter(pk=sealed.row.pk).exists()
    assert not media.exists()
    assert Certificate.objects.count() == 1

"""A proof to hand out: one text file that shows, without us, that an entry is in the log (tlog-proof).

    c2sp.org/tlog-proof@v1
    extra <base64 of a JSON object>
    index <number>
    <neighbours of the entry, base64, from its sibling up to below the root>

    <a signed checkpoint, with the signatures of witnesses>

`extra` holds the public entry (`entry`), and for readers who may see personal detail what it was logged with:
salt and record (`record`), whose hash is in the entry. Nobody need trust it: both are checked by hashing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from hashlib import sha256

from django.utils.translation import gettext_lazy as _

from accesslog import conf, note, proofs, receipts
from accesslog.errors import AccessLogError, EntryDamaged, KeyGone
from accesslog.outside import witness
from accesslog.publish import rounds
from accesslog.selectors import stored_entry
from accesslog.stores.base import StoredEntry

FIRST_LINE = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"


class NotPublished(AccessLogError):
    """No signed checkpoint reaches this entry."""

    code = "log.not_published"
    status = 503
    message = _("No signed checkpoint covers this entry yet, so it cannot be proven to others.")
    hint = _("Try again in a moment. If it stays so, tell the administrator that the log is not published.")


def of_entry(index: int, *, with_record: bool) -> str:
    """The tlog-proof of an entry. `with_record`: with what it says, if that was not erased.

    Raises EntryNotFound, EntryDamaged where the entry does not lead to what was signed, NotPublished,
    LogUnavailable, and what publishing raises.
    """
    return _under(_checkpoint(index), index, with_record=with_record)


def of_entries(indexes: Collection[int], *, with_record: bool) -> tuple[str, dict[int, str]]:
    """One checkpoint, and by entry the tlog-proof under it. Raises what `of_entry` raises."""
    signed = _checkpoint(max(indexes, default=0))
    return str(signed), {each: _under(signed, each, with_record=with_record) for each in sorted(set(indexes))}


def _under(signed: note.Note, index: int, *, with_record: bool) -> str:
    stored = stored_entry(index)
    public = receipts.decoded(stored)
    checkpoint = note.parse_checkpoint(signed.text)
    proof = proofs.inclusion(index, under=(checkpoint.size, checkpoint.root))
    if not proof.holds:
        raise EntryDamaged()
    extra = {"entry": _base64(stored.entry)}
    record = _record(stored, public.commitment) if with_record else None
    if record is not None:
        extra["record"] = _base64(record)
    lines = [
        FIRST_LINE,
        f"extra {_base64(json.dumps(extra, sort_keys=True).encode())}",
        f"index {index}",
        *map(_base64, proof.neighbours),
        "",
        str(signed),
    ]
    return "\n".join(lines)


def _checkpoint(index: int) -> note.Note:
    """The newest checkpoint over the entry that a witness signed; else the newest of all, made now."""
    row = witness.newest_cosigned(index)
    if row is not None:
        return note.parse(row.note).with_signatures(witness.cosignatures(row.size))
    signed = rounds.publish(noted=True) if conf.folder() is not None else None
    if signed is None or note.parse_checkpoint(note.parse(signed).text).size <= index:
        raise NotPublished()
    return note.parse(signed)


def _record(stored: StoredEntry, commitment: bytes) -> bytes | None:
    """Salt and record; None where they were erased. Raises EntryDamaged for another record."""
    if stored.sealed is None or stored.key_id is None:
        return None
    try:
        plaintext = conf.sealer().open(stored.key_id, stored.sealed)
    except KeyGone:
        return None
    except ValueError as error:
        raise EntryDamaged() from error
    if sha256(plaintext).digest() != commitment:
        raise EntryDamaged()
    return plaintext


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

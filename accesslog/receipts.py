"""Receipts of entries that are in the log: opened, and checked against the entry's own bytes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accesslog import entry, merkle, records
from accesslog.errors import BodyGone, EntryDamaged, KeyGone
from accesslog.stores.base import StoredEntry
from accesslog.types import Receipt


def of(stored: StoredEntry, *, erased_is_empty: bool = False) -> Receipt:
    """The receipt of a stored entry. Its facts are trusted, so every one is checked first.

    Raises EntryDamaged when stored bytes contradict each other, and BodyGone when the body was erased
    (with `erased_is_empty` the receipt then has an empty body, which allows nothing).
    """
    public = decoded(stored)
    try:
        record = opened(stored, public)
    except BodyGone:
        if not erased_is_empty:
            raise
        return Receipt(stored.index, stored.leaf_hash, stored.event_id, public.time_us, public.kind, {})
    return Receipt(stored.index, stored.leaf_hash, record.event_id, public.time_us, public.kind, record.body)


def decoded(stored: StoredEntry) -> entry.Entry:
    """The public entry, after its bytes were compared with leaf hash and columns. Raises EntryDamaged."""
    if merkle.leaf_hash(stored.entry) != stored.leaf_hash:
        raise EntryDamaged(_("The stored entry does not have its leaf hash."))
    try:
        public = entry.decode(stored.entry)
    except entry.EntryError as error:
        raise EntryDamaged(str(error)) from error
    if (public.kind, public.time_us) != (stored.kind, stored.time_us):
        raise EntryDamaged(_("Kind or time of this entry differ from its bytes."))
    return public


def opened(stored: StoredEntry, public: entry.Entry) -> records.Record:
    """The record of a stored entry. Raises BodyGone or EntryDamaged."""
    if stored.sealed is None or stored.key_id is None:
        raise BodyGone()
    try:
        record = records.open_record(
            key_id=stored.key_id, sealed=bytes(stored.sealed), commitment=public.commitment
        )
    except KeyGone as error:
        raise BodyGone() from error
    if record.event_id != stored.event_id:
        raise EntryDamaged(_("This entry was given the identity of another event."))
    return record

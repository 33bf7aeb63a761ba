"""The two doors to clear footage. Nothing else in the house unwraps a key for reading.

For people: a receipt of the log, of a kind that is registered here as viewing, whose logged body
names this actor and camera and covers the span. For jobs: an entry of its own, `vault.job`. Both
refuse what has expired, at the moment of every single read: a reader that was opened in time gives
nothing any more once its time has come (invariant 3) or its epoch's key is gone (invariant 4). What
a hold keeps is opened through the hold's key, until the hold's end: same doors, another ring.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar, cast
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.files.storage import storages
from django.views.decorators.debug import sensitive_variables

from accesslog import Receipt
from cctv.core import clock
from cctv.vault import commitments, keyfile, past, records, rings
from cctv.vault.errors import FootageExpired, KeyMissing, ReceiptMismatch, SealBroken
from cctv.vault.names import MEDIA, PARTS
from cctv.vault.objects import KeyedObject
from cctv.vault.sealing import SealedReader, open_bytes, open_small, seal_bytes
from cctv.vault.storage import FootageStorage

JOB_KIND = "vault.job"
# Facts that are opened with one look at the ring for their epoch's key: some milliseconds.
AT_ONCE = 256
Span = tuple[datetime, datetime]
# Keys of a ring, by the ring's name and their ids.
Keys = dict[tuple[str, str], bytes]
T = TypeVar("T")
_OF_SEVERAL = b"lethe/1/of-several"

_person_kinds: dict[str, frozenset[str]] = {}


def register_person_kind(kind: str, *parts: str) -> str:
    """Entries of this kind allow a person to see these parts (by default all) of what they cover."""
    _person_kinds[kind] = frozenset(parts or (MEDIA, *PARTS))
    return kind


def person_kinds() -> frozenset[str]:
    """The kinds of entry that open the door for people."""
    return frozenset(_person_kinds)


def footage_storage() -> FootageStorage:
    """The store that the settings name."""
    return cast(FootageStorage, storages["footage"])


def for_person(receipt: Receipt, obj: KeyedObject, *, actor_id: UUID | str, span: Span) -> SealedReader:
    """A reader for what the receipt covers; ReceiptMismatch, FootageExpired, KeyMissing, SealBroken."""
    _require_person(receipt, obj, actor_id, span)
    return _reader(obj)


def salt_for_person(receipt: Receipt, obj: KeyedObject, *, actor_id: UUID | str, span: Span) -> bytes:
    """The salt of the object's ingest leaf (see `commitments`): the same door, with the same refusals."""
    _require_person(receipt, obj, actor_id, span)
    return _salt(obj)


def salt_for_system(receipt: Receipt, obj: KeyedObject, *, job: str) -> bytes:
    """The same for a job."""
    _require_job(receipt, obj, job)
    return _salt(obj)


def _require_person(receipt: Receipt, obj: KeyedObject, actor_id: UUID | str, span: Span) -> None:
    starts_at, ends_at = span
    body = receipt.body
    _require(obj.part in _person_kinds.get(receipt.kind, ()), "this kind of entry does not open this")
    _require(_id(body, "actor") == str(actor_id), "another person's entry")
    for each in obj.all:
        bound = ""
        if each.ring == rings.RECORDS:  # the key carries its hold, or its export, in its label
            bound, owner = records.bound_to(each.key_id)
            _require(_id(body, bound) == owner, f"another {bound}'s entry, or of none")
        _require("site" not in body or _id(body, "site") == str(each.site_id), "another site's entry")
        if bound == "export" and each.camera_id is None:
            return  # a paper of a package (a report, a proof): the entry names its export, it shows no camera
        _require(_id(body, "camera") == str(each.camera_id), "another camera's entry")
    _require(starts_at < ends_at, "an empty span")
    _require(starts_at < obj.ends_at and obj.starts_at < ends_at, "a span outside this object")
    covered_from, covered_to = _span(body)
    # Never more of the span than the object holds needs cover: parts reach over neighbouring objects.
    needed_from, needed_to = max(starts_at, obj.starts_at), min(ends_at, obj.ends_at)
    _require(covered_from <= needed_from and needed_to <= covered_to, "an entry for another time")


def for_system(receipt: Receipt, obj: KeyedObject, *, job: str) -> SealedReader:
    """A reader for a job that shows nothing to anybody by itself."""
    _require_job(receipt, obj, job)
    return _reader(obj)


def _require_job(receipt: Receipt, obj: KeyedObject, job: str) -> None:
    _require(receipt.kind == JOB_KIND, "this kind of entry opens nothing for a job")
    _require(receipt.body.get("job") == job, "another job's entry")
    named = receipt.body.get("objects")
    named = list(named) if isinstance(named, list | tuple) else [receipt.body.get("object")]
    said = _id(receipt.body, "hold")
    for each in obj.all:
        _require(str(each.context_id) in named, "another object's entry")
        # What a hold's key opens needs an entry that says so; one that says so opens nothing by another way.
        # A package's files are opened by an entry that names its export.
        bound, owner = records.bound_to(each.key_id) if each.ring == rings.RECORDS else ("hold", "")
        named_in_it = said if bound == "hold" else _id(receipt.body, bound)
        _require(named_in_it == owner, "an entry for another hold or export, or for none")


@sensitive_variables()
def add_part(receipt: Receipt, obj: KeyedObject, data: bytes, *, job: str) -> int:
    """Seal a derivative (a thumbnail, say) beside its object, under the same key; its stored size in bytes.

    What is there already, from a job that was killed, is replaced.
    """
    if obj.part == MEDIA:
        raise ValueError("the recording itself is never replaced")
    _require_job(receipt, obj, job)
    _guard(obj)()
    key = _key_of(obj, {})
    sealed = seal_bytes(key, obj.sealed_to(), data)
    storage = footage_storage()
    storage.remove(obj.name)
    sink = storage.create(obj.name)
    try:
        sink.write(sealed)
        sink.commit()
    except BaseException:
        sink.abort()
        raise
    return len(sealed)


@sensitive_variables()
def seal_into(obj: KeyedObject, make: Callable[[str, bytes, bytes], T]) -> T:
    """`make(name, key, context)` for an object of its own, sealed under the key of what it is made of.

    It opens as long as that does. FootageExpired, KeyMissing.
    """
    _guard(obj)()
    key = _key_of(obj, {})
    return make(obj.name, key, obj.sealed_to())


@sensitive_variables()
def seal_fact(obj: KeyedObject, data: bytes, *, label: str = "") -> bytes:
    """Seal something small that was told from the object, under its key, for a column of the register.

    `obj.part` says what it is ("motion", "still"), `label` which one where there are several. It needs no
    file and no deleting: it opens as long as the object does. FootageExpired, KeyMissing.
    """
    _guard(obj)()
    key = _key_of(obj, {})
    return seal_bytes(key, obj.sealed_to(label), data)


def fact_for_person(
    receipt: Receipt, obj: KeyedObject, sealed: bytes, *, actor_id: UUID | str, span: Span, label: str = ""
) -> bytes:
    """What `seal_fact` sealed, for a person: the same door as for the object itself."""
    _require_person(receipt, obj, actor_id, span)
    return _open_fact(obj, sealed, label)


def facts_for_person(
    receipt: Receipt, facts: Iterable[tuple[KeyedObject, bytes]], *, actor_id: UUID | str, span: Span
) -> Iterator[bytes | None]:
    """The same for many facts of one camera and kind, in order; the receipt must cover the whole span.

    What is true of the receipt is asked once, what is true of an object (camera, site, span, retention, its
    key still there) of each. None for what has expired or lost its key meanwhile: the others still open.
    An epoch's key is taken from the ring anew every AT_ONCE facts.
    """

    def check(batch: list[tuple[KeyedObject, bytes]]) -> None:
        first = batch[0][0]
        _require_person(receipt, first, actor_id, span)
        covered_from, covered_to = _span(receipt.body)
        _require(covered_from <= span[0] and span[1] <= covered_to, "an entry for another time")
        for obj, _sealed in batch:
            _require(_like(obj) == _like(first), "another camera's entry, or hold's")
            _require(span[0] < obj.ends_at and obj.starts_at < span[1], "a span outside this object")

    facts = iter(facts)
    while batch := list(islice(facts, AT_ONCE)):
        check(batch)
        yield from _open_facts(batch)


def facts_for_system(
    receipt: Receipt, facts: Iterable[tuple[KeyedObject, bytes]], *, job: str
) -> Iterator[bytes | None]:
    """The same for a job, whose entry must name all that each of them is made of."""
    facts = iter(facts)
    while batch := list(islice(facts, AT_ONCE)):
        # Most are made of the same: what is true of the entry is asked once for each such set.
        for obj in {_made_of(obj): obj for obj, _sealed in batch}.values():
            _require_job(receipt, obj, job)
        yield from _open_facts(batch)


def _like(obj: KeyedObject) -> tuple[Any, ...]:
    """What is asked of the receipt once for many facts."""
    hold = obj.key_id if obj.ring == rings.RECORDS else ""
    return obj.part, obj.camera_id, obj.site_id, hold


def _made_of(obj: KeyedObject) -> tuple[Any, ...]:
    """All that decides its key: the same for all facts that are made of the same."""
    return tuple((each.context_id, each.ring, each.key_id, each.wrapped_key) for each in obj.all)


@sensitive_variables()
def _open_facts(facts: list[tuple[KeyedObject, bytes]]) -> list[bytes | None]:
    """What the caller has found the receipt to cover."""
    keys: Keys = {}
    made: dict[tuple[Any, ...], bytes] = {}
    opened: list[bytes | None] = []
    for obj, sealed in facts:
        of = _made_of(obj)
        try:
            _guard(obj)()
            key = made[of] if of in made else made.setdefault(of, _key_of(obj, keys))
        except (FootageExpired, KeyMissing):
            opened.append(None)
            continue
        opened.append(open_small(key, obj.sealed_to(), sealed))
    return opened


def fact_for_system(receipt: Receipt, obj: KeyedObject, sealed: bytes, *, job: str, label: str = "") -> bytes:
    """The same for a job."""
    _require_job(receipt, obj, job)
    return _open_fact(obj, sealed, label)


@sensitive_variables()
def _open_fact(obj: KeyedObject, sealed: bytes, label: str) -> bytes:
    _guard(obj)()
    key = _key_of(obj, {})
    return open_bytes(key, obj.sealed_to(label), sealed)


@sensitive_variables()
def _reader(obj: KeyedObject) -> SealedReader:
    guard = _guard(obj)
    guard()
    storage = footage_storage()
    size_bytes = storage.size(obj.name)
    if obj.size_bytes is not None and size_bytes != obj.size_bytes:
        raise SealBroken()
    key = _key_of(obj, {})
    return SealedReader(
        lambda offset, length: storage.read_range(obj.name, offset, length),
        size_bytes,
        key,
        obj.sealed_to(),
        guard=guard,
        read_ahead_bytes=storage.read_ahead_bytes,
    )


@sensitive_variables()
def _salt(obj: KeyedObject) -> bytes:
    _guard(obj)()
    key = _key_of(obj, {})
    return commitments.ingest_salt(key, obj.context_id)


def _guard(obj: KeyedObject) -> Callable[[], None]:
    """Refuses once the object has expired, or its epoch's (its hold's) key is in the keyring no more; or
    another that it is made of."""
    expires_at = min(each.expires_at for each in obj.all)
    places = {(each.ring, each.key_id) for each in obj.all}

    def check() -> None:
        if past.is_over(expires_at):
            raise FootageExpired()
        if not all(rings.named(ring).has(key_id) for ring, key_id in places):
            raise KeyMissing()

    return check


@sensitive_variables()
def _key_of(obj: KeyedObject, known: Keys) -> bytes:
    """What it is sealed under: an object's own key, or one derived from the keys of all that it is made of,
    so that destroying any of them ends it in every copy. `known`: keys that the rings have given already.
    """
    keys = []
    for each in sorted(obj.all, key=lambda one: one.context_id):
        place = (each.ring, each.key_id)
        if place not in known:
            known[place] = rings.named(each.ring).get(each.key_id)
        keys.append(keyfile.unwrap_key(known[place], each.wrapped_key))
    if len(keys) == 1:
        return keys[0]
    return HKDF(SHA256(), 32, salt=None, info=_OF_SEVERAL).derive(b"".join(keys))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ReceiptMismatch(f"{ReceiptMismatch.message} ({otherwise})")


def _id(body: Mapping[str, Any], field: str) -> str:
    try:
        return str(body[field]["id"])
    except (KeyError, TypeError):
        return ""


def _span(body: Mapping[str, Any]) -> Span:
    try:
        return clock.parse_rfc3339(body["from"]), clock.parse_rfc3339(body["to"])
    except (KeyError, TypeError, ValueError):
        raise ReceiptMismatch() from None

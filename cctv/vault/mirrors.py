"""Copies of a ring's root and keyring on other disks or hosts, and how far each of them is.

A ratchet is complete when every mirror has overwritten its old root. A mirror that is away makes it
PENDING, remembered in `mirrors.json` beside the primary, and is brought forward when it comes back:
always from the primary to the mirror, so a mirror never brings a destroyed key back. A folder that
was a mirror and is empty now is an unmounted disk, not a new mirror. One that is ahead of the
primary proves that the primary is an old copy, and everything stops. It may have been away for as
long as nobody looked; so it is looked at before every change, and before it is written to: what it
has and the primary never had is nowhere else.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cctv.core.atomic import write_atomic
from cctv.core.errors import LetheError
from cctv.vault import keyfile
from cctv.vault.errors import KeyringBroken, RingForked, RingRolledBack
from cctv.vault.filesystems import refuse_unsafe
from cctv.vault.keyfile import Content, Header
from cctv.vault.replica import Replica, Settled
from cctv.vault.steps import reached

if TYPE_CHECKING:
    from cctv.vault.companions import Companion

FORMAT = "lethe-mirrors/1"


@dataclass(frozen=True, slots=True)
class MirrorState:
    """What the primary knows of a mirror: confirmed up to a generation, or pending since when and why."""

    path: str
    generation: int = 0
    serial: int = 0
    confirmed_at_us: int = 0
    pending_since_us: int = 0
    error: str = ""

    @property
    def pending(self) -> bool:
        """Whether it may still hold roots that the primary has destroyed."""
        return bool(self.pending_since_us)


class MirrorSet:
    """The mirrors of one primary: those configured now, and those ever used until they are forgotten."""

    def __init__(
        self,
        primary: Replica,
        configured: Sequence[Path],
        companions: Sequence["Companion"] = (),
        *,
        record: str = "mirrors.json",
    ) -> None:
        """Touches nothing yet."""
        self._primary = primary
        self._companions = companions
        self._configured = [str(path) for path in configured]
        self._record = primary.folder / record

    def states(self) -> list[MirrorState]:
        """The last known state of each mirror."""
        known = self._load()
        fresh = [MirrorState(path) for path in self._configured if path not in known]
        return [*known.values(), *fresh]

    def refuse_rollback(self, settled: Settled) -> None:
        """RingRolledBack if a mirror, authenticated by its own root, is ahead of the primary."""
        for state in self.states():
            mirror = Replica(Path(state.path), self._primary.ring)
            theirs = _header(mirror.path)
            if theirs is not None and is_ahead(theirs, settled.content.header) and _content(mirror):
                raise RingRolledBack(f"{RingRolledBack.message} ({state.path})")

    def bring_forward(self, settled: Settled) -> list[MirrorState]:
        """Make every reachable mirror equal to the primary; returns and records how each one fared."""
        states = [self._bring_one(state, settled) for state in self.states()]
        if states:
            self._save(states)
        return states

    def forget(self, path: Path) -> None:
        """Stop waiting for a mirror that was destroyed; a configured one comes back as new."""
        self._save([state for state in self.states() if state.path != str(path)])

    def _bring_one(self, state: MirrorState, settled: Settled) -> MirrorState:
        now_us = time.time_ns() // 1000
        mirror = Replica(Path(state.path), self._primary.ring)
        try:
            self._prepare(mirror, state, settled)
            self._refuse_loss(mirror, state, settled)
            mirror.adopt(settled)
            reached("mirror.adopted")
            if not mirror.confirms(settled):
                raise OSError("it does not read back what was written")
            for companion in self._companions:
                companion.follow(settled, self._primary.folder, mirror.folder)
        except (OSError, LetheError) as error:
            reason = str(getattr(error, "message", "") or error)
            return replace(state, pending_since_us=state.pending_since_us or now_us, error=reason[:300])
        header = settled.content.header
        return MirrorState(state.path, header.generation, header.serial, confirmed_at_us=now_us)

    @staticmethod
    def _prepare(mirror: Replica, state: MirrorState, settled: Settled) -> None:
        """Refuse a folder that is not this ring's mirror; make a new one ready."""
        ring_id = settled.root.ring_id
        if mirror.is_virgin():
            if state.confirmed_at_us:
                raise FileNotFoundError("the mirror's files are gone: is its disk mounted?")
            if not mirror.folder.parent.is_dir():
                raise FileNotFoundError(f"there is no folder {mirror.folder.parent}")
            mirror.folder.mkdir(mode=0o700, exist_ok=True)
        elif mirror.root.exists() and any(root and root.ring_id != ring_id for root in mirror.root.slots()):
            raise FileExistsError("the folder holds another installation's root")
        if mirror.path.exists():
            try:
                theirs = keyfile.read_header(mirror.path.read_bytes()).ring_id
            except KeyringBroken:
                theirs = ring_id  # torn by the mirror's own crash: it is replaced
            if theirs != ring_id:
                raise FileExistsError("the folder holds another installation's keyring")
        refuse_unsafe(mirror.folder)

    @staticmethod
    def _refuse_loss(mirror: Replica, state: MirrorState, settled: Settled) -> None:
        """RingRolledBack, RingForked if the mirror has keys that the primary never had."""
        ours, header = settled.content, _header(mirror.path)
        if header is None:
            return
        ahead = is_ahead(header, ours.header)
        as_left = (header.generation, header.serial) == (state.generation, state.serial)
        if as_left and not ahead and not state.pending:
            return  # spares reading all of it at every key
        theirs = _content(mirror)
        if theirs is None:
            return  # torn by the mirror's own crash: it is replaced
        if ahead:
            raise RingRolledBack(f"{RingRolledBack.message} ({state.path})")
        destroyed = {key_id for ratchet in ours.ratchets for key_id in ratchet.removed}
        if theirs.keys.keys() <= ours.keys.keys() | destroyed:
            return
        if not _remembers(ours, header) and (as_left or not state.confirmed_at_us):
            return  # away for so long that nobody remembers what was destroyed meanwhile
        raise RingForked(f"{RingForked.message} ({state.path})")

    def _load(self) -> dict[str, MirrorState]:
        try:
            record = json.loads(self._record.read_text())
        except FileNotFoundError:
            return {}
        return {state["path"]: MirrorState(**state) for state in record["mirrors"]}

    def _save(self, states: Iterable[MirrorState]) -> None:
        record = {"format": FORMAT, "mirrors": [asdict(state) for state in states]}
        write_atomic(self._record, json.dumps(record, indent=1).encode())


def is_ahead(theirs: Header, ours: Header) -> bool:
    """Whether a keyring of the same ring was written later."""
    later = (theirs.generation, theirs.serial) > (ours.generation, ours.serial)
    return later and theirs.ring_id == ours.ring_id


def _header(path: Path) -> Header | None:
    """None for what is away or no keyring: bring_forward says so."""
    try:
        with path.open("rb") as file:
            return keyfile.read_header(file.read(256))
    except (OSError, KeyringBroken):
        return None


def _content(mirror: Replica) -> Content | None:
    """Authenticated by the mirror's own root; None if it is not."""
    try:
        return mirror.read().content
    except (OSError, LetheError):
        return None


def _remembers(ours: Content, theirs: Header) -> bool:
    """Whether the primary still knows every destruction since the mirror's generation."""
    if theirs.generation == ours.header.generation:
        return True
    return bool(ours.ratchets) and ours.ratchets[0].generation_before <= theirs.generation

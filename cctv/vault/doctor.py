"""What breaks the vault's promises: keys that cannot be overwritten, copies of roots, mirrors that lag."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.core.errors import LetheError
from cctv.vault import escrow, facts, filesystems, hygiene, rings
from cctv.vault.doors import footage_storage
from cctv.vault.escrowfile import NAME as ESCROW
from cctv.vault.keyring import Keyring
from cctv.vault.roots import configured

ROOT = "root.key"
VOLATILE = {"tmpfs", "ramfs"}
_SYNCED = {".git", ".hg", ".svn", ".stfolder", ".dropbox", ".owncloudsync.log", ".borg", "duplicati"}
_SYNCED_NAMES = ("backup", "dropbox", "nextcloud", "onedrive", "syncthing", "google drive", "rsync")


@register
def keys() -> Iterator[Finding]:
    """Do both rings open, and can their roots be overwritten where they lie?"""
    for ring in rings.both():
        code = f"keys.{ring.ring}"
        try:
            text = _("The keyring “%(ring)s” opens, at generation %(generation)s with %(keys)s keys.")
            yield ok(
                code,
                text % {"ring": ring.ring, "generation": ring.generation, "keys": len(ring.key_ids())},
            )
        except LetheError as error:
            yield bad(
                code, _("The keyring “%(ring)s”: %(error)s") % {"ring": ring.ring, "error": error.message},
                why=_("Without it nothing can be opened."), mend=str(error.hint),
            )  # fmt: skip
            continue
        if (ring.folder / ROOT).exists():
            yield from _where(ring)
            yield from _copies(ring.folder)


def _where(ring: Keyring) -> Iterator[Finding]:
    code, named = "keys.file_system", {"folder": str(ring.folder)}
    found = filesystems.describe(ring.folder)
    if found is not None and (reason := filesystems.why_unsafe(found, filesystems.attributes(ring.folder))):
        yield bad(
            code, _("The keys lie where old data is kept: %(reason)s.") % {"reason": reason},
            why=_("A destroyed key could be read again from the disk."),
            mend=_("Move LETHE_KEYS_ROOT to ext4 (data=ordered), xfs, or btrfs without copy-on-write."),
        )  # fmt: skip
    elif found is not None and found.kind in VOLATILE:
        yield bad(
            code, _("The keys in %(folder)s lie in memory only.") % named,
            why=_("When the machine stops, all footage and the log's sentences are lost."),
            mend=_("Move LETHE_KEYS_ROOT to a disk."),
        )  # fmt: skip
    elif not filesystems.overwriting_is_proven(ring.folder):
        kind = found.kind if found else "?"
        yield warn(
            code, _("Nobody has verified that %(kind)s overwrites in place.") % {"kind": kind},
            why=_("A destroyed key might be read again from the disk; certificates cannot say more."),
            mend=_("Move LETHE_KEYS_ROOT to ext4, xfs, or btrfs without copy-on-write."),
        )  # fmt: skip
    else:
        yield ok(code, _("In %(folder)s an overwritten key is gone.") % named)


@register
def roots() -> Iterator[Finding]:
    """Does the key server refuse the roots that were destroyed? Silent where roots lie in files."""
    if configured.provider() == configured.FILE:
        return
    for ring in rings.both():
        facts, code = ring.root_facts(ask=True), f"keys.root.{ring.ring}"
        named = {"ring": ring.ring, "key": facts.key, "version": facts.version}
        if facts.destroyed_before:
            text = _("The root of “%(ring)s” is in OpenBao (%(key)s, version %(version)s), no older one is.")
            yield ok(code, text % named)
        else:
            yield bad(
                code, _("OpenBao still opens an old root of “%(ring)s” (%(key)s).") % named,
                why=_("Whoever has an old keyring and a token opens what was destroyed."),
                mend=_("Let the token configure and trim the key, then run “manage.py vault sync”."),
            )  # fmt: skip


@register
def permissions() -> Iterator[Finding]:
    """May anybody else read a root or an escrow, here or in a mirror?"""
    code, found = "keys.permissions", facts.open_to_others()
    for path in found:
        yield bad(
            code, _("Others may read or change %(file)s.") % {"file": path},
            why=_("Whoever reads the root key can open the footage, past the log."),
            mend=_("chmod go-rwx it, and think about who may have read it."),
        )  # fmt: skip
    if not found:
        yield ok(code, _("Only Lethe may read the root keys."))


def _copies(folder: Path) -> Iterator[Finding]:
    """Copies of the root beside it, and folders that something copies away."""
    code = "keys.copied"
    why = _("A copy of the root key brings back what was destroyed since.")
    extra = [path for path in facts.secrets_in(folder) if path.name not in (ROOT, ESCROW)]
    for path in extra:
        yield bad(
            code, _("There is a copy of a root key: %(file)s.") % {"file": path},
            why=why, mend=_("Overwrite and delete it (shred -u), and find out what made it."),
        )  # fmt: skip
    watched = synced_parent(folder)
    if watched:
        yield bad(
            code,
            _("The root key lies in a folder that is copied elsewhere: %(folder)s.") % {"folder": watched},
            why=why, mend=_("Move LETHE_KEYS_ROOT out of it, and delete the copies."),
        )  # fmt: skip
    if not extra and not watched:
        yield ok(code, _("No copy of the root key was found beside it."))


def synced_parent(folder: Path) -> Path | None:
    """The nearest folder above that a version control, synchronisation or backup program looks after."""
    for parent in (folder, *folder.parents):
        if any((parent / name).exists() for name in _SYNCED):
            return parent
        if any(name in parent.name.lower() for name in _SYNCED_NAMES):
            return parent
    return None


@register
def mirrors() -> Iterator[Finding]:
    """Is there a mirror, does it keep up, and is it on another disk?"""
    for ring in rings.both():
        states = ring.mirror_states()
        if not states:
            yield warn(
                "keys.no_mirror", _("The keyring “%(ring)s” has no mirror.") % {"ring": ring.ring},
                why=_("One dead disk costs everything that its keys open."),
                mend=_("Name a folder on another disk or host in LETHE_KEY_MIRRORS."),
            )  # fmt: skip
        for state in states:
            named = {"place": state.path}
            if state.pending:
                yield bad(
                    "keys.mirror_pending",
                    _("The mirror %(place)s is behind: %(error)s") % {**named, "error": state.error},
                    why=_("It may still open what was destroyed; certificates wait for it."),
                    mend=_("Bring it back, then “manage.py vault sync”; if it is destroyed, “vault forget”."),
                )  # fmt: skip
            elif _same_device(Path(state.path), ring.folder):
                yield warn(
                    "keys.mirror_same_disk",
                    _("The mirror %(place)s is on the same disk as the keys.") % named,
                    why=_("It dies with that disk."), mend=_("Move it to another disk or host."),
                )  # fmt: skip
            else:
                yield ok("keys.mirror", _("The mirror %(place)s is up to date.") % named)


def _same_device(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


@register
def recovery_key() -> Iterator[Finding]:
    """Is there an escrow for the offline recovery key, and is it of the present root?"""
    code = "keys.escrow"
    if not escrow.recipient():
        yield warn(
            code, _("There is no offline recovery key."),
            why=_("With the machine and its mirrors, the log's sentences and held footage are lost too."),
            mend=_("“manage.py vault recovery-key”, and keep the private part on paper."),
        )  # fmt: skip
        return
    late = [state for state in escrow.states() if not state.current]
    for state in late:
        yield warn(
            code, _("The escrow in %(folder)s is old or missing.") % {"folder": state.folder},
            why=_("An old escrow opens what was destroyed since; a missing one opens nothing."),
            mend=_("Bring the folder back, then “manage.py vault sync”."),
        )  # fmt: skip
    if not late:
        yield ok(code, _("The escrow for the recovery key is up to date everywhere."))


@register
def memory() -> Iterator[Finding]:
    """Can keys and frames leave the memory by swap or core dumps?"""
    leaving = [swap for swap in hygiene.active_swap() if swap.leaves_memory and not _encrypted(swap.device)]
    for swap in leaving:
        yield warn(
            "memory.swap", _("Swap is on and not encrypted: %(device)s.") % {"device": swap.device},
            why=_("Keys and clear frames may be written to it and stay there."),
            mend=_("Switch it off (swapoff), use zram, or encrypt it with a key made at each start."),
        )  # fmt: skip
    if not leaving:
        yield ok("memory.swap", _("Nothing is swapped to a disk in clear."))
    hygiene.harden_process()
    if hygiene.is_hardened():
        yield ok("memory.core_dumps", _("Lethe's processes leave no core dumps."))
    else:
        yield bad(
            "memory.core_dumps", _("Core dumps cannot be switched off here."),
            why=_("A core dump holds keys and clear frames."), mend=_("Set “ulimit -c 0” for the service."),
        )  # fmt: skip


def _encrypted(device: str) -> bool:
    """Whether the block device is dm-crypt's (its UUID says so)."""
    name = os.path.basename(os.path.realpath(device))
    try:
        return Path(f"/sys/block/{name}/dm/uuid").read_text().startswith("CRYPT-")
    except OSError:
        return False


@register
def store() -> Iterator[Finding]:
    """Is the footage store there, ours, lasting, and not full?"""
    footage_storage().check_marker()
    yield ok("store.marker", _("The footage storage is there and belongs to this installation."))
    folder = getattr(footage_storage(), "folder", None)
    yield from room([Path(str(settings.LETHE_KEYS_ROOT)), *([folder] if folder else [])])
    found = filesystems.describe(folder) if folder else None
    if found is not None and found.kind in VOLATILE:
        yield bad(
            "store.volatile", _("Footage lies in memory only (%(folder)s).") % {"folder": folder},
            why=_("When the machine stops, it is lost, held footage too."), mend=_("Move it to a disk."),
        )  # fmt: skip


def room(folders: Iterable[Path]) -> Iterator[Finding]:
    """Free space where the folders are; each file system once."""
    seen: set[int] = set()
    for folder in folders:
        stat_of = os.statvfs(folder)
        device = folder.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free, share = stat_of.f_bavail * stat_of.f_frsize, stat_of.f_bavail / max(1, stat_of.f_blocks)
        named = {"folder": folder, "gib": f"{free / (1 << 30):.1f}", "percent": f"{share * 100:.0f}"}
        what = _("%(gib)s GiB (%(percent)s %%) are free in %(folder)s.") % named
        if free < facts.LOW_BYTES // 8:
            yield bad("disk.full", what, why=_("A full disk stops ingest, the log, and thereby viewing."),
                      mend=_("Free space or add a disk."))  # fmt: skip
        elif free < facts.LOW_BYTES or share < facts.LOW_SHARE:
            yield warn("disk.full", what, why=_("A full disk stops ingest, the log, and thereby viewing."),
                       mend=_("Free space or add a disk."))  # fmt: skip
        else:
            yield ok("disk.full", what)

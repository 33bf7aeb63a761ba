"""Many objects deleted from a folder at once: each by itself, then their folders synced, then looked for.

Deleting is mostly waiting for the file system, and folders do not wait for each other: two threads
delete nearly twice as fast as one. One object that will not go keeps none of the others.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.vault.errors import StorageFailed
from cctv.vault.names import all_parts, check_name

THREADS = min(4, len(os.sched_getaffinity(0)))


class StillThere(LetheError):
    """The store accepted the deletion, and the object is still there."""

    code = "still_there"
    status = 500
    message = _("The storage says that it deleted the object, and still has it.")


Left = dict[str, LetheError]


def remove_from(folder: Path, names: Iterable[str]) -> Left:
    """Delete the objects with their parts, durably, and look for each of them again.

    Returns those that are not verifiably gone, and why; what was absent before is fine.
    """
    shards: dict[str, list[str]] = {}
    for name in names:
        shards.setdefault(check_name(name)[:2], []).append(name)
    left: Left = {}
    with ThreadPoolExecutor(max_workers=THREADS) as threads:
        # The file system's journal is one for all folders: the first sync after the last deletion carries
        # everything, and the others find it done. Synced folder by folder, each would wait for its own.
        for step in (_unlink_shard, _confirm_shard):
            shares = [(folder / shard, listed) for shard, listed in sorted(shards.items())]
            for found in threads.map(step, shares):
                left = found | left  # the first reason is the one that tells most
    return left


def _unlink_shard(share: tuple[Path, Sequence[str]]) -> Left:
    left: Left = {}
    try:
        with _opened(share[0]) as descriptor:
            for name in share[1]:
                for part in all_parts(name):
                    if refused := _unlink(part[3:], descriptor):
                        left.setdefault(name, refused)
    except FileNotFoundError:
        return {}  # the store is there, its caller has looked: only this folder was never made
    except OSError as error:
        return dict.fromkeys(share[1], _failed(error))
    return left


def _confirm_shard(share: tuple[Path, Sequence[str]]) -> Left:
    left: Left = {}
    try:
        with _opened(share[0]) as descriptor:
            os.fsync(descriptor)
            for name in share[1]:
                if there := _seen(name, descriptor):
                    left[name] = there
    except FileNotFoundError:
        return {}
    except OSError as error:
        # Not synced: nobody knows what a power cut brings back.
        return dict.fromkeys(share[1], _failed(error))
    return left


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unlink(file: str, folder: int) -> LetheError | None:
    try:
        os.unlink(file, dir_fd=folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        return _failed(error)
    return None


def _seen(name: str, folder: int) -> LetheError | None:
    """Why the object cannot be called gone."""
    for part in all_parts(name):
        try:
            os.stat(part[3:], dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            return _failed(error)
        return StillThere()
    return None


def _failed(error: OSError) -> StorageFailed:
    return StorageFailed(f"{StorageFailed.message} ({error.strerror})")

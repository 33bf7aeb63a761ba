"""Many objects deleted from a folder at once: each by itself, their folders synced once.

Deleting is mostly waiting for the file system's journal, and folders do not wait for each other: two
threads delete nearly twice as fast as one. One object that will not go keeps none of the others.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
        for found in threads.map(lambda shard: _shard(folder / shard[0], shard[1]), sorted(shards.items())):
            left |= found
    return left


def _shard(folder: Path, names: Sequence[str]) -> Left:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}  # the store is there, its caller has looked: only this folder was never made
    except OSError as error:
        return dict.fromkeys(names, _failed(error))
    try:
        left: Left = {}
        for name in names:
            for part in all_parts(name):
                if refused := _unlink(part[3:], descriptor):
                    left.setdefault(name, refused)
        os.fsync(descriptor)
        for name in names:
            if name not in left and (there := _seen(name, descriptor)):
                left[name] = there
        return left
    except OSError as error:
        return dict.fromkeys(names, _failed(error))  # not synced: nobody knows what a power cut brings back
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

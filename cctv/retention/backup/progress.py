"""`restore.json` in the home: that a restore has begun, from what, and how far it is.

It is there before anything else is changed and goes when everything is done; a restore that was killed is
found by it, and whoever would serve meanwhile is refused.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from cctv.core.atomic import fsync_dir, write_atomic
from cctv.retention.backup.errors import RestoreUnfinished
from cctv.retention.backup.models import Restore

NAME = "restore.json"
FORMAT = "lethe/restore/1"


@dataclass(slots=True)
class Progress:
    """The restore's own id, the backup's id, and the steps that are done."""

    restore_id: str
    backup_id: str
    recovery_key_used: bool = False
    done: list[str] = field(default_factory=list)


def load(home: Path) -> Progress | None:
    """The unfinished restore of this home."""
    try:
        record = json.loads((home / NAME).read_bytes())
        if record.pop("format") != FORMAT:
            raise ValueError("another format")
        return Progress(**record)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise RestoreUnfinished(f"{RestoreUnfinished.message} ({home / NAME}: {error})") from error


def save(home: Path, progress: Progress) -> None:
    """Durably."""
    write_atomic(home / NAME, json.dumps({"format": FORMAT, **asdict(progress)}, indent=1).encode() + b"\n")


def clear(home: Path) -> None:
    """It is finished."""
    (home / NAME).unlink(missing_ok=True)
    fsync_dir(home)


def unfinished() -> bool:
    """Whether a restore was begun here, or into this register from elsewhere, and is not finished."""
    try:
        if load(Path(str(settings.LETHE_HOME))) is not None:
            return True
    except RestoreUnfinished:
        return True  # it cannot be read, so it was not finished
    try:
        return Restore.objects.filter(finished_at=None).exists()
    except DatabaseError:
        return False  # there is no register yet, or none that answers: that is for others to say

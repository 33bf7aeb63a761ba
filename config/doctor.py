"""The doctor's look at settings and databases: what no area knows of itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from accesslog.models import LogEntry, LogHead
from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.vault import filesystems
from cctv.vault.doctor import room

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"}
VOLATILE = {"tmpfs", "ramfs"}
SYNCHRONOUS_FULL = 2
_PRAGMAS = {"journal_mode": "wal", "synchronous": SYNCHRONOUS_FULL, "secure_delete": 1, "foreign_keys": 1}
_SETTINGS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@register
def databases() -> Iterator[Finding]:
    """Is an answered write on the disk, and a deleted row overwritten?"""
    for alias in connections:
        if connections[alias].vendor == "sqlite":
            yield from _sqlite(alias)
        else:
            yield from _postgresql(alias)


def _sqlite(alias: str) -> Iterator[Finding]:
    code, wrong = f"database.{alias}", []
    with connections[alias].cursor() as cursor:
        for name, wanted in _PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}")
            (value,) = cursor.fetchone()
            if value != wanted:
                wrong.append(f"{name} = {value}")
    if wrong:
        yield _careless(
            code, alias, wrong, _("Take the changed options out of the settings of the database.")
        )
    else:
        yield ok(code, _("The database “%(name)s” writes durably.") % {"name": alias})
    path = Path(str(connections[alias].settings_dict["NAME"]))
    yield from room([path.parent])
    found = filesystems.describe(path)
    if found is not None and found.kind in NETWORK | VOLATILE:
        yield bad(
            f"{code}.file_system",
            _("The database %(path)s lies on %(kind)s.") % {"path": path, "kind": found.kind},
            why=_("SQLite's locks and syncs do not hold there: the database can be damaged or lost."),
            mend=_("Move it to a local disk, or use PostgreSQL."),
        )  # fmt: skip


def _postgresql(alias: str) -> Iterator[Finding]:
    code, wrong = f"database.{alias}", []
    with connections[alias].cursor() as cursor:
        for name, wanted in _SETTINGS.items():
            cursor.execute(f"SHOW {name}")
            (value,) = cursor.fetchone()
            if value != wanted and not (name == "synchronous_commit" and value != "off"):
                wrong.append(f"{name} = {value}")
    if wrong:
        yield _careless(code, alias, wrong, _("Set them to “on” in postgresql.conf and reload the server."))
    else:
        yield ok(code, _("The database “%(name)s” writes durably.") % {"name": alias})


def _careless(code: str, alias: str, wrong: list[str], mend: str) -> Finding:
    what = _("The database “%(name)s” is set up carelessly: %(settings)s.")
    return bad(
        code, what % {"name": alias, "settings": ", ".join(wrong)},
        why=_("After a power cut, entries of the log or keys of footage may be missing."), mend=mend,
    )  # fmt: skip


@register
def log_head() -> Iterator[Finding]:
    """Does the log's head fit its last entry? (The whole tree is `manage.py log verify`.)"""
    code = "log.head"
    size = LogHead.objects.values_list("size", flat=True).first()
    last = LogEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    if size is not None and size == (0 if last is None else last + 1):
        yield ok(code, _("The access log has %(n)s entries.") % {"n": size})
        return
    yield bad(
        code, _("The access log's head and its last entry contradict each other."),
        why=_("Nothing is shown while nothing can be logged."),
        mend=_("“manage.py log verify” names the place."),
    )  # fmt: skip


@register
def web() -> Iterator[Finding]:
    """Debugging, demonstration, transport."""
    if settings.DEBUG:
        yield bad(
            "settings.debug", _("LETHE_DEBUG is on."),
            why=_("Error pages show settings and data to everybody."), mend=_("Switch it off and restart."),
        )  # fmt: skip
    if settings.LETHE_DEMO:
        yield warn(
            "settings.demo", _("This is a demonstration: its accounts stand on the sign-in page."),
            why=_("Anybody can sign in."), mend=_("Start with an empty LETHE_HOME for real footage."),
        )  # fmt: skip
    if len(settings.SECRET_KEY) < 32:
        yield bad(
            "settings.secret", _("LETHE_SECRET_KEY is short."), why=_("Sessions can be forged."),
            mend=_("Take it out of the environment: Lethe makes one of its own."),
        )  # fmt: skip
    local = {"localhost", "127.0.0.1", "[::1]"}
    if not settings.LETHE_HTTPS and set(settings.ALLOWED_HOSTS) - local:
        yield warn(
            "settings.https", _("Lethe answers to other machines without TLS."),
            why=_("Passwords and footage can be read on the network."),
            mend=_("Put a proxy with TLS before it and set LETHE_HTTPS=1 and LETHE_BEHIND_PROXY=1."),
        )  # fmt: skip


@register
def mail() -> Iterator[Finding]:
    """Can anybody be told?"""
    host: Any = getattr(settings, "EMAIL_HOST", "")
    if settings.EMAIL_BACKEND.endswith("dummy.EmailBackend") or not host:
        yield warn(
            "settings.mail", _("No mail server is set."),
            why=_("Alarms, expiring holds and coming deletions stand on the pages only."),
            mend=_("Set EMAIL_HOST and LETHE_MAIL_FROM."),
        )  # fmt: skip
    else:
        yield ok("settings.mail", _("Mail goes through %(host)s.") % {"host": host})

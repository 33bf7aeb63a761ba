"""Clear frames that Lethe never wrote, on disks that keep what was deleted; and roots that are late."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.ingest import hours
from cctv.ingest.models import Source
from cctv.vault import facts as vault


@register
def sources() -> Iterator[Finding]:
    """Where do recorders put clear files, and can every folder be read?"""
    code = "source.clear_remains"
    for source in Source.objects.filter(retired_at=None):
        facts = {"source": source.name, "folder": source.folder}
        if source.last_error_code:
            yield bad(
                "source.error",
                _("The source “%(source)s” does not work: %(error)s") % {**facts, "error": source.last_error},
                why=_("What it has recorded is not taken in."),
                mend=_("See the page of the source."),
            )
        if vault.keeps_clear_remains(source.folder) == "no":
            yield ok(code, _("“%(source)s” drops its files into memory: nothing stays of them.") % facts)
            continue
        yield warn(
            code, _("“%(source)s” drops clear files where they may be kept (%(folder)s).") % facts,
            why=_("A deleted file can be read again from a disk; certificates say UNKNOWN for it."),
            mend=_("Mount a tmpfs at the folder, or let the recorder upload."),
        )  # fmt: skip


@register
def hour_roots() -> Iterator[Finding]:
    """Does the log say what came in, hour by hour?"""
    code = "ingest.hours"
    if (since := hours.overdue()) is None:
        yield ok(code, _("The log has the roots of what came in, hour by hour."))
        return
    yield bad(
        code,
        _("The log lacks roots of what came in since %(hour)s.") % {"hour": clock.rfc3339(since)},
        why=_("An export of footage since then cannot prove that it is unchanged."),
        mend=_("See that the worker runs and the log can be written; what is missing is then made up for."),
    )

"""The doctor's look at what is published of the access log: signed, in time, and copied?"""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accesslog.publish import condition
from accesslog.publish.condition import CopyCondition
from cctv.core.doctor import Finding, bad, ok, register, warn


@register
def published() -> Iterator[Finding]:
    """Is every entry published, and is the log still the one that was signed?"""
    found = condition.look()
    if found is None:
        return
    if found.error is not None:
        yield bad(
            found.error.code, str(found.error.message),
            why=_("What outsiders hold of the log would contradict what is logged from now on."),
            mend=str(found.error.hint),
        )  # fmt: skip
    elif found.is_late:
        text = _("%(n)d entries of the access log have not been published for %(minutes)d minutes.")
        yield bad(
            "log.unpublished",
            text % {"n": found.size - found.published, "minutes": found.behind_s // 60},
            why=_("Until then they could be rewritten without anybody outside seeing it."),
            mend=_("Run “manage.py log publish”: it says what is in the way."),
        )  # fmt: skip
    else:
        text = _("The access log is published up to entry %(n)d.")
        yield ok("log.unpublished", text % {"n": found.published})
    for copy in found.copies:
        yield _copy(copy)


def _copy(copy: CopyCondition) -> Finding:
    code, folder = "log.copy", {"folder": copy.folder}
    if copy.forked:
        return bad(
            "log.copy_forked", _("The copy %(folder)s of the published log contradicts it.") % folder,
            why=_("Both are signed with our key: the log was rewritten, or a machine was put back."),
            mend=_("Keep both as they are, and compare them: “manage.py log verify --full”."),
        )  # fmt: skip
    if copy.is_late:
        text = _("The copy %(folder)s of the published log has been behind for %(minutes)d minutes.")
        return warn(
            code, text % {**folder, "minutes": copy.behind_s // 60},
            why=_("After a restore, entries come back only as far as a copy reaches."),
            mend=_("Mount it, or free its disk (%(why)s); it catches up by itself.")
            % {"why": copy.trouble or "?"},
        )  # fmt: skip
    return ok(code, _("The copy %(folder)s of the published log is up to date.") % folder)

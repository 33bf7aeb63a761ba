"""The doctor's look at what is published of the access log: signed, in time, copied, and witnessed?"""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accesslog.outside import nightly, witness
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
    if copy.foreign:
        return bad(
            "log.copy_foreign",
            _("The folder %(folder)s, for a copy of the published log, holds another log.") % folder,
            why=_("Nothing is written there, so this log has no copy there."),
            mend=_("Give each log a folder of its own."),
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


@register
def verified() -> Iterator[Finding]:
    """Was the log verified of late, and found as it was logged?"""
    wrong = nightly.trouble()
    if wrong is not None:
        yield bad(
            "log.wrong", " ".join(wrong.wrong),
            why=_("What the access log says can no longer be relied on where it was changed."),
            mend=_("Keep all as it is; “manage.py log verify --full” says what was expected and what to do."),
        )  # fmt: skip
    elif nightly.is_late():
        yield warn(
            "log.unverified", _("The access log has not been verified for more than three days."),
            why=_("If somebody changed it, nobody has noticed."),
            mend=_("Run “manage.py log verify”, and see whether background work is done at all."),
        )  # fmt: skip
    else:
        yield ok("log.wrong", _("The access log was found whole when it was verified last."))


@register
def witnesses() -> Iterator[Finding]:
    """Does every witness still sign, and none refuse?"""
    for each in witness.last_outcomes():
        about = {"name": each.witness, "ours": each.ours, "theirs": each.theirs or 0}
        if each.what in witness.REFUSALS:
            text = _(
                "The witness %(name)s, who knows %(theirs)d entries, refuses to sign the log of %(ours)d."
            )
            yield bad(
                "log.witness_refused", text % about,
                why=_("It has seen another log: the database was put back, or entries were rewritten."),
                mend=_("Keep all as it is; run “manage.py log verify --against” with a kept checkpoint."),
            )  # fmt: skip
        elif each.what in (witness.MISCONFIGURED, witness.BROKEN) or each.is_silent:
            yield warn(
                "log.witness", _("The witness %(name)s does not sign the log.") % about,
                why=_("Nobody outside sees at once if the log is put back or rewritten."),
                mend=each.detail or _("Ask whoever runs it, and check LETHE_LOG_WITNESSES."),
            )  # fmt: skip
        else:
            yield ok("log.witness", _("The witness %(name)s signs the log.") % about)

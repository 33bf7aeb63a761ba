"""What the pages of health say: why a gap is there, what is wrong with a camera, and what to do about it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cctv.footage.wall import states
from cctv.ingest import reasons
from cctv.ingest.health import arithmetic, gaps
from cctv.ingest.health.report import CameraHealth, CameraReport, Page, SiteHealth, Store
from cctv.ingest.selectors import LAG_LIMIT, problem_of
from cctv.templatetags import _times

MINUTE = timedelta(minutes=1)
# A camera that misses less of its hours than this has pauses, no problem.
MISSING_SHARE = 0.005
# A store that is full within so many days is a failure to come, or something to plan for.
FULL_BAD_DAYS, FULL_WARN_DAYS = 3, 14

GAP_REASONS: dict[str, Any] = {
    gaps.ERASED: gettext_lazy("Erased on request"),
    gaps.QUARANTINE: gettext_lazy("Recordings of then are in quarantine"),
    gaps.SOURCE: gettext_lazy("The source does not work"),
    gaps.TOGETHER: gettext_lazy("No camera of the site sent anything: recorder, power or network"),
    gaps.RESTART: gettext_lazy("A short pause, as of a restart"),
    gaps.ALONE: gettext_lazy("Only this camera sent nothing: camera, cable or its channel"),
    gaps.SILENT: gettext_lazy("Nothing came from the recorder"),
}
# What to do about the reason that most of the missing time has.
_GAP_ADVICE: dict[str, Any] = {
    gaps.QUARANTINE: gettext_lazy("See why in the quarantine below; what can be admitted fills the gap."),
    gaps.SOURCE: gettext_lazy("Mend the source first."),
    gaps.TOGETHER: gettext_lazy("Look at the recorder, its power and the network: nothing of the site came."),
    gaps.RESTART: gettext_lazy("Ask the maintenance contractor why the recorder restarts so often."),
    gaps.ALONE: gettext_lazy("Look at the camera, its power and its cable, then at the recorder's channel."),
    gaps.SILENT: gettext_lazy("Look at the recorder, then at the camera, its power and its cable."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do. `tone`: bad, warn or info; `anchor`: where the page tells more."""

    tone: str
    what: str
    todo: str
    anchor: str = ""


_TONES = ("bad", "warn", "info")


def sorted_problems(found: Iterator[Problem]) -> list[Problem]:
    """The worst first, else as they come."""
    return sorted(found, key=lambda problem: _TONES.index(problem.tone))


def of_camera(report: CameraReport, *, sees_ingest: bool) -> list[Problem]:
    """What is wrong with one camera; `sees_ingest`: the reader knows sources by name."""
    health = report.health
    return sorted_problems(
        problem
        for part in (
            _silence(health, by_reason(health)),
            sources(report, sees_ingest=sees_ingest),
            _gaps(health),
            _skew(health),
            _extra(health),
            _sound(health),
            _quarantine(health.quarantined),
            _lag(health.lag_p95_s),
            _changes(report),
        )
        for problem in part
    )


def of_site(health: SiteHealth, *, sees_ingest: bool) -> list[Problem]:
    """What concerns all cameras of a site: source, store, lateness. Each camera's own stand in its row."""
    lag = arithmetic.percentile(health.lags_s, 0.95)
    return sorted_problems(
        problem
        for part in (
            _together(health),
            sources(health, sees_ingest=sees_ingest),
            _store(health.store),
            _quarantine(health.quarantined),
            _lag(lag),
        )
        for problem in part
    )


def notes(health: CameraHealth) -> list[Problem]:
    """A camera's problems in its row of a site's page: short, without reasons that cost a look each."""
    parts = (_gaps(health), _skew(health), _extra(health), _sound(health))
    return sorted_problems(problem for part in parts for problem in part)


def by_reason(health: CameraHealth) -> str:
    """The reason that most of the missing time has; "" without gaps."""
    seconds: Counter[str] = Counter()
    for gap in health.gaps:
        seconds[gap.reason] += int(gap.seconds)
    return seconds.most_common(1)[0][0] if seconds else ""


def _silence(health: CameraHealth, reason: str) -> Iterator[Problem]:
    if health.verdict.state == "silent" and health.gaps:
        now_reason = health.gaps[-1].reason if health.gaps[-1].open else reason
        yield Problem(
            "bad",
            _("It is silent: %(time)s of its recording hours are missing, and it goes on.")
            % {"time": _times.duration(health.verdict.missed // MINUTE * 60)},
            str(_GAP_ADVICE.get(now_reason, _GAP_ADVICE[gaps.SILENT])),
            "gaps",
        )
    elif health.verdict.state == "empty":
        yield Problem(
            "bad",
            _("There is no footage of it."),
            _("Check that its recorder runs, and that the source names it by its code."),
        )


def sources(found: CameraReport | SiteHealth, *, sees_ingest: bool) -> Iterator[Problem]:
    """Sources with an error; who may not see them by name is told whom to tell."""
    for source in found.failing:
        title, hint = problem_of(source.last_error_code, source.last_error)
        if sees_ingest:
            yield Problem("bad", f"{source.name}: {title}", hint)
        else:
            yield Problem("bad", _("A source of recordings does not work."), _("Tell the administrator."))


def _gaps(health: CameraHealth) -> Iterator[Problem]:
    if not health.gaps or health.missing_share < MISSING_SHARE or health.verdict.state == "empty":
        return
    values = {
        "n": len(health.gaps),
        "time": _times.duration(health.missing_s),
        "percent": f"{health.missing_share * 100:.{0 if health.missing_share >= 0.1 else 1}f}",
    }
    what = ngettext(
        "%(percent)s %% of its recording hours are missing: %(time)s in %(n)d gap.",
        "%(percent)s %% of its recording hours are missing: %(time)s in %(n)d gaps.",
        len(health.gaps),
    )
    advice = _GAP_ADVICE.get(by_reason(health))
    if advice is not None:
        yield Problem("warn", what % values, str(advice), "gaps")
    else:
        yield Problem("info", what % values, _("It was erased on request: nothing is to be done."), "gaps")


def _skew(health: CameraHealth) -> Iterator[Problem]:
    skew = health.skew_ms if states.is_skewed(health.skew_ms) else health.worst_skew_ms
    if skew is None or not states.is_skewed(skew):
        return
    text = (
        _("The recorder's clock is %(time)s slow.")
        if skew > 0
        else _("The recorder's clock is %(time)s fast.")
    )
    if skew != health.skew_ms:
        text = _("The recorder's clock was off by %(time)s today.")
    todo = _("Let the recorder set its clock by a time server. Times are shown as the recorder wrote them.")
    yield Problem("warn", text % {"time": _times.duration(abs(skew) / 1000)}, todo, "clock")


def _extra(health: CameraHealth) -> Iterator[Problem]:
    n = health.counts.extra
    if n:
        what = ngettext(
            "%(n)s recording lies out of its recording hours.",
            "%(n)s recordings lie out of its recording hours.",
            n,
        ) % {"n": f"{n:,}"}
        todo = _("Set the hours at the recorder, or have the register say what is really recorded.")
        yield Problem("warn", what, todo, "hours")


def _sound(health: CameraHealth) -> Iterator[Problem]:
    if health.newest.dropped:
        yield Problem(
            "info",
            _("The recorder sends sound, and it is dropped."),
            _("Switch the microphone off at the camera: sound may not be recorded."),
            "sound",
        )


def _quarantine(n: int) -> Iterator[Problem]:
    if n:
        what = ngettext("%(n)s recording is in quarantine.", "%(n)s recordings are in quarantine.", n)
        todo = _(
            "The reasons are below. What the reason names is to be mended first, then it can be tried again."
        )
        yield Problem("warn", what % {"n": f"{n:,}"}, todo, "quarantine")


def _lag(p95_s: float | None) -> Iterator[Problem]:
    if p95_s is not None and p95_s > LAG_LIMIT.total_seconds():
        what = _("Recordings come late: 5 of 100 take longer than %(time)s.") % {
            "time": _times.duration(p95_s)
        }
        todo = _("Look at the load of this machine, and at how long the recorder keeps a file open.")
        yield Problem("warn", what, todo, "lag")


def _changes(report: CameraReport) -> Iterator[Problem]:
    if report.changes:
        last = report.changes[-1]
        yield Problem(
            "info",
            _("Its picture changed from %(before)s to %(after)s on %(day)s.")
            % {"before": last.before, "after": last.after, "day": _times.day(last.day)},
            _("If nobody meant that, see the settings of the camera."),
            "stream",
        )


def _together(health: SiteHealth) -> Iterator[Problem]:
    in_use = [each for each in health.cameras if each.verdict.state != "retired"]
    silent = [each for each in in_use if each.verdict.state in ("silent", "empty")]
    if health.is_all and len(silent) > 1 and len(silent) == len(in_use):
        yield Problem("bad", _("No camera of the site delivers anything."), str(_GAP_ADVICE[gaps.TOGETHER]))
    elif silent:
        what = ngettext(
            "%(n)d camera delivers nothing: %(names)s.",
            "%(n)d cameras deliver nothing: %(names)s.",
            len(silent),
        )
        values = {"n": len(silent), "names": ", ".join(each.camera.name for each in silent)}
        yield Problem(
            "bad",
            what % values,
            _("The page of each camera says what is known of it, and what to do."),
            "cameras",
        )


def _store(store: Store) -> Iterator[Problem]:
    if store.room.kind == "away":
        yield Problem(
            "bad",
            _("The store cannot be reached: nothing comes in and nothing can be viewed."),
            _("See that its disk is there and mounted."),
            "store",
        )
    elif store.full_in_days is not None and store.full_in_days < FULL_WARN_DAYS:
        tone = "bad" if store.full_in_days < FULL_BAD_DAYS else "warn"
        what = _("At the present rate the store is full in %(time)s.") % {"time": full_in(store.full_in_days)}
        todo = _("Add a disk, let the cameras send less, or have footage kept for a shorter time.")
        yield Problem(tone, what, todo, "store")
    elif store.room.is_low:
        free = _("Only %(free)s of the store are free.") % {"free": _times.size(store.room.free_bytes)}
        yield Problem(
            "warn", free, _("Add a disk: a full one stops ingest, the log, and thereby viewing."), "store"
        )


def full_in(days: float) -> str:
    """Days as people say them: 11 days, 1 day 7 h, more than a year."""
    told = arithmetic.said(days)
    if told.unit == "long":
        return _("more than a year")
    return _times.duration(told.n * (3600 if told.unit == "h" else 86400))


def gap_reason(reason: str) -> str:
    """The reason of a gap, in the reader's language."""
    return str(GAP_REASONS[reason]) if reason != gaps.UNTOLD else ""


def quarantine_reason(code: str) -> tuple[str, str]:
    """What happened and what to do, for something in quarantine."""
    return str(reasons.title_of(code)), str(reasons.hint_of(code))


def page(shown: Page) -> str:
    """Which cameras of the site are told of."""
    values = {"first": shown.first, "last": shown.last, "n": shown.of}
    return _("Cameras %(first)s to %(last)s of %(n)s, by name; all figures of cameras are of these.") % values

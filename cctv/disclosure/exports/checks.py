"""What the page of an export says of its footage and of what speaks for or against it; computed each time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accesslog import merkle
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.exports import footage, results, watching
from cctv.disclosure.exports.models import Export, ExportForm, ExportSpan
from cctv.disclosure.exports.wishes import require_ground, wish_of
from cctv.disclosure.packaging import masked
from cctv.disclosure.packaging.sources import with_sound
from cctv.footage import catalogue
from cctv.footage.marks.models import Still
from cctv.footage.restrictions.services import is_free
from cctv.ingest.models import HourRoot
from cctv.people.models import Account
from cctv.redaction.models import Redaction
from cctv.redaction.review.services import require_approved
from cctv.sites.models import Camera
from cctv.templatetags import _times

OK, WARN, BAD = "ok", "warn", "bad"
_WIDTH = merkle.HASH_BYTES
# Parts closer than this are one: recorders leave some milliseconds between files.
JOIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """A span, what is missing of it, and how much of it can be proven.

    `state` is a state of the pages: held, gap, restricted, destroyed (nothing is there), warn (not held).
    `proven` of `segments`; `proven_after`: when the last open hour closes, None where none is open.
    """

    span: ExportSpan
    seconds: float
    gaps: tuple[catalogue.Span, ...]
    segments: int
    unheld: int
    restricted: bool
    proven: int
    proven_after: datetime | None

    @property
    def gap_seconds(self) -> float:
        """How much is not recorded."""
        return catalogue.total_seconds(self.gaps)

    @property
    def state(self) -> str:
        """What stands in the table: the worst of it."""
        if self.restricted:
            return "restricted"
        if not self.segments:
            return "destroyed"
        if self.unheld:
            return "warn"
        return "gap" if self.gaps else "held"


def facts_of(export: Export) -> list[SpanFacts]:
    """Of each span, in order."""
    rows = export.spans.select_related("camera__site", "redaction", "hold").order_by(
        "starts_at", "camera__name"
    )
    return [_facts(span) for span in rows]


def _facts(span: ExportSpan) -> SpanFacts:
    where = span.camera, span.starts_at, span.ends_at
    found = list(footage.recorded(*where).values_list("starts_at", "ends_at", "ingest_leaf", "ingested_at"))
    there = catalogue.merge(((row[0], row[1]) for row in found), join=JOIN)
    gaps = catalogue.gaps(catalogue.clip(there, span.starts_at, span.ends_at), span.starts_at, span.ends_at)
    proven, after = _proven(span, [(bytes(leaf or b""), at) for _start, _end, leaf, at in found])
    return SpanFacts(
        span=span,
        seconds=(span.ends_at - span.starts_at).total_seconds(),
        gaps=tuple(gap for gap in gaps if gap[1] - gap[0] >= JOIN),
        segments=len(found),
        unheld=footage.unheld(*where, hold_id=span.hold_id).count() if span.hold_id else len(found),
        restricted=not is_free(*where),
        proven=proven,
        proven_after=after,
    )


def _proven(span: ExportSpan, found: list[tuple[bytes, datetime]]) -> tuple[int, datetime | None]:
    """How many segments' leaves lie under a root in the log, and when the open hours' roots are due."""
    hours = {clock.floor_hour(at) for _leaf, at in found}
    trees: dict[datetime, frozenset[bytes]] = {}
    for row in HourRoot.objects.filter(camera=span.camera_id, hour__in=hours):
        data = bytes(row.leaves)
        leaves = [data[at : at + _WIDTH] for at in range(0, len(data), _WIDTH)]
        if merkle.tree_root(leaves) == bytes(row.root):
            trees[row.hour] = frozenset(leaves)
    proven = sum(bool(leaf) and leaf in trees.get(clock.floor_hour(at), ()) for leaf, at in found)
    now = clock.floor_hour(clock.now())
    waits = [hour + clock.HOUR for hour in hours - trees.keys() if hour >= now - clock.HOUR]
    return proven, max(waits, default=None)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of what speaks for it (ok), asks for a look (warn) or stands against it (bad)."""

    tone: str
    text: str | Promise
    note: str | Promise = ""


def ticks_of(export: Export, facts: list[SpanFacts], reader: Account | None) -> list[Tick]:
    """Everything that a second person has to weigh; `reader`: of whom it is said what they watched."""
    found = [_ground(export), _purpose(export), _held(facts), *_restricted(facts), *_gaps(facts)]
    found += [_proof(facts), *_redacted(export, facts), *_native(facts), *_beside(facts)]
    found += _marked(export, facts)
    if reader is not None:
        found.append(_watched(export, facts, reader))
    return found


def _ground(export: Export) -> Tick:
    try:
        require_ground(export.site, wish_of(export))
    except LetheError as error:
        return Tick(BAD, error.message, error.hint)
    note = ""
    if export.letter is not None:
        note = _("Letter attached: %(title)s") % {"title": export.letter.title}
    if export.document:
        note = f"{note} ({export.document})" if note else export.document
    return Tick(OK, _("The ground allows this recipient"), note)


def _purpose(export: Export) -> Tick:
    if export.purpose is not None:
        return Tick(OK, _("The cameras are run for this purpose"))
    return Tick(
        WARN, _("The cameras are not run for this purpose"), _("The ledger and the log's review say so.")
    )


def _held(facts: list[SpanFacts]) -> Tick:
    now = clock.now()
    standing = all(
        each.span.hold is not None and each.span.hold.protects and now < each.span.hold.opens_until
        for each in facts
    )
    if standing and not any(each.unheld for each in facts):
        return Tick(OK, _("The hold covers everything that is recorded"))
    if not standing:
        return Tick(WARN, _("The hold has ended"), _("Approving places it anew, of what is still there."))
    return Tick(WARN, _("The hold came too late for a part of it"))


def _restricted(facts: list[SpanFacts]) -> list[Tick]:
    if not any(each.restricted for each in facts):
        return []
    return [Tick(BAD, _("Footage of it is restricted"), _("It cannot be approved while that is so."))]


def _gaps(facts: list[SpanFacts]) -> list[Tick]:
    if any(not each.segments for each in facts):
        return [Tick(BAD, _("Of one of the spans nothing is left"))]
    missing = sum(each.gap_seconds for each in facts)
    if not missing:
        return [Tick(OK, _("Recorded without a gap"))]
    said = _("%(time)s are not recorded") % {"time": _times.duration(missing)}
    return [Tick(WARN, said, _("The package names each gap."))]


def _proof(facts: list[SpanFacts]) -> Tick:
    total, proven = sum(each.segments for each in facts), sum(each.proven for each in facts)
    if total == proven:
        return Tick(OK, _("The log proves that it is what came in"))
    left = total - proven
    said = ngettext(
        "%(n)d recording is not proven yet", "%(n)d recordings are not proven yet", left
    ) % {"n": left}  # fmt: skip
    after = max((each.proven_after for each in facts if each.proven_after), default=None)
    if after is None:
        return Tick(WARN, said, _("Their hour has no root in the log."))
    return Tick(WARN, said, _("Their hour is still open. Packaged later, they are."))


def _redacted(export: Export, facts: list[SpanFacts]) -> list[Tick]:
    found = []
    for redaction in {each.span.redaction for each in facts if each.span.redaction}:
        try:
            review = require_approved(redaction)
        except LetheError as error:
            found.append(Tick(BAD, f"{redaction.number}: {error.message}", error.hint))
        else:
            said = _("Redaction %(number)s was approved by %(name)s") % {
                "number": redaction.number, "name": review.reviewer.name
            }  # fmt: skip
            found.append(Tick(OK, said))
            if review.result_sha256 != results.pinned(export, redaction):
                found.append(_changed(redaction))
    return found


def _changed(redaction: Redaction) -> Tick:
    """Approving is of what is shown now, so whoever approves is told before that it is something else."""
    said = _("Redaction %(number)s was changed after it was asked for") % {"number": redaction.number}
    return Tick(WARN, said, _("You would approve what it is now: watch it before you decide."))


def _native(facts: list[SpanFacts]) -> list[Tick]:
    if all(each.span.form == ExportForm.REDACTED for each in facts):
        return []
    return [
        Tick(
            WARN,
            _("Clips as recorded show everybody in the picture"),
            _("Would a redacted copy alone do?"),
        )
    ]


def _beside(facts: list[SpanFacts]) -> list[Tick]:
    """What goes out with clips as recorded that nobody may think of."""
    spans, found = [each.span for each in facts], []
    try:
        uncovered = masked.uncovered(spans)
    except LetheError as error:
        return [Tick(BAD, error.message, error.hint)]
    if uncovered:
        said = _("Clips as recorded show places that copies cover: %(names)s") % {"names": _names(uncovered)}
        found.append(Tick(WARN, said, _("Redacted copies and stills cover them.")))
    if heard := with_sound(spans):
        said = _("Sound goes out with the recorder's files: %(names)s") % {"names": _names(heard)}
        found.append(Tick(WARN, said, _("The clips have none. A redacted copy has none at all.")))
    return found


def _names(cameras: list[Camera]) -> str:
    return ", ".join(each.name for each in cameras)


def _marked(export: Export, facts: list[SpanFacts]) -> list[Tick]:
    if not export.watermark:
        return []
    untouched = _("Clips as recorded stay untouched: marked, they would prove nothing.")
    forms = {each.span.form for each in facts}
    if forms == {ExportForm.NATIVE} and not any(_stills(export, each) for each in facts):
        return [Tick(WARN, _("Nothing in it can carry the mark that was asked for"), untouched)]
    said = _("Redacted copies and stills are marked with number and recipient")
    return [Tick(OK, said, "" if forms == {ExportForm.REDACTED} else untouched)]


def _stills(export: Export, facts: SpanFacts) -> bool:
    span = facts.span
    kept = Still.objects.filter(case=export.case.number, camera=span.camera_id)
    return kept.filter(at__gte=span.starts_at, at__lt=span.ends_at).exists()


def _watched(export: Export, facts: list[SpanFacts], reader: Account) -> Tick:
    seconds, total = watching.seconds_watched(export, reader), sum(each.seconds for each in facts)
    if not seconds:
        return Tick(WARN, _("You have not watched any of it"))
    said = _("You were sent %(seen)s of %(total)s") % {
        "seen": _times.duration(seconds), "total": _times.duration(total)
    }  # fmt: skip
    gap = sum(each.gap_seconds for each in facts)
    return Tick(OK if seconds + gap >= 0.9 * total else WARN, said)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an export's life: `at` is done, now, todo or stopped."""

    title: str | Promise
    at: str
    note: str | Promise = ""
    moment: datetime | None = None
    style: str = "minute"


def total_seconds(facts: Iterable[SpanFacts]) -> float:
    """How long all spans are together."""
    return sum(each.seconds for each in facts)

"""A whole verification: the database, what was kept elsewhere, and with `full` all that lies beside entries.

The result is an entry itself, so the log says when it was verified, against what, and what was found.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from accesslog import conf, findings, note, services, verify
from accesslog.errors import AccessLogError
from accesslog.events import VERIFIED
from accesslog.models import LogCheckpoint, LogCosignature
from accesslog.outside import anchors, lethe_verify, places, witness
from accesslog.publish import state as states
from accesslog.selectors import reading
from accesslog.verify import Report

logger = logging.getLogger("accesslog.verify")
TRIES = 3
CHUNK = 500
LATE_US = 60_000_000


def run(
    *,
    full: bool = False,
    against: Sequence[Path] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify; the report has the first thing that is wrong. Raises AnchorUnusable, LogUnavailable.

    What is published is looked at before the database: what was signed of it is there already.
    """
    kept = [anchor for path in against for anchor in anchors.from_file(path)]
    seen = places.look()
    report = verify.verify(open_bodies=full, kept=[*kept, *seen.anchors], progress=progress)
    report.away = seen.away
    if report.finding is not None:
        report.finding = places.explain(report)
    elif conf.folder() is not None:
        with reading(), verify.any_text():
            report.finding = _beside(seen, full=full)
    return report


def _beside(seen: places.Look, *, full: bool) -> findings.Finding | None:
    """What is wrong beside the entries, all of which fit."""
    if not full:
        return _last_note() or seen.wrong
    away = {folder for folder, _why in seen.away}
    try:
        return anchors.rows_wrong() or _cosignatures() or seen.wrong or _folders(away)
    except verify.STRANGE as error:
        return findings.strange(0, f"{type(error).__name__}: {error}")


def log(report: Report, *, full: bool, against: Sequence[Path]) -> int | None:
    """Log the result, and sound the alarm; the number of its entry, None where the log takes none."""
    finding = report.finding
    if finding is not None:
        _alarm(finding)
    body: dict[str, Any] = {
        "size": report.size, "root": report.root.hex() if finding is None else "",
        "wrong": [] if finding is None else [finding.what], "full": full,
    }  # fmt: skip
    if finding is not None:
        body["entry"] = finding.index
    if against:
        body["against"] = [path.name for path in against]
    try:
        return services.append(kind=VERIFIED, body=body).index
    except AccessLogError:
        return None


def _alarm(finding: findings.Finding) -> None:
    try:
        conf.alarm(what=finding.what, entry=finding.index, advice=finding.advice)
    except Exception:  # the register may be down: what was found is said and logged all the same
        logger.exception("the alarm about the access log could not be given")


def _last_note() -> findings.Finding | None:
    """The note of the last checkpoint in the database; its root was compared before."""
    size = LogCheckpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return None if size is None else anchors.row_wrong(size)


def _cosignatures() -> findings.Finding | None:
    """What witnesses signed is what was noted before; those no longer configured are not verified."""
    keys = {each.name: each.key for each in witness.configured()}
    rows = LogCosignature.objects.order_by("size", "witness").iterator(chunk_size=CHUNK)
    while some := list(islice(rows, CHUNK)):
        sizes = {findings.number(row.size) for row in some}
        noted = dict(LogCheckpoint.objects.filter(size__in=sizes).values_list("size", "note"))
        for row in some:
            why = _cosignature_wrong(row, noted.get(row.size), keys.get(row.witness))
            if why:
                return findings.cosignature_wrong(findings.number(row.size), str(row.witness), why)
    return None


def _cosignature_wrong(row: LogCosignature, noted: str | None, key: note.VerifierKey | None) -> str:
    """Why it does not fit, or "". Without the witness's key: only whether the row says what the line says."""
    if noted is None:
        return _("its checkpoint is gone")
    try:
        signature = note.parse_signature(row.line)
        seconds = int.from_bytes(signature.value[:8], "big")
        if key is not None:
            seconds = note.verify_signature(note.parse(noted).text, signature, key)
    except (note.NoteError, TypeError, AttributeError) as error:
        return str(error)
    if signature.name != row.witness:
        return signature.name
    return "" if seconds * 1_000_000 == row.time_us else f"{seconds} s"


def _folders(away: Collection[Path] = ()) -> findings.Finding | None:
    """The published files here and in each copy that can be read; which cannot is told beside the finding."""
    folder = conf.folder()
    known = [*([(folder, True)] if folder else []), *((copy, False) for copy in conf.copies())]
    checked = (_files(place, last=last) for place, last in known if place not in away)
    return next((found for found in checked if found), None)


def _files(folder: Path, *, last: bool = True) -> findings.Finding | None:
    """A folder read as an outsider reads it, by the outsider's program; `last`: it must have the last."""
    # Remembered before the checkpoint is read; what was remembered just now is published within a minute.
    state = states.load(folder) if last else None
    size = state.size if state and abs(time.time_ns() // 1000 - state.time_us) > LATE_US else 0
    place = lethe_verify.Place(str(folder))
    seen = None
    for _try in range(TRIES):
        data = None
        try:
            data = place.read("checkpoint")
            if data is None or data == seen:
                break  # nothing is published; or it is wrong though nothing has moved meanwhile
            seen = data
            key = lethe_verify.Key(conf.signer().verifier_key(), lethe_verify.LOG_KEY)
            checkpoint = lethe_verify.Checkpoint(data)
            checkpoint.check(key, [])
            lethe_verify.walk(place, checkpoint, [])
            return _behind(checkpoint.size, size)
        except (lethe_verify.Wrong, lethe_verify.Unchecked) as error:
            wrong = error
            if data is None:
                return findings.published(0, str(error), "", "")
    if seen is None:
        return _behind(0, size)
    return findings.published(
        getattr(wrong, "entry", 0), getattr(wrong, "what", str(wrong)),
        str(getattr(wrong, "expected", "")), str(getattr(wrong, "calculated", "")),
    )  # fmt: skip


def _behind(published: int, signed: int) -> findings.Finding | None:
    """Whether less is published than the signer remembers to have signed, for longer than a round takes."""
    if published >= signed:
        return None
    why = _("the last checkpoint that was signed is not there")
    return findings.published(published, why, str(signed), str(published))

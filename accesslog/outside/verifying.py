"""A whole verification: the database, what was kept elsewhere, and with `full` all that lies beside entries.

The result is an entry itself, so the log says when it was verified, against what, and what was found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from accesslog import conf, findings, note, services, verify
from accesslog.errors import AccessLogError
from accesslog.events import VERIFIED
from accesslog.models import LogCheckpoint, LogCosignature
from accesslog.outside import anchors, lethe_verify, witness
from accesslog.publish import state as states
from accesslog.selectors import reading
from accesslog.verify import Report

TRIES = 3
CHUNK = 500
LATE_US = 60_000_000


def run(
    *,
    full: bool = False,
    against: Sequence[Path] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify; the report has the first thing that is wrong. Raises AnchorUnusable, LogUnavailable."""
    kept = [anchor for path in against for anchor in anchors.from_file(path)]
    report = verify.verify(open_bodies=full, kept=kept, progress=progress)
    if report.finding is None and conf.folder() is not None:
        report.finding = _notes(every=full) or (_cosignatures() or _folders() if full else None)
    return report


def log(report: Report, *, full: bool, against: Sequence[Path]) -> int | None:
    """Log the result; the number of its entry, None where the log takes none."""
    finding = report.finding
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


def _notes(*, every: bool) -> findings.Finding | None:
    """The notes of the checkpoints in the database: the last, or all. Their roots were compared before."""
    with reading():
        rows = LogCheckpoint.objects.order_by("-size")
        if not rows.exists():
            return None  # and perhaps no keys either
        vkey = note.parse_key(conf.signer().verifier_key())
        for row in rows.iterator(chunk_size=500) if every else rows[:1]:
            try:
                said = note.verify_checkpoint(row.note, vkey)
            except note.NoteError as error:
                return findings.note_wrong(row.size, str(error))
            if (said.size, said.root) != (row.size, bytes(row.root)):
                return findings.note_wrong(row.size, f"{said.size} {said.root.hex()}")
    return None


def _cosignatures() -> findings.Finding | None:
    """What witnesses signed is what was noted before; those no longer configured are not verified."""
    keys = {each.name: each.key for each in witness.configured()}
    with reading():
        rows = LogCosignature.objects.order_by("size", "witness").iterator(chunk_size=CHUNK)
        while some := list(islice(rows, CHUNK)):
            sizes = {row.size for row in some}
            noted = dict(LogCheckpoint.objects.filter(size__in=sizes).values_list("size", "note"))
            for row in some:
                why = _cosignature_wrong(row, noted.get(row.size), keys.get(row.witness))
                if why:
                    return findings.cosignature_wrong(row.size, row.witness, why)
    return None


def _cosignature_wrong(row: LogCosignature, noted: str | None, key: note.VerifierKey | None) -> str:
    if noted is None:
        return _("its checkpoint is gone")
    if key is None:
        return ""
    try:
        seconds = note.verify_signature(note.parse(noted).text, note.parse_signature(row.line), key)
    except note.NoteError as error:
        return str(error)
    return "" if seconds * 1_000_000 == row.time_us else f"{seconds} s"


def _folders() -> findings.Finding | None:
    """The published files here and in each copy that can be read; where a copy is, the doctor says."""
    folder = conf.folder()
    wrong = _files(folder) if folder else None
    return wrong or next((found for copy in conf.copies() if (found := _files(copy, last=False))), None)


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

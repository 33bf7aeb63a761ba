"""A whole verification: the database, what was kept elsewhere, and with `full` all that lies beside entries.

The result is an entry itself, so the log says when it was verified, against what, and what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from accesslog import conf, findings, note, services, verify
from accesslog.errors import AccessLogError
from accesslog.events import VERIFIED
from accesslog.models import LogCheckpoint, LogCosignature
from accesslog.outside import anchors, lethe_verify, witness
from accesslog.selectors import reading
from accesslog.verify import Report

TRIES = 3


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
        report.finding = _notes(every=full) or (_cosignatures() or _files() if full else None)
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
    """What witnesses signed is what was noted; those that are no longer configured are passed over."""
    keys = {each.name: each.key for each in witness.configured()}
    with reading():
        for row in LogCosignature.objects.order_by("size").iterator(chunk_size=500):
            noted = LogCheckpoint.objects.filter(size=row.size).first()
            if row.witness not in keys or noted is None:
                continue
            try:
                text = note.parse(noted.note).text
                seconds = note.verify_signature(text, note.parse_signature(row.line), keys[row.witness])
            except note.NoteError as error:
                return findings.cosignature_wrong(row.size, row.witness, str(error))
            if seconds * 1_000_000 != row.time_us:
                return findings.cosignature_wrong(row.size, row.witness, f"{seconds} s")
    return None


def _files() -> findings.Finding | None:
    """The published files, read as an outsider reads them, by the outsider's program."""
    place = lethe_verify.Place(str(conf.folder()))
    seen = None
    for _try in range(TRIES):
        data = place.read("checkpoint")
        if data is None or data == seen:
            break  # nothing is published yet; or it is wrong though nothing has moved meanwhile
        seen = data
        try:
            key = lethe_verify.Key(conf.signer().verifier_key(), lethe_verify.LOG_KEY)
            checkpoint = lethe_verify.Checkpoint(data)
            checkpoint.check(key, [])
            lethe_verify.walk(place, checkpoint, [])
            return None
        except (lethe_verify.Wrong, lethe_verify.Unchecked) as error:
            wrong = error
    if seen is None:
        return None
    return findings.published(
        getattr(wrong, "entry", 0), getattr(wrong, "what", str(wrong)),
        str(getattr(wrong, "expected", "")), str(getattr(wrong, "calculated", "")),
    )  # fmt: skip

"""A redacted copy goes out as it was approved, or not at all."""

import hashlib

import pytest

from cctv.disclosure.exports import results
from cctv.disclosure.exports.models import Export, ExportForm, ExportSpan, ExportState, FileKind
from cctv.disclosure.packaging import work
from cctv.footage.derived import services as derived
from cctv.footage.models import Segment
from cctv.redaction.models import Redaction, State
from cctv.redaction.rendering import making
from tests.disclosure.packaging import helping
from tests.redaction.review.conftest import RESULT, SHA256, Waiting, desk, room, waiting

__all__ = ["desk", "room", "waiting"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def of_redaction(waiting: Waiting, form: str = ExportForm.REDACTED) -> Export:
    """An approved export of exactly what was redacted."""
    redaction, room = waiting.redaction, waiting.desk.room
    times = [(each - room.starts_at).total_seconds() for each in (redaction.starts_at, redaction.ends_at)]
    return helping.approved(room, (redaction.camera, *times), form=form, redaction=redaction)  # type: ignore[arg-type]


def test_a_redacted_copy_is_the_approved_result_and_nothing_as_recorded_goes_with_it(waiting: Waiting):
    review = waiting.approved()
    export = helping.packaged(of_redaction(waiting))
    assert (export.state, export.error) == (ExportState.READY, "")
    (file,) = helping.files(export, FileKind.REDACTED, FileKind.CLIP, FileKind.REBUILD, FileKind.STILL)
    data = helping.content(file)
    assert data == making.head_of(64, 48) + RESULT
    assert file.facts["result_sha256"] == SHA256 == review.result_sha256
    assert file.sha256 == hashlib.sha256(data).hexdigest()


def test_both_forms_go_out_together(waiting: Waiting):
    waiting.approved()
    export = helping.packaged(of_redaction(waiting, ExportForm.BOTH))
    assert export.state == ExportState.READY
    assert {each.kind for each in helping.files(export)} >= {FileKind.REDACTED, FileKind.CLIP}


def test_a_masked_camera_has_redacted_copies(waiting: Waiting):
    camera = waiting.redaction.camera
    camera.privacy_masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]]
    camera.save(update_fields=["privacy_masks"])
    waiting.rendered()
    waiting.approved()
    assert helping.packaged(of_redaction(waiting)).state == ExportState.READY


def test_what_nobody_approved_or_what_was_masked_since_is_not_packaged(waiting: Waiting):
    export = of_redaction(waiting)
    assert helping.packaged(export).error_code == "redaction_not_approved"
    waiting.approved()
    camera = waiting.redaction.camera
    camera.privacy_masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]]
    camera.save(update_fields=["privacy_masks"])
    export = helping.packaged(of_redaction(waiting))
    assert (export.state, export.files.count()) == (ExportState.APPROVED, 0)
    assert export.error_code == "redaction_other_masks"


def test_a_redaction_that_reaches_out_of_the_span_does_not_go_out(waiting: Waiting):
    waiting.approved()
    export = of_redaction(waiting)
    span = export.spans.get()
    ExportSpan.objects.filter(pk=span.pk).update(ends_at=span.ends_at - helping.SECOND)
    export = helping.packaged(export)
    assert (export.error_code, export.files.count()) == ("package_redaction_elsewhere", 0)


def test_a_part_that_is_not_the_approved_one_does_not_go_out(waiting: Waiting):
    waiting.approved()
    redaction = waiting.redaction
    part = redaction.parts.get()
    segment = Segment.objects.get(pk=part.segment)
    span = redaction.starts_at, redaction.ends_at
    with derived.keep_object(
        segment, owner=redaction.pk, label="out/0", part="redacted", span=span, of=[segment.pk]
    ) as writer:
        writer.write(b"another film")
    redaction.parts.update(kept=writer.close().pk)
    assert Redaction.objects.filter(pk=redaction.pk, state=State.APPROVED).exists()
    export = helping.packaged(of_redaction(waiting))
    assert (export.state, export.files.count()) == (ExportState.APPROVED, 0)


@pytest.mark.parametrize("asked_first", [True, False])
def test_another_result_than_was_approved_with_the_export_is_not_copied(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch, asked_first: bool
):
    waiting.approved()
    export = of_redaction(waiting)
    pins = {str(waiting.redaction.pk): "cd" * 32}
    Export.objects.update(package=export.package | {results.RESULTS: pins})
    if not asked_first:  # approved anew after the job had asked
        monkeypatch.setattr(work, "require_packable", lambda export: None)
    export = helping.packaged(export)
    assert (export.error_code, export.files.count()) == ("export_result_changed", 0)

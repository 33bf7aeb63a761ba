"""What other areas ask of the packaging: to begin, to try again, and to end what was erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportState
from cctv.disclosure.packaging import outliving, sources
from cctv.sites.models import Camera


def recorded(export: Export) -> dict[str, Any]:
    """How much is recorded of each span now, to be kept in `Export.package` until the package is made.

    Asked when an export is asked for: what has gone by the time it is packaged is then told, not left out.
    """
    spans = export.spans.select_related("export__hold", "hold")
    return {sources.RECORDED: {str(span.pk): sources.recorded(span) for span in spans}}


def ask_for(export: Export) -> None:
    """Have the package made; called in the transaction that approves the export. Saves its own columns."""
    if sources.RECORDED not in export.package:
        export.package = export.package | recorded(export)
    export.work_asked_at, export.work_attempts, export.work_permille = clock.now(), 0, 0
    export.not_before, export.error_code, export.error = None, "", ""
    export.save(
        update_fields=[
            "package", "work_asked_at", "work_attempts", "work_permille", "not_before", "error_code", "error",
        ]
    )  # fmt: skip
    transaction.on_commit(wake, robust=True)


def retry(export: Export) -> bool:
    """Try again what stopped with an error; whether there was something to try."""
    with transaction.atomic():
        row = Export.objects.select_for_update(of=("self",)).get(pk=export.pk)
        if row.state != ExportState.APPROVED or not row.error_code:
            return False
        ask_for(row)
    return True


def erased(*, camera: Camera, starts_at: datetime, ends_at: datetime) -> None:
    """Footage of the half-open span was erased: the packages that show it end. In the same transaction."""
    if outliving.mark_erased(camera=camera, starts_at=starts_at, ends_at=ends_at):
        wake_ending()


def wake() -> None:
    """Have the work looked for at once; without a broker the sweep does it some seconds later."""
    from cctv.disclosure.packaging.tasks import package

    package.delay()


def wake_ending() -> None:
    """Have what has to end looked for at once, after the commit."""
    from cctv.disclosure.packaging.tasks import end

    transaction.on_commit(lambda: end.delay(), robust=True)

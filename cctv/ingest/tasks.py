"""Messages that wake ingest up; they carry ids only, and losing or doubling one does no harm."""

from uuid import UUID

from celery import shared_task

from cctv.ingest import hours, orphans, sweep
from cctv.ingest.models import Source

# A recording is to be browsable within 15 s of its end, and beat comes by each 10 s.
FOLLOW_UP_S = 0.4
EXPIRES_S = 30


@shared_task(name="cctv.ingest.tasks.sweep_sources")
def sweep_sources() -> None:
    """Wake one sweep for each source, so that a long one holds up no other."""
    for source_id in Source.objects.filter(retired_at=None).values_list("pk", flat=True):
        sweep_source.apply_async((str(source_id),), expires=EXPIRES_S)


@shared_task(name="cctv.ingest.tasks.sweep_source")
def sweep_source(source_id: str, follow_up: bool = True) -> None:
    """Sweep one source; come back once for what had not settled, at once for what was left over."""
    swept = sweep.sweep_source(source_id=UUID(source_id))
    if swept is None:
        return
    if swept.more:
        sweep_source.apply_async((source_id, follow_up), expires=EXPIRES_S)
    elif swept.waiting and follow_up:
        settle_s = Source.objects.values_list("settle_seconds", flat=True).get(pk=source_id)
        sweep_source.apply_async(
            (source_id, False), countdown=settle_s + FOLLOW_UP_S, expires=settle_s + EXPIRES_S
        )


@shared_task(name="cctv.ingest.tasks.sweep_orphans")
def sweep_orphans() -> None:
    """Delete sealed objects that no recording belongs to."""
    orphans.sweep()


@shared_task(name="cctv.ingest.tasks.write_hour_roots")
def write_hour_roots() -> None:
    """Log the roots of the hours that have ended."""
    hours.close_hours()
    hours.sweep_rows()

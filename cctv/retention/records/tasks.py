"""What beat wakes for records: their ends, and the lines of the ledger that follow from the log."""

from datetime import UTC, datetime

from celery import shared_task

from accesslog import pruning
from cctv.ledger.readings import write_readings as write_missing
from cctv.retention import guards
from cctv.retention.records import services
from cctv.retention.records.models import RecordClass, RecordErasure


@shared_task(name="cctv.retention.records.tasks.end_records")
def end_records() -> None:
    """End what is past its time; hourly, though something is due once a month: a host may sleep at night."""
    services.end_due()


@shared_task(name="cctv.retention.records.tasks.write_readings")
def write_readings() -> None:
    """Bring the ledger up to what the log says of viewings; an older register writes nothing anew."""
    if guards.in_doubt() is None:
        write_missing(not_before=_ledger_kept_from())


def _ledger_kept_from() -> datetime:
    """Lines from before were erased; the log may know of their viewings for longer."""
    ends = RecordErasure.objects.filter(record_class=RecordClass.LEDGER).order_by("-kept_from")
    month = ends.values_list("kept_from", flat=True).first()
    return pruning.month_start(month) if month else datetime(1970, 1, 1, tzinfo=UTC)

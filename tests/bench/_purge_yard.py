"""An installation full of expired footage, for the purge's benchmark; import before Django is set up."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.bench.harness import prepare_django

EPOCHS = 24
FILE_BYTES = 1_024
AT_ONCE = 10_000
DAYS = timedelta(days=30)


class Ground:
    """One camera of one site, on a fresh home and a database of the named kind."""

    def __init__(self, database: str) -> None:
        """Starts the database where it needs a server."""
        self.database = database
        prepare_django(**_environment(database))
        from cctv.vault import services as vault
        from cctv.vault.doors import footage_storage
        from cctv.vault.names import SHARDS

        vault.initialise()
        self.folder: Path = footage_storage().folder  # type: ignore[attr-defined]
        self.shards = [self.folder / shard for shard in SHARDS]
        self.camera = _camera()

    def sync(self, size: int) -> None:
        """Nobody pays for what others have left unwritten; a smoke run does not wait for them either."""
        if size >= AT_ONCE:
            subprocess.run(["sync", "-f", str(self.folder)], check=True)

    def write_tree(self, size: int) -> Iterator[list[str]]:
        """Three files for each segment; the names, some thousands at a time."""
        from cctv.vault import services as vault
        from cctv.vault.names import all_parts

        data = bytes(FILE_BYTES)
        for start in range(0, size, AT_ONCE):
            names = [vault.object_name() for _n in range(min(AT_ONCE, size - start))]
            for name in names:
                for part in all_parts(name):
                    descriptor = os.open(f"{self.folder}/{part}", os.O_WRONLY | os.O_CREAT, 0o600)
                    os.write(descriptor, data)
                    os.close(descriptor)
            yield names

    def expire(self, size: int) -> None:
        """Rows, objects and epochs of footage that ended its retention hours ago."""
        from django.db import connection

        from cctv.core import clock
        from cctv.footage.models import Segment
        from cctv.retention import guards

        first = clock.floor_hour(clock.now()) - timedelta(hours=EPOCHS + 1)
        epochs = [self._epoch(first + timedelta(hours=number)) for number in range(EPOCHS)]
        step = timedelta(hours=EPOCHS) / size
        number = 0
        for names in self.write_tree(size):
            rows = []
            for name in names:
                rows.append(self._row(name, first + step * number, epochs[number * EPOCHS // size]))
                number += 1
            _insert(Segment, rows)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")  # what autovacuum does while footage comes in
        guards.beat(clock.now())
        self.sync(size)

    def purge(self, size: int) -> tuple[float, float]:
        """Seconds of the whole run, and until no key opened anything any more."""
        from cctv.footage.models import Segment
        from cctv.retention import purge
        from cctv.retention.models import PurgeRun, RunState, Trigger
        from cctv.vault import steps

        moments: dict[str, float] = {}

        def note(step: str) -> None:
            moments[step] = time.perf_counter()

        steps.listen(note)
        started = time.perf_counter()
        purge.purge_due(trigger=Trigger.MANUAL)
        taken = time.perf_counter() - started
        run = PurgeRun.objects.latest("planned_at")
        if run.state != RunState.DONE or run.destroyed_segments != size or Segment.objects.exists():
            raise SystemExit(f"the purge did not do its work: {run.state} {run.error} {run.pause_facts}")
        PurgeRun.objects.update(destroyed_segments=0)  # the next round has no history to be compared with
        return taken, moments["purge.ratcheted"] - started

    def _epoch(self, hour: datetime) -> Any:
        from cctv.core import clock
        from cctv.vault import services as vault

        real = clock.now
        clock.now = lambda: hour
        try:
            return vault.ensure_epoch(self.camera.site_id, hour)
        finally:
            clock.now = real

    def _row(self, name: str, expires: datetime, epoch: Any) -> Any:
        from cctv.footage.models import Segment

        ends = expires - DAYS
        digest = sha256(name.encode()).digest()
        return Segment(
            camera=self.camera, epoch=epoch, starts_at=ends - timedelta(seconds=10), ends_at=ends,
            expires_at=expires, container="mp4", codec="h264", width=320, height=240, frames=100,
            size_bytes=FILE_BYTES, index_size_bytes=FILE_BYTES, thumb_size_bytes=FILE_BYTES,
            sealed_name=name, wrapped_key=digest + bytes(8), ciphertext_sha256=digest,
            duplicate_tag=digest, ingested_at=ends,
        )  # fmt: skip


def _insert(model: Any, rows: list[Any]) -> None:
    """Many rows, by the database's own quickest way."""
    from django.db import connection

    if connection.vendor != "postgresql":
        model.objects.bulk_create(rows, batch_size=1000)
        return
    columns = [field.attname for field in model._meta.concrete_fields]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({','.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([getattr(row, column) for column in columns])


def _environment(database: str) -> dict[str, str]:
    if database == "sqlite":
        return {}
    from tests.servers import postgres

    server = postgres.lasting()
    return {"LETHE_DATABASE_URL": server.url("bench_main"), "LETHE_LOG_DATABASE_URL": server.url("bench_log")}


def _camera() -> Any:
    from cctv.core import clock
    from cctv.sites.models import Camera, Organisation, Site, Zone

    organisation = Organisation.objects.create(name="Bench")
    site = Site.objects.create(
        organisation=organisation, code="hub", name="Hub", time_zone="UTC", jurisdiction="EU",
        storage_place="x",
    )  # fmt: skip
    zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
    return Camera.objects.create(
        site=site, zone=zone, code="gate", name="Gate", location="gate", legal_basis="art6f",
        scope_text="the gate", created_at=clock.now(),
    )  # fmt: skip

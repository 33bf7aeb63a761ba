"""A register full of segments for the timeline's benchmark: rows without files, laid by the database."""

from datetime import datetime, timedelta
from typing import Any

CAMERAS_A_SITE = 16
# So many of the first site's have all of a month held.
CAMERAS_HELD = 4
DAYS_KEPT = 34
# As the columns of a real row are filled; what is looked for is not in them, but they are read over.
FIXED = {
    "container": "mp4", "codec": "h264", "stream_id": "0123456789abcdef", "width": 1920, "height": 1080,
    "frames": 4500, "size_bytes": 75_000_000, "index_size_bytes": 54_000, "thumb_size_bytes": 9_000,
    "source_audio": "", "ingested_from": "watch",
}  # fmt: skip
HOURS = [[day, "07:00", "19:00"] for day in range(5)]


def make(cameras: int, seconds: int, count: int, *, end: datetime) -> list[Any]:
    """Sites of sixteen cameras, each with `count` segments of `seconds` up to `end`; the sites."""
    from django.db import connection

    sites = _sites(cameras, end)
    fill = _lite if connection.vendor == "sqlite" else _postgres
    fill(seconds, count, end)
    _hold(sites[0], end)
    return sites


def _sites(cameras: int, end: datetime) -> list[Any]:
    from cctv.sites.models import Camera, Organisation, RetentionRule, Site, Zone

    organisation = Organisation.objects.create(name="Bench")
    RetentionRule.objects.create(
        organisation=organisation, days=DAYS_KEPT, effective_from=end - timedelta(days=999)
    )
    sites, rows = [], []
    for first in range(0, cameras, CAMERAS_A_SITE):
        site = Site.objects.create(
            organisation=organisation, code=f"site-{first}", name=f"Site {first}", time_zone="Europe/Berlin",
            jurisdiction="EU", storage_place="x",
        )  # fmt: skip
        zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
        sites.append(site)
        for number in range(first, min(first + CAMERAS_A_SITE, cameras)):
            rows.append(
                Camera(
                    site=site,
                    zone=zone,
                    code=f"camera-{number}",
                    name=f"Camera {number:04}",
                    location="gate",
                    legal_basis="art6f",
                    scope_text="the gate",
                    created_at=end - timedelta(days=400),
                    schedule=HOURS if number % 4 == 0 else [],
                )
            )
    Camera.objects.bulk_create(rows)
    return sites


def _hold(site: Any, end: datetime) -> None:
    """A hold over all that four of a site's cameras recorded in a month, laid by the database."""
    from django.db import connection

    from cctv.people.models import Account
    from cctv.retention.holds.models import Hold

    placer = Account.objects.create_user("holds@example.org", "pw", name="Holds", employer="Bench")
    hold = Hold.objects.create(
        number="H-1", year=end.year, sequence=1, site=site, case="1", ground="incident", state="active",
        starts_at=end - timedelta(days=31), ends_at=end, until=end + timedelta(days=90), key_id="bench",
        placed_by=placer,
    )  # fmt: skip
    hold.cameras.set(site.cameras.order_by("code")[:CAMERAS_HELD])
    adapt = connection.ops.adapt_datetimefield_value
    lite = connection.vendor == "sqlite"
    given = {
        "hold": hold.pk.hex if lite else hold.pk, "now": adapt(end), "from": adapt(hold.starts_at),
        "key": b"0" * 40,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cctv_heldobject (hold_id, segment_id, wrapped_key, held_at)"
            " SELECT %(hold)s, s.id, %(key)s, %(now)s FROM cctv_segment s"
            " JOIN cctv_hold_cameras c ON c.camera_id = s.camera_id AND c.hold_id = %(hold)s"
            " WHERE s.ends_at > %(from)s",
            given,
        )
        cursor.execute("ANALYZE" if lite else "VACUUM (ANALYZE) cctv_heldobject")


def _epoch() -> Any:
    from cctv.sites.models import Site
    from cctv.vault.models import Epoch

    return Epoch.objects.create(
        site=Site.objects.all()[0], expires_hour=datetime.fromisoformat("2020-01-01T00:00Z"), key_id="bench"
    )


def _columns() -> tuple[str, str]:
    values = ", ".join(repr(value) for value in FIXED.values())
    return ", ".join(FIXED), values


def _postgres(seconds: int, count: int, end: datetime) -> None:
    """In the order of time, as it comes in; the last day after the table was vacuumed, as in service.

    Indexes that no timeline asks are left away: nothing but the filling would take longer with them.
    """
    from django.db import connection

    names, values = _columns()
    statement = f"""
        INSERT INTO cctv_segment (id, camera_id, epoch_id, starts_at, ends_at, expires_at, parts, motion,
            sealed_name, wrapped_key, ciphertext_sha256, ingest_leaf, duplicate_tag, audio_kept,
            out_of_schedule, ingested_at, {names})
        SELECT gen_random_uuid(), c.id, %(epoch)s, at, at + %(length)s - interval '40 ms',
            at + %(length)s + %(kept)s, decode(repeat('00', 200), 'hex'), decode(repeat('00', 100), 'hex'),
            md5(random()::text), decode(repeat('00', 40), 'hex'), decode(repeat('00', 32), 'hex'),
            decode(repeat('00', 32), 'hex'), decode(md5(random()::text), 'hex'), false,
            c.number %% 4 = 0 AND (extract(hour FROM at) NOT BETWEEN 7 AND 18), at, {values}
        FROM generate_series(%(last)s, %(first)s, -1) AS n,
            LATERAL (SELECT %(end)s - n * %(length)s AS at) AS t,
            (SELECT id, row_number() OVER (ORDER BY code) AS number FROM cctv_camera) AS c
        WHERE (n * 7919 + c.number * 104729) %% 211 <> 0
    """  # noqa: S608
    kept = {"segment_timeline", "segment_expiry", "segment_by_hour"}
    a_day = min(count, 86_400 // seconds)
    given = {
        "epoch": _epoch().pk, "length": timedelta(seconds=seconds), "end": end,
        "kept": timedelta(days=DAYS_KEPT),
    }  # fmt: skip
    with connection.cursor() as cursor:
        _bare(cursor, kept)
        cursor.execute(statement, given | {"last": count, "first": a_day + 1})
        cursor.execute("VACUUM (ANALYZE) cctv_segment")
        cursor.execute(statement, given | {"last": a_day, "first": 1})
        cursor.execute("CHECKPOINT")


def _bare(cursor: Any, kept: set[str]) -> None:
    """Take away constraints (whose indexes go with them) and indexes, but the named ones."""
    cursor.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE (conrelid = 'cctv_segment'::regclass OR confrelid = 'cctv_segment'::regclass)"
        " AND contype IN ('p', 'u', 'f') ORDER BY contype = 'p'"
    )
    for table, name in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
    cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'cctv_segment'")
    for (name,) in cursor.fetchall():
        if name not in kept:
            cursor.execute(f'DROP INDEX "{name}"')


def _lite(seconds: int, count: int, end: datetime) -> None:
    """The same rows, as SQLite writes moments."""
    from django.db import connection

    names, values = _columns()
    at = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', %(end)s - n * %(length)s, 'unixepoch') || '000'"
    until = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', %(end)s - (n - 1) * %(length)s{}, 'unixepoch') || '000'"
    hour = "CAST(strftime('%%H', %(end)s - n * %(length)s, 'unixepoch') AS INTEGER)"
    statement = f"""
        WITH RECURSIVE steps(n) AS (SELECT %(count)s UNION ALL SELECT n - 1 FROM steps WHERE n > 1),
            c AS (SELECT id, row_number() OVER (ORDER BY code) AS number FROM cctv_camera)
        INSERT INTO cctv_segment (id, camera_id, epoch_id, starts_at, ends_at, expires_at, parts, motion,
            sealed_name, wrapped_key, ciphertext_sha256, ingest_leaf, duplicate_tag, audio_kept,
            out_of_schedule, ingested_at, {names})
        SELECT lower(hex(randomblob(16))), c.id, %(epoch)s, {at}, {until.format(" - 0.04")},
            {until.format(" + %(kept)s")}, zeroblob(200), zeroblob(100), lower(hex(randomblob(16))),
            zeroblob(40), zeroblob(32), zeroblob(32), randomblob(32), 0,
            c.number %% 4 = 0 AND {hour} NOT BETWEEN 7 AND 18, {at}, {values}
        FROM steps CROSS JOIN c WHERE (n * 7919 + c.number * 104729) %% 211 <> 0
    """  # noqa: S608
    epoch = _epoch().pk
    given = {
        "epoch": epoch.hex if hasattr(epoch, "hex") else epoch, "length": seconds, "count": count,
        "end": int(end.timestamp()), "kept": DAYS_KEPT * 86_400,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'cctv_segment' AND type = 'index'")
        for (name,) in cursor.fetchall():
            if (
                name not in {"segment_timeline", "segment_expiry", "segment_by_hour"}
                and "autoindex" not in name
            ):
                cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(statement, given)
        cursor.execute("ANALYZE")

"""The upload interface: tokens, checksums, what each answer means, and what is kept."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import resolve

from cctv.core import clock
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest import api, openapi, recorders
from cctv.ingest.models import Quarantined
from cctv.vault.errors import StorageFull
from tests.media.clips import clip

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


@pytest.fixture
def put(office, recorder):
    """`put(data, **headers)` uploads for the gate camera with its recorder's token."""
    _row, token = recorder

    def send(data: bytes, *, camera="gate", start=None, token=token, **headers):
        moment = start or clock.rfc3339(office.began())
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return Client().put(
            f"/api/v1/cameras/{camera}/segments/{moment}",
            data=data,
            content_type="video/mp4",
            headers=headers,
        )

    return send


def code_of(response) -> str:
    body = response.json()["error"]
    assert body["message"]
    assert body["hint"]
    return body["code"]


def test_a_segment_is_created_once_and_found_again(put, office, variant):
    start = clock.rfc3339(office.began())
    first, again = put(variant(), start=start), put(variant(), start=start)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] == str(Segment.objects.get().pk)
    assert first.json()["starts_at"] == start
    assert Segment.objects.get().ingested_from == "upload"


def test_every_field_of_the_answer_is_in_the_document(put, variant):
    schema = openapi.document("https://x")["components"]["schemas"]["Segment"]
    assert set(put(variant()).json()) == set(schema["required"])


def test_what_was_erased_on_request_is_answered_as_the_document_says(put, office, variant):
    start = office.began()
    ErasedSpan.objects.create(
        camera=office.gate, starts_at=start, ends_at=start, until=start + timedelta(days=9)
    )
    answer = put(variant(), start=clock.rfc3339(start))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "erased"})
    schema = openapi.document("https://x")["components"]["schemas"]["Erased"]
    assert set(answer.json()) == set(schema["required"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-14T10:02:00Z", datetime(2026, 11, 14, 10, 2, tzinfo=UTC)),
        ("2026-11-14T10:02:00.25Z", datetime(2026, 11, 14, 10, 2, 0, 250_000, tzinfo=UTC)),
        ("20261114T100200Z", datetime(2026, 11, 14, 10, 2, tzinfo=UTC)),
        ("20261114T100200.123456789Z", datetime(2026, 11, 14, 10, 2, 0, 123_456, tzinfo=UTC)),
        ("2026-11-14T10:02:00+00:00", datetime(2026, 11, 14, 10, 2, tzinfo=UTC)),
    ],
)
def test_the_start_is_utc_in_basic_or_extended_form(text, expected):
    assert api.parse_start(text) == expected


@pytest.mark.parametrize(
    "start",
    [
        "yesterday",
        "2026-11-14",
        "2026-11-14T10:02:00",
        "2026-11-14T10:02:00+09:00",
        "2026-13-14T10:02:00Z",
        "2026-1114T100200Z",
    ],
)
def test_any_other_start_is_refused(put, variant, start):
    response = put(variant(), start=start)
    assert (response.status_code, code_of(response)) == (400, "bad_start")


def test_a_missing_and_a_wrong_token(put, variant):
    for token in ("", "lethe-rec-wrong"):
        response = put(variant(), token=token)
        assert (response.status_code, code_of(response)) == (401, "recorder_token")
        assert response["WWW-Authenticate"].startswith("Bearer")
    assert not Segment.objects.exists()


def test_a_revoked_token(put, office, recorder, variant):
    recorders.revoke_recorder(actor=office.admin, terminal="", recorder=recorder[0])
    response = put(variant())
    assert (response.status_code, code_of(response)) == (403, "recorder_revoked")


def test_invariant_8_another_camera_and_no_camera_look_alike(put, variant):
    answers = [put(variant(), camera=camera) for camera in ("yard", "no-such-camera")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert code_of(answers[0]) == "unknown_camera"


def test_the_token_is_kept_as_a_hash_only(recorder):
    row, token = recorder
    row.refresh_from_db()
    assert bytes(row.token_sha256) == hashlib.sha256(token.encode()).digest()
    assert token not in json.dumps({name: str(value) for name, value in vars(row).items()})


def test_right_checksums_pass_and_wrong_ones_keep_nothing(put, office, variant):
    data = variant()
    digest = hashlib.sha256(data).digest()
    plain, structured = digest.hex(), f"sha-256=:{base64.b64encode(digest).decode()}:"
    for headers in (
        {"X-Checksum-SHA256": "00" * 32},
        {"Repr-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"},
    ):
        response = put(data, **headers)
        assert (response.status_code, code_of(response)) == (422, "wrong_checksum")
        assert not office.objects()
        assert not Quarantined.objects.exists()
    start = clock.rfc3339(office.began())
    assert put(data, start=start, **{"X-Checksum-SHA256": plain}).status_code == 201
    assert put(data, start=start, **{"Repr-Digest": f"md5=:AA==:, {structured}"}).status_code == 200


@pytest.mark.parametrize("value", ["xyz", "00", "sha"])
def test_a_checksum_that_cannot_be_read_is_refused(put, variant, value):
    assert code_of(put(variant(), **{"X-Checksum-SHA256": value})) == "bad_checksum_header"
    assert code_of(put(variant(), **{"Repr-Digest": f"sha-256={value}"})) == "bad_checksum_header"


def test_other_footage_of_the_same_time_is_409_and_quarantined(put, office, variant):
    start = clock.rfc3339(office.began())
    put(variant(0, seconds=8), start=start)
    response = put(variant(1, seconds=8), start=start)
    assert (response.status_code, code_of(response)) == (409, "overlap")
    assert response.json()["error"]["quarantined"] == str(Quarantined.objects.get().pk)


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"garbage" * 99, "not_video"), (clip(seconds=4, container="faststart")[:9000], "truncated")],
)
def test_bad_media_is_422_with_its_reason(put, data, code):
    response = put(data)
    assert (response.status_code, code_of(response)) == (422, code)
    assert Quarantined.objects.get().reason_code == code


def test_without_a_length_and_without_chunks_it_is_411(put, office):
    response = put(b"")
    assert (response.status_code, code_of(response)) == (411, "length_required")
    assert not office.objects()


def test_a_future_start_is_422(put, variant):
    response = put(variant(), start=clock.rfc3339(clock.now() + timedelta(hours=1)))
    assert (response.status_code, code_of(response)) == (422, "future_start")


def test_too_large_is_413_and_nothing_is_kept(put, office, variant, settings):
    settings.LETHE_UPLOAD_MAX_BYTES = 5000
    response = put(variant())
    assert (response.status_code, code_of(response)) == (413, "too_large")
    assert not office.objects()


def test_other_methods_are_405(office):
    response = Client().get("/api/v1/cameras/gate/segments/20261114T100200Z")
    assert (response.status_code, code_of(response)) == (405, "method_not_allowed")


def test_trouble_of_the_storage_is_503_with_a_time_to_try_again(put, office, variant, monkeypatch):
    (office.home / "footage" / "lethe-storage.json").rename(office.home / "away")
    response = put(variant())
    assert (response.status_code, code_of(response)) == (503, "storage_mismatch")
    assert int(response["Retry-After"]) > 0

    def full(*args):
        raise StorageFull

    monkeypatch.setattr(api, "take_in", full)
    assert put(variant()).status_code == 503


def test_the_log_is_down_so_a_quarantine_is_503(put, monkeypatch):
    from accesslog.errors import LogUnavailable
    from cctv.ingest import quarantine

    def refuse(**values):
        raise LogUnavailable

    monkeypatch.setattr(quarantine, "append", refuse)
    response = put(b"garbage")
    assert (response.status_code, code_of(response)) == (503, "log.unavailable")
    assert not Quarantined.objects.exists()


def test_the_document_describes_exactly_the_routes_that_exist(client):
    document = client.get(openapi.DOCUMENT_PATH).json()
    assert document["openapi"].startswith("3.1")
    from cctv.ingest.urls import urlpatterns

    routes = {f"/{pattern.pattern}" for pattern in urlpatterns if str(pattern.pattern).startswith("api/")}
    described = {
        path.replace("{code}", "<str:code>").replace("{start}", "<str:start>") for path in document["paths"]
    }
    assert described == routes
    assert resolve("/api/v1/cameras/gate/segments/20261114T100200Z").func == api.segment
    assert set(document["paths"][openapi.UPLOAD_PATH]["put"]["responses"]) >= {
        "200", "201", "400", "401", "403", "404", "405", "409", "411", "413", "422", "503"
    }  # fmt: skip

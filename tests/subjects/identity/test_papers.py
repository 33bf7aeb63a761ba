"""Pictures of documents: painted anew, sealed, bounded, and taken only where they are waited for."""

import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cctv.subjects.identity import arriving, papers, pictures
from cctv.subjects.identity.errors import (
    CutOff,
    NotAPicture,
    NotWaiting,
    ScanDown,
    ScanRefused,
    TooLarge,
    TooManyPictures,
)
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.vault import records
from tests.subjects.identity.showing import MAKER, Shower, photo

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]
ZIP = b"PK\x03\x04evil" * 50
SCRIPT = b"<script>alert(1)</script>"


def looked(data: bytes) -> Image.Image:
    """What is kept of it."""
    kept = Image.open(BytesIO(papers.examine([data])))
    kept.load()
    return kept


# ------------------------------------------------------------------ what is kept of a picture


def test_a_picture_is_kept_as_its_points_and_nothing_else() -> None:
    sent = photo(exif=True, comment=SCRIPT) + ZIP
    assert MAKER in sent
    kept = papers.examine([sent])
    assert kept.startswith(b"\xff\xd8\xff")
    for gone in (MAKER, SCRIPT, ZIP[:8], b"Exif", b"ICC"):
        assert gone not in kept
    assert looked(sent).size == (200, 320), "it is turned the way it was held"


def test_a_file_that_is_two_at_once_is_one_afterwards() -> None:
    page = b"<html>" + SCRIPT + b"</html>"
    for sent in (photo() + page, photo(comment=page), photo(form="PNG") + ZIP):
        kept = papers.examine([sent])
        assert not [each for each in (SCRIPT, ZIP[:8], b"<html>") if each in kept]
    for sent in (page + photo(), ZIP + photo(), b"GIF89a" + photo(), b"%PDF-1.7" + photo(form="PNG")):
        with pytest.raises(NotAPicture):
            papers.examine([sent])


def test_every_kind_of_picture_that_telephones_and_scanners_make_is_taken() -> None:
    assert looked(photo((5200, 3900))).size == (2600, 1950), "no larger than reading needs"
    assert looked(photo(form="PNG")).mode == "RGB"
    for mode, point in (("L", 200), ("CMYK", (0, 0, 0, 0)), ("P", 0), ("1", 1)):
        form, out = ("JPEG" if mode == "CMYK" else "PNG"), BytesIO()
        Image.new(mode, (60, 40), point).save(out, form)
        assert looked(out.getvalue()).size == (60, 40), mode
    out = BytesIO()
    Image.new("I;16", (60, 40), 51_200).save(out, "PNG")
    assert abs(looked(out.getvalue()).getpixel((5, 5))[0] - 200) < 3  # type: ignore[index]
    out = BytesIO()
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save(out, "PNG")
    assert looked(out.getvalue()).getpixel((5, 5)) == (255, 255, 255), "what is not painted is paper"
    out = BytesIO()
    Image.new("RGB", (60, 40)).save(out, "JPEG", progressive=True)
    assert looked(out.getvalue()).size == (60, 40)


@pytest.mark.parametrize("sent", [
    b"", b"\xff\xd8\xff", b"\xff\xd8\xff" + b"\0" * 5000, photo()[:2000], photo(form="PNG")[:-300], SCRIPT,
    b"\x89PNG\r\n\x1a\n" + b"\0" * 90, b"GIF89a" + b"\0" * 90, b"RIFF\0\0\0\0WEBPVP8 ",
], ids=lambda sent: f"{len(sent)} bytes")  # fmt: skip
def test_what_is_no_whole_picture_is_not_taken(sent: bytes) -> None:
    with pytest.raises(NotAPicture):
        papers.examine([sent])


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def bomb(wide: int, high: int) -> bytes:
        head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
        body = zlib.compress(b"\0" * 10_000_000)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")

    decoded: list[Any] = []
    monkeypatch.setattr(Image.Image, "load", lambda *_given: decoded.append(1))
    for size in ((7000, 6000), (60_000, 60_000)):
        with pytest.raises(TooLarge):
            papers.examine([bomb(*size)])
    assert not decoded


def test_many_passes_over_one_picture_cost_as_much_as_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = photo(progressive=True)
    start = sent.index(b"\xff\xda")
    end = min(sent.index(marker, start + 2) for marker in (b"\xff\xda", b"\xff\xc4"))
    again = sent[:start] + sent[start:end] * 100 + sent[end:]
    with pytest.raises(NotAPicture):
        papers.examine([again])
    monkeypatch.setattr(pictures, "MOST_PASSES", 1000)
    assert papers.examine([again]), "it is one that decoders take"


def test_two_gigabytes_are_refused_early_and_in_little_memory(shower: Shower) -> None:
    given = 0

    def stream() -> Iterator[bytes]:
        nonlocal given
        yield photo()
        while given < 2 << 30:
            given += 1 << 20
            yield b"\0" * (1 << 20)

    check = shower.ask()
    with pytest.raises(TooLarge):
        papers.take(check, "document", stream(), terminal="")
    assert given <= papers.MOST_BYTES
    with pytest.raises(TooLarge):
        papers.examine([b"\xff\xd8\xff" + b"\0" * papers.MOST_BYTES])
    assert not IdentityPaper.objects.exists()
    assert not records.labelled(papers.LABEL)


def test_only_so_many_are_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WAIT_S", 0.01)
    with pictures._place(), pytest.raises(ScanDown):
        papers.examine([photo()])
    assert papers.examine([photo()])


def test_pictures_that_arrive_slowly_leave_places_for_others_and_do_not_stay() -> None:
    """Each of them asks for the next while it is read itself."""
    answers: list[str] = []
    left = list(range(arriving.PER_NETWORK + 2))

    def arrive(terminal: str) -> None:
        def chunks() -> Iterator[bytes]:
            if left:
                left.pop()
                arrive(terminal)
            yield photo()

        try:
            papers.examine(chunks(), terminal=terminal)
            answers.append("taken")
        except ScanDown:
            answers.append("come again")
            # Somebody else's still comes in.
            assert papers.examine([photo()], terminal="198.51.100.9")

    arrive("192.0.2.4")
    assert answers.count("taken") == arriving.PER_NETWORK
    assert answers.count("come again") == 1
    assert not arriving._taken


def test_there_are_fewer_places_than_threads_and_none_is_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    assert arriving.PLACES * 2 <= settings.LETHE_WEB_THREADS
    with ExitStack() as held:
        for number in range(arriving.PLACES):
            held.enter_context(arriving.place(f"192.0.2.{number}"))
        with pytest.raises(ScanDown):
            papers.examine([photo()], terminal="198.51.100.9")
    monkeypatch.setattr(arriving, "WITHIN_S", -1.0)
    with pytest.raises(CutOff):
        papers.examine([photo()])
    assert not arriving._taken


# ------------------------------------------------------------------ the scanner


def scanner(tmp_path: Path, settings: Any, code: str) -> Path:
    """A scanner that keeps what it reads, and then does this."""
    seen = tmp_path / "seen"
    program = f"import sys\nopen({str(seen)!r}, 'wb').write(sys.stdin.buffer.read())\n{code}"
    (tmp_path / "scan.py").write_text(program)
    settings.LETHE_SCAN_COMMAND = f"{sys.executable} {tmp_path / 'scan.py'} -"
    return seen


def test_the_scanner_reads_what_was_sent_and_its_verdict_counts(
    shower: Shower, settings: Any, tmp_path: Path
) -> None:
    check, sent = shower.ask(), photo(exif=True) + ZIP
    assert shower.take(check, data=sent).scan == ""
    seen = scanner(tmp_path, settings, "")
    assert shower.take(check, data=sent).scan == "clean"
    assert seen.read_bytes() == sent, "the very bytes, by its input"
    scanner(tmp_path, settings, "sys.exit(1)")
    with pytest.raises(ScanRefused):
        shower.take(check)
    assert check.papers.count() == 1


@pytest.mark.parametrize("code", ["sys.exit(2)", "import os, signal; os.kill(os.getpid(), 9)",
                                  "import time; time.sleep(60)"])  # fmt: skip
def test_without_the_scanners_answer_nothing_is_taken(
    shower: Shower, settings: Any, tmp_path: Path, code: str
) -> None:
    check = shower.ask()
    scanner(tmp_path, settings, code)
    settings.LETHE_SCAN_SECONDS = 1
    with pytest.raises(ScanDown) as refused:
        shower.take(check)
    assert refused.value.status == 503
    assert not IdentityPaper.objects.exists()


def test_a_scanner_that_is_not_there_takes_nothing_and_learns_no_secret(
    shower: Shower, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LETHE_SCAN_COMMAND = "/nowhere/clamdscan -"
    with pytest.raises(ScanDown):
        shower.take(shower.ask())
    monkeypatch.setenv("LETHE_SECRET_KEY", "hush")
    scanner(tmp_path, settings, "import os; sys.exit('LETHE_SECRET_KEY' in os.environ)")
    assert papers.examine([photo()])


# ------------------------------------------------------------------ what is stored


def test_invariant_2_a_picture_is_sealed_and_nowhere_in_clear(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: Any, **_named: Any) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr("tempfile._TemporaryFileWrapper", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    row = shower.take(shower.ask())
    home = shower.bureau.counter.court.yard.home
    clear = papers.examine([photo()])
    assert (row.media_type, row.size_bytes) == ("image/jpeg", len(clear))
    assert row.sealed_name in shower.bureau.counter.court.yard.objects()
    for path in home.rglob("*"):
        if path.is_file():
            assert clear[100:160] not in path.read_bytes(), path


def test_a_second_picture_of_the_same_paper_takes_the_place_of_the_first(shower: Shower) -> None:
    check = shower.ask()
    first = shower.take(check)
    second = shower.take(check)
    assert [each.pk for each in check.papers.all()] == [second.pk]
    objects = shower.bureau.counter.court.yard.objects()
    assert first.sealed_name not in objects
    papers.remove(second)
    assert second.sealed_name not in shower.bureau.counter.court.yard.objects()
    assert not check.papers.exists()


def test_papers_are_taken_only_where_they_are_waited_for(shower: Shower) -> None:
    check = shower.ask()
    with pytest.raises(NotWaiting):
        shower.take(check, "mandate")
    for state in (CheckState.SHOWN, CheckState.REFUSED, CheckState.EXPIRED):
        IdentityCheck.objects.update(state=state)
        with pytest.raises(NotWaiting):
            shower.take(check)
    IdentityCheck.objects.update(state=CheckState.ASKED)
    paper = shower.take(check)
    for over in (RequestState.WITHDRAWN, RequestState.OPEN, RequestState.DECIDED):
        SubjectRequest.objects.update(state=over)
        with pytest.raises(NotWaiting):
            shower.take(IdentityCheck.objects.get())
    IdentityCheck.objects.update(state=CheckState.SHOWN)
    with pytest.raises(NotWaiting):
        papers.remove(paper)


def test_a_verdict_while_a_picture_comes_in_gets_no_picture_and_no_new_key(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = shower.ask()
    clean = pictures.clean

    def meanwhile(data: bytes) -> bytes:
        IdentityCheck.objects.update(state=CheckState.EXPIRED)
        return clean(data)

    monkeypatch.setattr(pictures, "clean", meanwhile)
    before = set(shower.bureau.counter.court.yard.objects())
    with pytest.raises(NotWaiting):
        shower.take(check)
    assert set(shower.bureau.counter.court.yard.objects()) == before
    assert not records.labelled(papers.LABEL)
    assert not IdentityPaper.objects.exists()


def test_nobody_fills_the_store_with_pictures(shower: Shower, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "AN_HOUR", 2)
    check = shower.ask()
    shower.take(check)
    shower.take(check)
    with pytest.raises(TooManyPictures):
        shower.take(check)

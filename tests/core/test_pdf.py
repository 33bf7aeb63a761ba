"""Documents: every letter of three languages, lines that break where they may, the same bytes each time."""

import re
from datetime import UTC, datetime

import pytest

from cctv.core.pdf import Column, Document, faces
from tests.core import pdftext

NOON = datetime(2026, 11, 14, 12, tzinfo=UTC)


def document(language: str = "ko", foot: str = "DC-2026-0001") -> Document:
    return Document(language=language, title="Title", author="Saebyeok", made_at=NOON, foot=foot)


def test_every_hangul_syllable_and_every_kanji_of_jis_x_0208_can_be_drawn() -> None:
    kanji = [
        bytes((lead, trail)).decode("euc_jp", "ignore")
        for lead in range(0xB0, 0xF5)
        for trail in range(0xA1, 0xFF)
    ]
    assert {ord(letter) for letter in kanji if letter} <= faces.letters(faces.JAPANESE)
    assert set(range(0xAC00, 0xD7A4)) <= faces.letters(faces.KOREAN)
    for face in faces.FILES:
        assert set(map(ord, "Aé–—“”’…→·0①ぁアー。、「」")) - {0x2460} <= faces.letters(face)


def test_three_languages_on_one_page_can_be_read_back() -> None:
    made = document()
    spoken = ["파기 확인서 뷁", "廃棄証明書、直骨海", "Certificate of destruction"]
    made.heading(spoken[0])
    made.text(spoken[1])
    made.facts([("Name", spoken[2])])
    shown = pdftext.text(made.to_bytes())
    assert all(words in shown for words in spoken)


def test_han_characters_are_drawn_as_the_text_s_own_language_writes_them() -> None:
    assert faces.face_of("直 です", faces.KOREAN) == faces.JAPANESE
    assert faces.face_of("直接 한글", faces.JAPANESE) == faces.KOREAN
    assert faces.face_of("直", faces.JAPANESE) == faces.JAPANESE


def test_the_same_calls_give_the_same_bytes() -> None:
    def make() -> bytes:
        made = document("ja")
        made.text("同じ事実")
        made.attach("facts.json", b"{}", mime_type="application/json", description="facts")
        with made.beside_qr("https://lethe.example/"):
            made.text("検証")
        return made.to_bytes()

    assert make() == make()


def test_language_and_attachment_stand_in_the_file() -> None:
    made = document("ja")
    made.attach("facts.json", b'{"a":1}', mime_type="application/json", description="facts")
    pdf = made.to_bytes()
    assert b"/Lang (ja)" in pdf
    assert pdftext.attachments(pdf) == {"facts.json": b'{"a":1}'}


def test_a_long_table_goes_on_with_its_head_and_every_page_has_its_number() -> None:
    made = document()
    made.table([Column("Camera", 0.5), Column("Size", 0.5, numeric=True)], [["gate", "1 MB"]] * 90)
    pages = pdftext.pages(made.to_bytes())
    assert len(pages) == 3
    for number, lines in enumerate(pages, 1):
        assert any("Camera" in line for line in lines)
        assert any(f"DC-2026-0001 {number} / 3" in line for line in lines)
    assert sum(line.count("1 MB") for lines in pages for line in lines) == 90


def test_a_row_taller_than_a_page_is_broken_not_lost() -> None:
    made = document()
    made.facts([("Text", "word " * 2000)])
    assert pdftext.text(made.to_bytes()).count("word") == 2000


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("映像は削除、されました。", ["映像は削除、さ", "れました。"]),
        ("abcdefghijkl", ["abcdefg", "hijkl"]),
        ("「映像映像」映像", ["「映像映像」映", "像"]),
        ("映像映像映「像」", ["映像映像映", "「像」"]),
        ("映像映像映像映、", ["映像映像映像", "映、"]),
        ("a\nb", ["a", "b"]),
        ("", [""]),
    ],
)
def test_lines_break_where_the_language_allows(text: str, lines: list[str]) -> None:
    assert faces.wrap(text, 7, len) == lines


def test_what_no_face_can_draw_is_marked_and_control_characters_go() -> None:
    assert faces.clean("a😀b\x00c\td") == "a〓bc d"
    assert faces.clean("\u1100\u1161") == "가", "decomposed Hangul, as some systems name files"


def test_a_word_of_thousands_of_letters_is_measured_a_few_times_for_each_line() -> None:
    measured = 0

    def width(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return len(text)

    lines = faces.wrap("x" * 3000, 40, width)
    assert lines == ["x" * 40] * 75
    assert measured < 300_000, "letters; the whole rest once for each line, and little more"


def test_no_text_is_taken_for_the_number_of_pages() -> None:
    made = document()
    made.text("endobj {pages} \ue000")
    shown = pdftext.text(made.to_bytes())
    assert "endobj {pages} 〓" in shown
    assert "DC-2026-0001 1 / 1" in shown


def test_words_at_both_margins_keep_clear_of_each_other() -> None:
    made, name = document("en"), "Maximiliana " * 20
    made.line(name, "Mon 30 Nov 2026", size=12)
    made.text(name, size=12)
    shown = [each.count("Maximiliana") for each in pdftext.pages(made.to_bytes())[0]]
    beside, alone = [each for each in shown if each], max(shown)
    assert sum(beside) == 40
    assert beside[0] < alone


def test_a_frame_that_does_not_fit_begins_a_page_of_its_own() -> None:
    made = document("en")
    for _line in range(30):
        made.text("line")
    with made.framed(height=60, dashed=True):
        made.text("Cut here.")
    pages = pdftext.pages(made.to_bytes())
    assert "Cut here." in pages[1]
    assert "Cut here." not in pages[0]


def test_what_is_kept_together_is_not_torn_apart() -> None:
    made = document("en")
    for _line in range(30):
        made.text("line")
    made.keep(80)
    made.text("end")
    assert "end" in pdftext.pages(made.to_bytes())[1]


def test_words_at_the_right_and_in_the_middle_stand_where_they_should() -> None:
    def left_of(align: str) -> float:
        made = document("en")
        made.text("word", align=align)
        content = next(
            pdftext._stream(body)
            for body in pdftext.objects(made.to_bytes()).values()
            if b"stream" in body and b"Tj" in pdftext._stream(body)
        )
        places = [float(found) for found in re.findall(rb"([\d.]+) [\d.]+ Td", content)]
        return places[0]

    assert left_of("") < left_of("center") < left_of("right")
    assert left_of("center") == pytest.approx((left_of("") + left_of("right")) / 2, abs=1)

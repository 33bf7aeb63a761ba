"""What goes with a copy on paper: the report, and the letters to its recipient."""

from dataclasses import replace
from hashlib import sha256
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from cctv.disclosure.exports.models import Export
from cctv.disclosure.packages import manifest, signing
from cctv.disclosure.packages.manifest import FileFacts
from cctv.disclosure.provisions import report
from cctv.disclosure.provisions.letters import limit_use_letter
from cctv.disclosure.provisions.report import code_of, report_pdf
from tests.core import pdftext
from tests.disclosure.provisions.papers_of import export_of, facts_of
from tests.people.cast import Cast

pytestmark = pytest.mark.django_db
KEY = signing.verifier_key("lethe.example/log", Ed25519PrivateKey.from_private_bytes(b"k" * 32))


def text(pdf: bytes) -> str:
    return " ".join(pdftext.text(pdf).split())


def jpeg(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 36), colour).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_the_report_says_who_what_why_and_what_is_missing(cast: Cast, language: str) -> None:
    export = export_of(cast, language=language)
    facts = facts_of(export, cast, vkey=KEY)
    said = text(report_pdf(export, facts))
    for known in (
        export.number, export.case.number, "Mapo police", "warrant 2026-118", "Kim Minji", "Park Jiho",
        "theft of pallets", "정문", "1.48", "0.04", "2.3", "72,000", "10:00:00",
        "10:30:00", "10:31:35", "2026-06-01T10-00-00.mp4", "2026-06-01T10-00-00",
    ):  # fmt: skip
        assert known.replace(" ", "") in said.replace(" ", ""), known
    hashes = "".join(said.split())
    for file in facts.files:
        assert (file.sha256 in hashes) is (file.kind == "clip")


def test_the_code_of_the_report_is_the_hash_of_the_manifest_without_its_own_line(cast: Cast) -> None:
    export = export_of(cast)
    pdf = report_pdf(export, facts_of(export, cast, vkey=KEY))
    code = code_of(facts_of(export, cast, vkey=KEY))
    assert report.grouped(code).replace(" ", "") in "".join(text(pdf).split())

    listed = facts_of(export, cast, vkey=KEY)
    own = FileFacts("report.pdf", "report", len(pdf), sha256(pdf).hexdigest())
    listed = replace(listed, files=[*listed.files, own])
    assert code_of(listed) == code
    whole = manifest.build(replace(listed, segments=[]))
    line = (
        b',{"camera":null,"facts":{},"from":null,"kind":"report","name":"report.pdf","sha256":"'
        + own.sha256.encode() + b'","size":' + str(own.size).encode() + b',"to":null}'
    )  # fmt: skip
    assert sha256(whole.replace(line, b"")).hexdigest() == code != sha256(whole).hexdigest()


def test_stills_stand_in_the_report_and_the_same_facts_give_the_same_bytes(cast: Cast) -> None:
    export = export_of(cast)
    stills = [(f"Gate 10:0{n}", jpeg(colour)) for n, colour in enumerate(("red", "green", "blue"))]
    with_stills, again = (report_pdf(export, facts_of(export, cast, vkey=KEY), stills) for _ in range(2))
    assert with_stills == again
    assert all(data in with_stills for _text, data in stills)
    assert "Gate 10:02" in text(with_stills)


def test_an_urgent_one_says_so_and_that_nobody_approved_it_yet(cast: Cast) -> None:
    export = export_of(cast)
    facts = facts_of(export, cast, vkey=KEY)
    people = replace(facts.people, approved_by=None)
    urgent = replace(facts, export=replace(facts.export, urgent=True), people=people)
    said = text(report_pdf(export, urgent))
    assert "urgent threat to life" in said
    assert "nobody yet" in said


def test_kr_18_5_the_recipient_is_asked_to_limit_the_use(cast: Cast) -> None:
    letter = limit_use_letter(export_of(cast))
    assert letter is not None
    said = text(letter)
    for known in ("E-2026-0001", "Mapo police", "theft of pallets", "warrant 2026-118", "10:00:00"):
        assert known.replace(" ", "") in said.replace(" ", ""), known


def test_no_letter_goes_to_the_person_filmed_or_where_the_law_does_not_ask_for_it(cast: Cast) -> None:
    assert limit_use_letter(export_of(cast, recipient_kind="subject")) is None
    assert limit_use_letter(export_of(cast, 2, recipient_kind="own")) is None
    elsewhere: Export = export_of(cast, 3, site=cast.osaka, camera=cast.mon)
    assert limit_use_letter(elsewhere) is None

"""Which files are taken as letters, told by what is in them. Imports no Django.

What they claim to be is not believed, and they are never shown in a page: they go back as they came, as
attachments.
"""

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

_HEAD = 4096
_HEADER = re.compile(rb"[!-9;-~]{1,76}:[ \t]?[^\r\n]*\r?\n")
_MAIL = (b"from:", b"date:", b"subject:", b"received:", b"message-id:", b"return-path:")
_ENCODINGS = ("utf-8-sig", "cp949", "cp932")


@dataclass(frozen=True, slots=True)
class PaperType:
    """A type of file: its endings, its media type, and what tells it."""

    endings: tuple[str, ...]
    media_type: str
    is_one: Callable[[bytes], bool]


def type_of(name: str, data: bytes) -> PaperType | None:
    """The type of a file with this name, if it is taken and holds what its name says; else None."""
    ending = name.rpartition(".")[2].lower()
    return next((each for each in TYPES if ending in each.endings and each.is_one(data)), None)


def _is_docx(data: bytes) -> bool:
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return {"[Content_Types].xml", "word/document.xml"} <= names


def _is_text(data: bytes) -> bool:
    """Text in an encoding that Korean and Japanese machines write; UTF-16 with its mark."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decodes(data, "utf-16")
    return b"\0" not in data and any(_decodes(data, each) for each in _ENCODINGS)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_mail(data: bytes) -> bool:
    head = data[:_HEAD]
    if b"\0" in head or not _HEADER.match(head):
        return False
    lines = [line.lower() for line in head.split(b"\n")]
    return sum(any(line.startswith(name) for line in lines) for name in _MAIL) >= 2


TYPES = (
    PaperType(("pdf",), "application/pdf", lambda data: b"%PDF-" in data[:1024]),
    PaperType(("jpg", "jpeg"), "image/jpeg", lambda data: data.startswith(b"\xff\xd8\xff")),
    PaperType(("png",), "image/png", lambda data: data.startswith(b"\x89PNG\r\n\x1a\n")),
    PaperType(("docx",), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _is_docx),
    PaperType(("eml",), "message/rfc822", _is_mail),
    PaperType(("txt",), "text/plain", _is_text),
)
ACCEPT = ",".join(f".{ending}" for each in TYPES for ending in each.endings)

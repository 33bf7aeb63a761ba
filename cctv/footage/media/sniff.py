"""Which container a file is, by its first bytes.

The demuxer is never left to guess: some formats that it knows are lists of other files to open.
"""

from __future__ import annotations

from cctv.footage.media.errors import MediaError, gettext_noop
from cctv.footage.media.ranges import Window

_ = gettext_noop
MP4_STARTS = (
    b"ftyp",
    b"styp",
    b"moov",
    b"moof",
    b"mdat",
    b"free",
    b"skip",
    b"wide",
    b"pnot",
    b"sidx",
    b"uuid",
)
CLOSED = (
    (b"DHAV", "Dahua DAV"),
    (b"IMKH", "Hikvision private"),
    (b"HKMI", "Hikvision private"),
    (b"HXVS", "HX video"),
    (b"FLV\x01", "FLV"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF/WMV"),
    (b"OggS", "Ogg"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
)
OTHERS = (
    (b"\xff\xd8\xff", _("it is a JPEG picture")),
    (b"\x89PNG", _("it is a PNG picture")),
    (b"GIF8", _("it is a GIF picture")),
    (b"%PDF", _("it is a PDF document")),
    (b"PK\x03\x04", _("it is a ZIP archive")),
    (b"#EXTM3U", _("it is a playlist")),
)
TS_PACKET = 188


def container_of(window: Window) -> str:
    """mp4, ts, mkv or avi; raises MediaError (`empty_file`, `not_video`, `unsupported_container`)."""
    if window.size == 0:
        raise MediaError("empty_file")
    head = window.at(0, min(window.size, 4 * TS_PACKET + 8))
    if head[4:8] in MP4_STARTS:
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "mkv"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if (
        head[0] == 0x47
        and len(head) > TS_PACKET
        and all(head[at] == 0x47 for at in range(0, len(head), TS_PACKET))
    ):
        return "ts"
    if head[4:5] == b"\x47" and len(head) > 196 and head[196] == 0x47:
        raise MediaError("unsupported_container", container="M2TS")
    for start, name in CLOSED:
        if head.startswith(start):
            raise MediaError("unsupported_container", container=name)
    for start, what in OTHERS:
        if head.startswith(start):
            raise MediaError("not_video", what=what)
    if not any(head):
        raise MediaError("not_video", what=_("it holds zeros only"))
    raise MediaError("not_video", what=_("its first bytes are of no video format"))

"""Files that people send with a form: in memory, bounded, never a file of their own on disk (invariant 2).

Django writes what is larger than a setting into a temporary file, in clear. Here the files of a request are
kept in memory, up to MOST_BYTES in all, and only of somebody who is signed in; what is more is dropped while
it comes in, and the form is told (`TOO_LARGE`).
"""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MOST_BYTES = 20 << 20
TOO_LARGE = "too_large"


class InMemory(FileUploadHandler):
    """Keeps each file of a form in memory; of one that is too large nothing but that it was."""

    _pieces: BytesIO
    _size = 0  # of all files of the request so far

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._pieces = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep it, unless it is too much or nobody's."""
        self._size += len(raw_data)
        if self._is_kept():
            self._pieces.write(raw_data)
        else:
            self._pieces = BytesIO()

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """What the form gets; `too_large` on it tells that it is empty for being too large."""
        kept = self._is_kept()
        self._pieces.seek(0)
        file = InMemoryUploadedFile(
            self._pieces, self.field_name, self.file_name or "", self.content_type or "",
            file_size if kept else 0, self.charset, self.content_type_extra,
        )  # fmt: skip
        setattr(file, TOO_LARGE, not kept)
        return file

    def _is_kept(self) -> bool:
        user = getattr(self.request, "user", None)
        return self._size <= MOST_BYTES and bool(getattr(user, "is_authenticated", False))

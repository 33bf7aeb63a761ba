"""What can go wrong while a package is put together."""

from typing import Any

from cctv.core.errors import LetheError


def gettext_noop(text: str) -> str:
    """Mark a text for translation; this package knows no Django."""
    return text


class SourceChanged(LetheError):
    """What was read is not what was planned; the part of a clip that was written is worth nothing."""

    code = "source_changed"
    status = 500
    message: Any = gettext_noop("A recording changed while it was copied.")
    hint: Any = gettext_noop("Run the storage check, then let the package be made again.")


class RecipeBroken(LetheError):
    """These bytes are no recipe, or not of this clip."""

    code = "recipe_broken"
    status = 422
    message: Any = gettext_noop("What makes a recorder's file of a clip again is damaged.")
    hint: Any = gettext_noop("Ask for the package again.")


class EntryChanged(LetheError):
    """A file of an archive is not as long as was said before: what was sent so far is worth nothing."""

    code = "entry_changed"
    status = 500
    message: Any = gettext_noop("A file of the package is not as long as its register says.")
    hint: Any = gettext_noop("Run the storage check, then let the package be made again.")

"""What can be wrong with the files that a score is asked of.

The texts are message ids: the package imports no Django, so whoever shows them translates them.
"""

from __future__ import annotations

from typing import Any

from cctv.core.errors import LetheError


def gettext_noop(text: str) -> str:
    """Mark a string for translation and return it unchanged."""
    return text


_ = gettext_noop

TEXTS: dict[str, tuple[str, str]] = {
    "unreadable_video": (
        _("%(file)s cannot be read as video: %(why)s."),
        _("Give a video file as any player would open it."),
    ),
    "no_pictures": (
        _("%(file)s holds no pictures."),
        _("Check that the file was written to its end."),
    ),
    "frames_differ": (
        _("The output has %(output)d pictures, the source %(source)d."),
        _(
            "A picture must stand for the same picture of the source; score an output that keeps all of "
            "them, each at its time. Only plain pictures may come besides, where nothing was recorded."
        ),
    ),
    "frames_late": (
        _("The output shows the source's pictures %(late)d pictures late."),
        _("Pictures would be measured against other people's places; cut the source to match the output."),
    ),
    "frames_disordered": (
        _(
            "The output shows the source's pictures in another order: its picture %(frame)d shows what the "
            "source shows in picture %(other)d."
        ),
        _("Score an output that shows every picture in its place: neither reversed, shuffled nor repeated."),
    ),
    "shapes_differ": (
        _("The output's pictures are %(output)s, the source's %(source)s: not the same shape."),
        _("Score an output that was neither cropped nor stretched."),
    ),
    "picture_moved": (
        _("The output's picture is moved by %(right)d, %(down)d pixels against the source's."),
        _("Score an output that was neither cropped nor moved."),
    ),
    "unreadable_truth": (
        _("%(file)s cannot be read as ground truth: %(why)s."),
        _("Give CVML (XML), a MOT challenge table (CSV) or Lethe's own JSON, as its README shows them."),
    ),
    "no_such_subject": (
        _("Nobody in the ground truth is called %(subject)s. It knows: %(known)s."),
        _("Give one of these with --subject."),
    ),
    "no_such_frames": (
        _("The pictures %(first)d to %(last)d were asked for, but the source has %(count)d."),
        _("Pictures are counted from 0, and both ends are meant."),
    ),
    "truth_shape": (
        _("The ground truth was drawn for pictures of %(truth)s, and the source's are %(source)s."),
        _("Give the truth of this clip; if the file does not say what its boxes are for, --truth-size does."),
    ),
    "truth_elsewhere": (
        _("No region of the ground truth lies in the pictures that are measured."),
        _("Check that it was made for this clip, and for pictures of this size."),
    ),
}  # fmt: skip


class ScoreError(LetheError):
    """`code` names a row of TEXTS, `params` fill it; `message` and `hint` are the English sentences."""

    def __init__(self, code: str, **params: Any) -> None:
        template, hint = TEXTS[code]
        self.template, self.params = template, params
        super().__init__(template % params, hint=hint, code=code)

"""What doubtful moments and decisions are called."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from cctv.redaction.tracks.doubts import Doubt

DECISIONS: dict[str, Promise] = {
    "subject": lazy("Who stays visible"),
    "role": lazy("Hidden or shown"),
    "box": lazy("A box corrected"),
    "split": lazy("A track split"),
    "merge": lazy("Two tracks joined"),
    "assign": lazy("A stretch given to another track"),
    "cover": lazy("A cover drawn"),
    "uncover": lazy("A cover removed"),
    "mask": lazy("A place covered throughout"),
    "unmask": lazy("A place uncovered"),
    "settle": lazy("A doubtful moment settled"),
    "mode": lazy("What will be seen"),
    "style": lazy("How covers look"),
    "subject_kind": lazy("What the subject is"),
    "sharp": lazy("The sharp scene asked for"),
    "coarse": lazy("The sharp scene taken back"),
}


def what_of(doubt: Doubt, *, manual: bool) -> str:
    """The question that a person answers at this moment."""
    if doubt.kind == "crossing":
        return _("Somebody crosses the subject. Is it still the right one?")
    if doubt.kind == "start":
        return _("The subject comes into view. Is it the right one?")
    if doubt.kind == "whole":
        return _("All of the picture is covered here.")
    if doubt.kind == "poor":
        return _("The picture is poor here. Is anybody uncovered?")
    if doubt.kind == "edge":
        return _("Somebody is half in the picture. Are they covered?")
    if doubt.kind == "motion":
        if manual:
            return _("Somebody or something is not covered here.")
        return _("Something moves that was not recognised. Is it covered?")
    if doubt.kind == "break":
        if doubt.tracks:
            return _("A track begins or ends here. Is anybody uncovered?")
        return _("The subject is lost here. Is it still there?")
    if doubt.tracks:
        return _("Hardly recognised. Does the cover fit?")
    return _("The subject is hardly recognised. Is it the right one?")


def why_of(doubt: Doubt) -> str:
    """Which tracks, and how long."""
    frames = doubt.last - doubt.first + 1
    length = ngettext("%(count)d frame", "%(count)d frames", frames) % {"count": frames}
    if doubt.kind == "whole":
        return _("The light changed, the camera moved or hardly anything can be made out, %(length)s") % {
            "length": length
        }
    if doubt.kind == "poor":
        return _("Dark, pale, blurred or noisy, %(length)s") % {"length": length}
    if not doubt.tracks:
        return length
    numbers = ", ".join(str(number) for number in doubt.tracks)
    told = {"tracks": numbers, "length": length}
    if len(doubt.tracks) == 1:
        return _("Track %(tracks)s, %(length)s") % told
    return _("Tracks %(tracks)s, %(length)s") % told


def decision(kind: str) -> str:
    """What a decision of this kind is called."""
    return str(DECISIONS.get(kind, kind))

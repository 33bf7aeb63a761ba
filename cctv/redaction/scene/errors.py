"""Why there is no sharp scene to use or to decide on."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class SceneUndecided(LetheError):
    """A sharp scene was asked for, and nobody has said yet whether it may be used."""

    code = "scene_undecided"
    status = 409
    message = _("Nobody has looked at the sharp scene yet, so the result cannot be rendered.")
    hint = _("Wait until a second person has, or take the sharp scene back: then the coarse one is used.")


class SceneNotShown(LetheError):
    """The scene is drawn only where nothing but the subject is shown."""

    code = "scene_not_shown"
    status = 409
    message = _("Only where nothing but the subject is shown a scene is put behind it.")
    hint = _("Choose “Only the subject” first.")


class NoStill(LetheError):
    """No still waits."""

    code = "no_still"
    status = 409
    message = _("There is no sharp scene to decide on.")
    hint = _("It was taken back, made anew or decided meanwhile. Open the redaction to see how it stands.")


class StillNotSeen(LetheError):
    """Whoever decides has not been sent it."""

    code = "still_not_seen"
    status = 409
    message = _("You have not been shown this picture.")
    hint = _("Load the page again, look at the picture, then decide.")


class TooFewPictures(LetheError):
    """A stretch of which too little can be relied on."""

    code = "scene_too_few_pictures"
    status = 409
    message = _("There are too few pictures to tell the scene from whoever stands in it.")
    hint = _("Take the sharp scene back: the coarse one is used then.")

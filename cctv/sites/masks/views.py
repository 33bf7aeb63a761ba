"""The page where a camera's privacy masks are drawn. Whoever draws them sees no footage, here neither."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.refusals import attempt
from cctv.people.stepup import require_step_up
from cctv.sites import selectors
from cctv.sites.masks import polygons, scopes, services
from cctv.sites.masks.forms import MasksForm
from cctv.sites.models import Camera

CANVAS_WIDTH = 1600
DEFAULT_SIZE = (16, 9)


@require_http_methods(["GET", "POST"])
@requires(services.CHANGE)
def camera_masks(request: Request, camera_code: str) -> HttpResponse:
    """Draw, change and remove the masks of a camera."""
    camera = selectors.camera_by_code(camera_code)
    if camera is None:
        raise NotFound
    request.permissions.require(services.CHANGE, site_id=camera.site_id)
    form = MasksForm(request.POST or None, initial={"seen": services.stamp(camera)})
    if "more" in request.POST:  # more number fields, where no script adds them
        return render(request, "cctv/sites/masks.html", _context(camera, form) | {"form": form.again()})
    if form.is_valid() and attempt(form, lambda: _set(request, camera, form)):
        return redirect("register-camera", camera.code)
    status = 400 if form.is_bound else 200
    return render(request, "cctv/sites/masks.html", _context(camera, form), status=status)


def _set(request: Request, camera: Camera, form: MasksForm) -> None:
    try:
        changed = _save(request, camera, form)
    except services.Uncovers:
        require_step_up(request)
        changed = _save(request, camera, form, accepts_uncovering=True)
    text = _(
        "The masks are on the register and in the log. Open viewings get them with the next seconds of video."
    )
    messages.success(
        request, text if changed else _("Nothing was changed: the camera has these masks already.")
    )


def _save(request: Request, camera: Camera, form: MasksForm, *, accepts_uncovering: bool = False) -> bool:
    return services.set_masks(
        actor=request.account,
        camera=camera,
        masks=form.cleaned_data["masks"],
        seen=form.cleaned_data["seen"],
        reason=form.cleaned_data["reason"],
        accepts_uncovering=accepts_uncovering,
        terminal=terminal_of(request),
    )


def _context(camera: Camera, form: MasksForm) -> dict[str, Any]:
    width, height = _size(camera)
    high = round(CANVAS_WIDTH * height / width)
    masks = services.current(camera)
    drawn = form.drawn(masks)
    return {
        "camera": camera,
        "site": camera.site,
        "form": form,
        "wide": CANVAS_WIDTH,
        "high": high,
        "size": (width, height) if (width, height) != DEFAULT_SIZE else None,
        "unreadable": masks is None,
        "masks": scopes.kept(drawn),
        "outlines": [
            " ".join(f"{x * CANVAS_WIDTH:.0f},{y * high:.0f}" for x, y in polygon)
            for polygon in drawn.of_copies
        ],
        "columns": [round(CANVAS_WIDTH * each / 16) for each in range(1, 16)],
        "lines": [round(high * each / 9) for each in range(1, 9)],
        "rows": form.rows(masks),
        "most_masks": polygons.MOST_MASKS,
        "most_points": polygons.MOST_POINTS,
    }


def _size(camera: Camera) -> tuple[int, int]:
    """The picture's proportions as the camera recorded last."""
    newest = camera.segments.order_by("-starts_at").values_list("width", "height").first()
    return newest if newest and all(newest) else DEFAULT_SIZE

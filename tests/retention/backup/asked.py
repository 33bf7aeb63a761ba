"""Acts of `child` about requests of people who were filmed."""

from typing import Any
from uuid import uuid4

NAME, TEXT = "Kim Chulsoo of Mapo", "It was my grandmother's umbrella"


def ask(command: dict[str, Any]) -> Any:
    """A request for a segment, with a message; its reference and secret."""
    from cctv.footage.models import Segment
    from cctv.subjects.requests import messages, receiving
    from cctv.subjects.requests.details import Details

    row = Segment.objects.select_related("camera__site").get(pk=command["segment"])
    draft = receiving.Draft(
        kind="copy", about="person", claimant="self", language="en", site=row.camera.site,
        cameras=[row.camera], starts_at=row.starts_at, ends_at=row.ends_at, details=Details(name=NAME),
    )  # fmt: skip
    received = receiving.receive(draft, terminal="portal", draft_id=uuid4())
    messages.add(received.request, TEXT, terminal="portal")
    return {"reference": received.request.reference, "secret": received.secret, "held": received.held}


def end_file(command: dict[str, Any]) -> Any:
    """The end of a request's file."""
    from cctv.subjects.requests import ending
    from cctv.subjects.requests.models import SubjectRequest

    return ending.end_file(SubjectRequest.objects.get(reference=command["reference"])).state


def requests(command: dict[str, Any]) -> Any:
    """By reference: the state, who asked, the texts of the messages, and whether its footage is held."""
    from cctv.retention.holds.models import PROTECTING
    from cctv.subjects.requests import details, messages
    from cctv.subjects.requests.models import SubjectRequest

    found = {}
    for row in SubjectRequest.objects.select_related("site", "hold"):
        opened = details.read(row)
        found[row.reference] = [
            row.state, opened.name if opened else None, [each.text for each in messages.listing(row)],
            bool(row.hold and row.hold.state in PROTECTING),
        ]  # fmt: skip
    return found


def status(command: dict[str, Any]) -> Any:
    """Whether reference and secret open a request."""
    from cctv.subjects.requests import access
    from cctv.subjects.requests.errors import NotOpened

    try:
        return access.open_request(command["reference"], command["secret"], terminal="portal").reference
    except NotOpened as refused:
        return refused.code


ACTS = {act.__name__: act for act in (ask, end_file, requests, status)}

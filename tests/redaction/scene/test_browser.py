"""The sharp scene in two people's browsers: asked for with the keyboard, looked at, refused with a remark."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.redaction.editing.conftest import Desk
from tests.redaction.review.conftest import colleague
from tests.redaction.test_browser_editor import Enter, enter, press, said, sound

from .conftest import Asked, desk, room

__all__ = ["desk", "enter", "room"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
REMARK = "Somebody sits at the door"


def test_it_is_asked_for_looked_at_and_refused(desk: Desk, enter: Enter) -> None:
    asked = Asked(desk, *colleague(desk.room))
    page = enter(desk.room)
    page.goto(f"/redactions/{desk.redaction.number}/edit/?viewing={desk.session.pk}")
    expect(page.locator("[data-role-of]")).not_to_have_count(0)
    switch = page.get_by_role("switch", name="Use the sharp scene")
    switch.focus()
    press(page, "Space")
    said(page, "The sharp scene is asked for.")
    says = page.locator("[data-edit=scene-says]")
    expect(says).to_contain_text("will be made in a moment")
    picture = np.full((48, 64, 3), 120, np.uint8)
    asked.made(cv2.imencode(".jpg", picture)[1].tobytes())
    expect(says).to_contain_text("It waits until a second person")
    sound(page)

    second = enter(desk.room, asked.reviewer)
    second.goto("/redactions/")
    second.get_by_role("link", name=desk.redaction.number).click()
    second.get_by_role("link", name="Look at the sharp scene").click()
    image = second.get_by_role("img", name="The empty scene of this footage")
    expect(image).to_have_js_property("naturalWidth", 64)
    sound(second)
    second.get_by_label("Remark").fill(REMARK)
    second.get_by_role("button", name="Refuse it").click()
    expect(second.get_by_text("The sharp scene is refused.")).to_be_visible()
    expect(says).to_contain_text(REMARK, timeout=20_000)
    expect(page.get_by_role("button", name="Have it made again")).to_be_visible()
    switch.focus()
    press(page, "Space")
    said(page, "The sharp scene is taken back.")

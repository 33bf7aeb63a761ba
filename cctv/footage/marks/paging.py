"""Addresses of a keyset pager, with the question that was asked."""

from typing import Any
from urllib.parse import urlencode

from cctv.footage.marks.selectors import Page


def links(page: Page[Any], **given: str) -> dict[str, str]:
    """`newer` and `older`: queries for the pages on either side, "" without one."""
    asked = {name: value for name, value in given.items() if value}
    return {
        "newer": f"?{urlencode({**asked, 'after': page.newer})}" if page.newer else "",
        "older": f"?{urlencode({**asked, 'before': page.older})}" if page.older else "",
    }

"""A yard whose segments have things made of them."""

from tests.footage.derived.making import workshop
from tests.retention.yard import yard

__all__ = ["workshop", "yard"]

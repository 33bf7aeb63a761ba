"""The doctor's checks, gathered from the areas."""

from cctv.subjects.requests import doctor as requests

__all__ = ["requests"]

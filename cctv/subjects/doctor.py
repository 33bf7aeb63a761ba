"""The doctor's checks, gathered from the areas."""

from cctv.subjects.identity import doctor as identity
from cctv.subjects.requests import doctor as requests

__all__ = ["identity", "requests"]

"""Numbers without gaps, by year: taken in the transaction that writes what bears them."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Max, Model

M = TypeVar("M", bound=Model)
# Each attempt loses against somebody who got a number: this many cannot all have been faster by chance.
ATTEMPTS = 100


def create_numbered(model: type[M], *, year: int, make: Callable[[int], M], above: int = 0) -> M:
    """Save `make(sequence)` under the next sequence of its year (columns `year` and `sequence`, unique).

    Two processes may ask at once: who comes second waits for the first and takes the number after it. A
    transaction that is rolled back gives its number back. `above`: a number known from elsewhere to be taken.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                taken = model._default_manager.filter(year=year).aggregate(last=Max("sequence"))["last"] or 0
                row = make(max(taken, above) + 1)
                row.save(force_insert=True)
                return row
        except IntegrityError:
            taken_now = model._default_manager.filter(year=year, sequence=row.__dict__["sequence"])
            if attempt == ATTEMPTS - 1 or not taken_now.exists():
                raise
    raise AssertionError("unreachable")

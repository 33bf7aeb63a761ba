"""How a form shows what a service refuses: beside the field that it is about."""

from collections.abc import Callable
from typing import Any

from django import forms

from cctv.core.errors import LetheError


def attempt(form: forms.BaseForm, act: Callable[[], object]) -> bool:
    """Do it. False after a refusal that names a field (or "" for none), which the form then shows."""
    try:
        act()
    except LetheError as error:
        field: Any = getattr(error, "field", None)
        if field is None:
            raise
        text = f"{error.message} {error.hint}".strip()
        form.add_error(field if field in form.fields else None, text)
        return False
    return True

"""One look at the static files for all clients of a test process.

Each client of a test makes its middleware anew, and WhiteNoise then looks at every static file again: a
quarter of what a test costs that asks for pages. The files stay as they are while tests run.
"""

from typing import Any

from django.core.signals import setting_changed
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

_known: dict[str, dict[str, Any]] = {}


def share_static_files() -> None:
    """Let all middlewares with the same settings have the files that the first of them found; called once."""
    middleware: Any = WhiteNoiseMiddleware
    look = middleware.add_files_from_finders

    def add_files_from_finders(self: Any) -> None:
        described = repr({name: value for name, value in vars(self).items() if name not in _PARTS})
        if described not in _known:
            look(self)
            _known[described] = dict(self.files)
        self.files.update(_known[described])

    middleware.add_files_from_finders = add_files_from_finders
    setting_changed.connect(_forget)


# What tells nothing of the settings: the next middleware, and what is found.
_PARTS = {"get_response", "files", "media_types", "directories"}


def _forget(*, setting: str, **_more: Any) -> None:
    if setting.startswith(("STATIC", "WHITENOISE")) or setting in ("INSTALLED_APPS", "DEBUG"):
        _known.clear()

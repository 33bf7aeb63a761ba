"""The one application of the product; its areas are packages."""

import gc
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

AREAS = (
    "people", "sites", "ledger", "vault", "footage", "footage.marks", "footage.restrictions",
    "ingest", "retention", "retention.holds", "retention.backup", "retention.reconcile",
    "retention.records", "redaction", "redaction.editing", "redaction.review",
    "redaction.scene",
    "disclosure", "disclosure.cases", "disclosure.packaging", "disclosure.exports",
    "disclosure.handing", "disclosure.provisions", "subjects",
)  # fmt: skip


class CctvConfig(AppConfig):
    """Registers each area's log events, system checks and doctor's checks."""

    name = "cctv"
    label = "cctv"

    def ready(self) -> None:
        """Import what registers itself."""
        for area in AREAS:
            for module in ("events", "checks", "doctor"):
                if find_spec(f"cctv.{area}.{module}"):
                    import_module(f"cctv.{area}.{module}")
        # manage.py lets nothing look for garbage while all this is loaded; none of it ever becomes any.
        gc.freeze()
        gc.enable()

"""What can be wrong with what was seen, or with the detector that sees."""

from __future__ import annotations


class FactsDamaged(ValueError):
    """Stored facts cannot be read: cut off, of another version, or not facts at all."""


class DetectorUnusable(ValueError):
    """A detector's file is missing, is not ONNX, or has an interface that is not known here."""

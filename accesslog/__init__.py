"""Accesslog: an append-only, Merkle-tree access log for Django projects. See README.md beside this file."""

from accesslog.types import IndexFields, Receipt, Scope

__all__ = ["IndexFields", "Receipt", "Scope"]

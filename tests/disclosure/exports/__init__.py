"""Exports: asked for, decided on, and what the pages say of them."""

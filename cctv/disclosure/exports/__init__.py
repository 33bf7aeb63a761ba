"""Exports: asked for by one person, approved by another."""

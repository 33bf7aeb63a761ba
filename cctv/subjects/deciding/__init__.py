"""Decisions on requests, by two persons, and their letters."""

"""Tests of the house itself: its layout, sizes, lock files and catalogues."""

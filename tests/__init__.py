"""Lethe's tests: they mirror the tree, and use real databases, servers, browsers and video."""

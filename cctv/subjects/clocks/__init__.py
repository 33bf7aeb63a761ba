"""Statutory and own deadlines of requests. Pure."""

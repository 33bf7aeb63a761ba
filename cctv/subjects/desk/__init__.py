"""The desk of the privacy officer: what is due, one request, intake of letters and calls."""

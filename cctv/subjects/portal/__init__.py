"""The public portal: asking and following a request without an account."""

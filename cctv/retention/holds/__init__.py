"""Legal hold: what must not end yet, why, until when, and who answers for it."""

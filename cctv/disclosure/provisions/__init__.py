"""All provisions, their figures, and what recipients are told."""

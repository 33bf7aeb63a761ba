"""Rules and reviews."""

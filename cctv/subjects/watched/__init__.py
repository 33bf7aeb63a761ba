"""Who has watched me: the viewings and provisions of somebody's minutes, with proofs."""

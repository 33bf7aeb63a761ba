"""What outsiders get of the log: proofs to hand out, witnesses, and a verifier that needs nothing of ours."""

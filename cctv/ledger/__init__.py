"""The ledger: use, provision, reading and destruction of footage, in the statutory columns."""

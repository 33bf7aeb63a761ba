"""Flags by transparent rules, and the monthly review of each site: sampled, decided, signed. Optional."""

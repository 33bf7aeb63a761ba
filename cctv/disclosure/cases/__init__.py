"""Cases: what belongs together, from the incident to its end."""

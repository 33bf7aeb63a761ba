"""The demonstration: an organisation with two sites, real footage, and one account per role."""

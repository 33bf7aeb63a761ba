"""Whether somebody is who they say: evidence is seen once and destroyed at the verdict."""

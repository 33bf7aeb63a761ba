"""What a package consists of: pure, no Django."""

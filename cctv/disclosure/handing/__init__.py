"""How a package reaches its recipient."""

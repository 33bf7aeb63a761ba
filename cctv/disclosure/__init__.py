"""How copies leave, and what becomes of them; for now the register of prints and media."""

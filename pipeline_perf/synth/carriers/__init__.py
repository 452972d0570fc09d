"""How each carrier, switch and platform writes its files."""

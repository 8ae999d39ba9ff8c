"""How large tables are in memory, found out before they are decoded."""

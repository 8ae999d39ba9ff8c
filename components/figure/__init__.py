"""The panel that exports what the map shows."""

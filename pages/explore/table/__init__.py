"""The table under the map: its rows, its cells, and their export."""

"""The browser's history: Back and Forward as events."""

"""Widgets, and the one way from their values and texts to options. May ask `host`."""

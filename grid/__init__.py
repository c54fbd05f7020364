"""Grids of runs, of a sweep and of a node alike: axes, keys, the page of results. Enter: what needs no torch."""

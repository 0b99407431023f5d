"""Rings of 2 lists, dropped, beside 100000 live lists; 0 other lists for each; an operation is an object in a ring."""

from twins._gc_grid import grid

setup, worker, check = grid(cycle=2, live=100_000, extra=0)

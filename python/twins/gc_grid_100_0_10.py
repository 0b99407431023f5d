"""Rings of 100 lists, dropped, beside 0 live lists; 10 other lists for each; an operation is an object in a ring."""

from twins._gc_grid import grid

setup, worker, check = grid(cycle=100, live=0, extra=10)

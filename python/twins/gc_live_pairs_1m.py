"""gc.collect() with 1000000 live pairs; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("pairs", 1_000_000)

"""gc.collect() with 10000 live pairs; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("pairs", 10_000)

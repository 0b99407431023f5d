"""gc.collect() with 10000 live instances; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("instances", 10_000)

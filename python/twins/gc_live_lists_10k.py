"""gc.collect() with 10000 live lists; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("lists", 10_000)

"""gc.collect() with 100000 live dicts; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("dicts", 100_000)

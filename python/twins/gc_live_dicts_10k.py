"""gc.collect() with 10000 live dicts; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("dicts", 10_000)

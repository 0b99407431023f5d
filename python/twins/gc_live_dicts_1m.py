"""gc.collect() with 1000000 live dicts; an operation is a live object."""

from twins._gc_live import live

setup, worker, check = live("dicts", 1_000_000)

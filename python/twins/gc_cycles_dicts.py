"""gc.collect() with 100000 cyclic garbage dicts; an operation is an object."""

from twins._gc_cycles import cycles

setup, worker, check = cycles("dicts", 100_000)

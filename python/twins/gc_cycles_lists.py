"""gc.collect() with 100000 cyclic garbage lists; an operation is an object."""

from twins._gc_cycles import cycles

setup, worker, check = cycles("lists", 100_000)

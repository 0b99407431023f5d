"""gc.collect() with 100000 cyclic garbage pairs; an operation is an object."""

from twins._gc_cycles import cycles

setup, worker, check = cycles("pairs", 100_000)

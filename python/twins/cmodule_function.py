"""math.cos(i / N): a C function as attribute of a module."""

import math

N = 100_000


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            math.cos(i / N)
        return count

    return run

"""Every thread makes garbage in cycles, then collects; automatic collections are off."""

import gc

from twins._gc_kinds import GARBAGE


class Shared:
    def __init__(self, threads):
        gc.collect()
        gc.disable()
        self.collected = [0] * threads


def cycles(kind, objects):
    """The three functions of a twin. An operation is an object."""
    make, size = GARBAGE[kind]

    def setup(threads):
        return Shared(threads)

    def worker(shared, index):
        def run(count):
            for i in range(0, objects, size):
                make()
            # 0 at once if another thread is at it: what is left is found by the next one.
            shared.collected[index] += gc.collect()
            return objects

        return run

    def check(shared, operations):
        collected = sum(shared.collected) + gc.collect()
        gc.enable()
        return None if collected >= operations else f"of {operations} objects in cycles {collected} were collected"

    return setup, worker, check

"""live[random] = a new pair of instances that hold each other; an operation is an object. Each thread has a live set of its own."""

from twins._gc_kinds import fill, pair
from twins._random import generator

LIVE_PAIRS = 10_000


def setup(threads):
    return [None] * threads


def worker(shared, index):
    below = generator(index)
    live = shared[index] = fill("pairs", 2 * LIVE_PAIRS)

    def run(count):
        for i in range(count):
            live[below(LIVE_PAIRS)] = pair()
        return 2 * count

    return run


def check(shared, operations):
    for live in shared:
        if len(live) != LIVE_PAIRS or any(one.x.x is not one for one in live):
            return f"{len(live)} live pairs are left, not {LIVE_PAIRS}, or some are not as they were made"
    return None

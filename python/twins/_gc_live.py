"""gc.collect() by thread 0 while a list holds live objects, and all other threads run a loop."""

import gc

from twins._gc_kinds import LIVE, fill

# Rounds of a busy thread between two looks at the clock.
BUSY_ROUNDS = 10_000


class Shared:
    def __init__(self, kind, objects):
        gc.disable()
        self.live = fill(kind, objects)
        self.collected = 0


def live(kind, objects):
    """The three functions of a twin. An operation is a live object."""

    def setup(threads):
        # What the interpreter itself has left behind is not to be found in a sample.
        gc.collect()
        return Shared(kind, objects)

    def worker(shared, index):
        def collect(count):
            shared.collected += gc.collect()
            return objects

        def be_busy(count):
            for i in range(BUSY_ROUNDS):
                pass
            return 0

        be_busy.helps = True
        return collect if index == 0 else be_busy

    def check(shared, operations):
        gc.enable()
        length = len(shared.live)
        expected = objects // LIVE[kind][1]
        if length != expected:
            return f"{length} live {kind} are left, not {expected}"
        if shared.collected >= objects:
            return f"{shared.collected} objects were collected, though all {objects} were held"
        return None

    return setup, worker, check

"""s.append(None) by all threads on one list."""

import threading

# The list is emptied at this length, to bound memory.
LIMIT = 200_000


class Shared:
    def __init__(self):
        self.list = []
        self.lock = threading.Lock()
        self.removed = 0

    def make_room(self):
        """Nobody but the holder of the lock removes items, hence exactly `length` of them go; appends go on meanwhile."""
        with self.lock:
            length = len(self.list)
            if length >= LIMIT:
                del self.list[:length]
                self.removed += length


def setup(threads):
    return Shared()


def worker(shared, index):
    target = shared.list

    def run(count):
        s = target
        if len(s) >= LIMIT:
            shared.make_room()
        for i in range(count):
            s.append(None)
        return count

    return run


def check(shared, operations):
    found = len(shared.list) + shared.removed
    return None if found == operations else f"{operations} appends left {found} items"

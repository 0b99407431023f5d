"""s[5] of a shared list, unrolled eight times; the element is one ordinary object, whose references all threads count."""

import sys

from twins._reads import reader


class Shared:
    def __init__(self):
        self.list = list(range(10))
        # No constant: those of code are immortal in free-threaded builds.
        self.list[5] = float("5.5")
        self.references = self.count()

    def count(self):
        return sys.getrefcount(self.list[5])


def setup(threads):
    return Shared()


def worker(shared, index):
    return reader(shared.list)


def check(shared, operations):
    count = shared.count()
    if count == shared.references:
        return None
    return f"after {operations} operations the object counts {count} references, not {shared.references}"

"""The lock sweep: threads take a lock, work inside, give it back, work outside.

A unit of work is one step of a generator of random numbers, about what taking a free lock costs. Each lock guards a
counter.
"""

import threading


class Locks:
    """One point of the sweep. `choice`: how a thread goes from lock to lock, "in turn", "own" or "random"."""

    def __init__(self, inside, outside, locks=1, choice="in turn"):
        self.inside = range(inside)
        self.outside = range(outside)
        self.count = locks
        self.choice = choice
        self.locks = []
        self.counters = []

    def setup(self, threads):
        count = threads if self.choice == "own" else self.count
        self.locks = [threading.Lock() for _ in range(count)]
        self.counters = [0] * count
        return self

    def worker(self, index):
        inside, outside = self.inside, self.outside
        locks, counters = self.locks, self.counters
        x = index + 1
        in_turn = self.choice == "in turn"
        own = self.choice == "own"
        size = len(locks)

        def run(count):
            nonlocal x
            for i in range(count):
                if in_turn:
                    which = i % size
                elif own:
                    which = index
                else:
                    x = (x * 1103515245 + 12345) & 0x7FFFFFFF
                    which = (x >> 16) % size
                with locks[which]:
                    counters[which] += 1
                    for _ in inside:
                        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
                for _ in outside:
                    x = (x * 1103515245 + 12345) & 0x7FFFFFFF
            return count

        return run

    def check(self, operations):
        total = sum(self.counters)
        return None if total == operations else f"{operations} acquisitions left the counters at {total}"

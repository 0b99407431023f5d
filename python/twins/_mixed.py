"""One thread answers requests that come every 4 to 12 ms; the others compute.

A request counts from when it was due, whether or not the thread was there.
"""

import time

SHORTEST = 4_000_000
LONGEST = 12_000_000
STRETCH = 2048
ANSWER = 16


def answer():
    numbers = []
    for i in range(ANSWER):
        numbers.append(1000 + i)
    total = 0
    for number in numbers:
        total += number
    return total


def service(index):
    """Gives run(count) that waits for the next request and answers it."""
    clock = time.perf_counter_ns
    latencies = []
    due = 0
    random = index + 1

    def interval():
        nonlocal random
        random = (random * 1103515245 + 12345) & 0x7FFFFFFF
        return SHORTEST + (LONGEST - SHORTEST) * random // 0x7FFFFFFF

    def run(count):
        nonlocal due
        if due == 0:
            due = clock() + interval()
        left = due - clock()
        if left > 0:
            time.sleep(left / 1e9)
        answer()
        latencies.append(clock() - due)
        due += interval()
        return 1

    def end():
        nonlocal due
        due = 0

    run.latencies = latencies
    run.end = end
    return run


def busy():
    """Gives run(count): for i in range(count): s += i."""

    def run(count):
        s = 0
        for i in range(count):
            s += i
        return count

    return run


def without_operations(run):
    """The same for a thread that has no operations of its own."""

    def helping(count):
        run(STRETCH)
        return 0

    helping.latencies = getattr(run, "latencies", [])
    helping.end = getattr(run, "end", None)
    return helping

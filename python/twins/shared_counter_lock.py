"""with L: c += 1, by all threads; lock and counter are globals."""

import threading

L = threading.Lock()
c = 0


def setup(threads):
    global c
    c = 0
    return None


def worker(shared, index):
    def run(count):
        global c
        for i in range(count):
            with L:
                c += 1
        return count

    return run


def check(shared, operations):
    return None if c == operations else f"{operations} increments left the counter at {c}"

"""tmp.x, five times a round: tmp is a threading.local that all threads use; an operation is a read."""

import threading

READS = 5


def setup(threads):
    return threading.local()


def worker(shared, index):
    shared.x = 10 + index

    def run(count):
        tmp = shared
        rounds = (count + READS - 1) // READS
        for i in range(rounds):
            _ = tmp.x
            _ = tmp.x
            _ = tmp.x
            _ = tmp.x
            _ = tmp.x
        if _ != 10 + index:
            raise ValueError("this thread set x to %d and read %r" % (10 + index, _))
        return READS * rounds

    return run

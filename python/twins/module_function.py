"""total += module.double(i): a function as attribute of a module that is a global."""

import sys


def double(x):
    return x + x


module = sys.modules[__name__]


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        total = 0
        for i in range(count):
            total += module.double(i)
        if total != count * (count - 1):
            raise ValueError("total is %d after %d calls" % (total, count))
        return count

    return run

"""d[k] = i; d[k] on a dict of the thread's own, k in turn one of ten small ints; an operation is both."""

KEYS = 10


def setup(threads):
    return None


def worker(shared, index):
    mine = {key: key for key in range(KEYS)}

    def run(count):
        d = mine
        k = 0
        for i in range(count):
            k = k + 1 if k < 9 else 0
            d[k] = i
            d[k]
        if len(d) != KEYS or d[k] != count - 1:
            raise ValueError(f"the dict is {d} now")
        return count

    return run

"""a[0] = v by all threads, on one list; v is a small int."""


def setup(threads):
    return list(range(10))


def worker(shared, index):
    value = index + 1

    def run(count):
        a = shared
        v = value
        for i in range(count):
            a[0] = v
        return count

    return run


def check(shared, operations):
    known = len(shared) == 10 and 0 <= shared[0] <= 64
    return None if known else f"slot 0 holds {shared[0]}, which nobody wrote"

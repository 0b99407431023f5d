"""c.next_number(), which does self.i += 1 and returns it: a class that all threads use, c of the thread's own."""


class Counter:
    def __init__(self):
        self.i = 0

    def next_number(self):
        self.i += 1
        return self.i


def setup(threads):
    return None


def worker(shared, index):
    counter = Counter()

    def run(count):
        c = counter
        before = c.i
        for i in range(count):
            c.next_number()
        if c.i != before + count:
            raise ValueError("the counter went from %d to %d in %d calls" % (before, c.i, count))
        return count

    return run

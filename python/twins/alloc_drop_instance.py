"""C(i), made and dropped: an instance of a shared class, whose __init__ sets self.x."""


class C:
    def __init__(self, i):
        self.x = i


def setup(threads):
    return C


def worker(shared, index):
    def run(count):
        for i in range(count):
            C(i)
        if C(count).x != count:
            raise ValueError(f"attribute x is {C(count).x}, not {count}")
        return count

    return run

"""MyObject() made and dropped: a class without attributes that all threads use."""


class MyObject:
    pass


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            o = MyObject()
        return count

    return run

"""with MyContextManager(): pass, a class that all threads use."""


class MyContextManager:
    def __enter__(self):
        pass

    def __exit__(self, kind, value, traceback):
        pass


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            with MyContextManager():
                pass
        return count

    return run

"""{"key": "value"} made and dropped."""


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            d = {
                "key": "value",
            }
        return count

    return run

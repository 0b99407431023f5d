"""d['k'] = v by all threads, on one dict; v is a small int."""


def setup(threads):
    return {"k": 0}


def worker(shared, index):
    value = index + 1

    def run(count):
        d = shared
        v = value
        for i in range(count):
            d["k"] = v
        return count

    return run


def check(shared, operations):
    known = len(shared) == 1 and 0 <= shared["k"] <= 64
    return None if known else f"the dict is {shared} now, which nobody wrote"

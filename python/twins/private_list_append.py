"""a.append(None) on a list of the thread's own."""

# A list is started anew at this length, to bound memory.
LIMIT = 200_000


def setup(threads):
    return None


def worker(shared, index):
    mine = []
    appended = 0

    def run(count):
        nonlocal mine, appended
        a = mine
        for i in range(count):
            a.append(None)
        appended += count
        if len(a) != appended:
            raise ValueError(f"list has {len(a)} items, not {appended}")
        if appended >= LIMIT:
            mine = []
            appended = 0
        return count

    return run

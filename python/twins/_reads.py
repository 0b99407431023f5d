"""The loop of the workloads that read one element, over and over: unrolled eight times, as when CPython was measured."""

UNROLL = 8


def reader(container):
    """A worker's `run`: container[5], eight times a round."""

    def run(count):
        s = container
        rounds = -(-count // UNROLL)
        for i in range(rounds):
            s[5]; s[5]; s[5]; s[5]; s[5]; s[5]; s[5]; s[5]
        return UNROLL * rounds

    return run

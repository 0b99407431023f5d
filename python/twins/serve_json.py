"""A server: json.loads, a cache of all threads, prices, json.dumps, b64encode. An operation is a request."""

import base64
import json
import math
import threading
import time

latencies = True

ORDERS = 64
ARTICLES = 256
CACHED = ORDERS // 2


def order_text(order):
    items = [
        {"sku": f"sku-{(order * 31 + i * 17) % ARTICLES}", "quantity": 1 + (order + i) % 9} for i in range(3 + order % 4)
    ]
    remark = 'line one\nline "two" \u00fc\u20ac ' + ("\U0001f40d" if order % 2 == 0 else "\\")
    record = {
        "user": f"user-{order}-\u00e9",
        "items": items,
        "discount": (order % 5) / 20,
        "express": order % 3 == 0,
        "voucher": None,
        "remark": remark,
    }
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


class Server:
    def __init__(self):
        self.catalogue = {f"sku-{n}": 1 + n * 7919 % 10_000 / 100 for n in range(ARTICLES)}
        self.bodies = [order_text(order) for order in range(ORDERS)]
        self.cache = {}
        self.lock = threading.Lock()

    def handle(self, body):
        order = json.loads(body)
        user = order["user"]
        answer = self.cache.get(user)
        if answer is None:
            answer = self.answer(order, user)
            self.remember(user, answer)
        return answer

    def answer(self, order, user):
        names = []
        total = 0.0
        pieces = 0
        for item in order["items"]:
            quantity = item["quantity"]
            total += self.catalogue[item["sku"]] * quantity
            pieces += quantity
            names.append(item["sku"])
        cents = math.floor(total * (1 - order["discount"]) * 100 + 0.5)
        reply = {"user": user, "pieces": pieces, "cents": cents, "items": names}
        return base64.b64encode(json.dumps(reply, separators=(",", ":")).encode())

    def remember(self, user, answer):
        with self.lock:
            self.cache[user] = answer
            if len(self.cache) > CACHED:
                self.cache.pop(next(iter(self.cache)))


def setup(threads):
    return Server()


def worker(shared, index):
    clock = time.perf_counter_ns
    handle, bodies = shared.handle, shared.bodies
    times = []
    random = index + 1

    def run(count):
        nonlocal random
        before = clock()
        for _ in range(count):
            random = (random * 1103515245 + 12345) & 0x7FFFFFFF
            sum(handle(bodies[(random >> 16) % ORDERS]))
            now = clock()
            times.append(now - before)
            before = now
        return count

    run.latencies = times
    return run


def check(shared, operations):
    fresh = Server()
    wrong = 0
    for body in shared.bodies:
        user = json.loads(body)["user"]
        if user in shared.cache and shared.cache[user] != fresh.handle(body):
            wrong += 1
    if len(shared.cache) > CACHED:
        return f"the cache has {len(shared.cache)} entries, not {CACHED} at most"
    return None if wrong == 0 else f"{wrong} answers in the cache are wrong"

import { hashText } from '../../objects/strings.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RequestTimes } from '../latency/requestTimes.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { Base64 } from './base64.js';
import { JsonParser } from './jsonParser.js';
import { JsonWriter } from './jsonWriter.js';
import { answerText, catalogue, ORDERS, orderText } from './orders.js';

/** Answers that the cache keeps: of half of the customers. */
const CACHED = ORDERS / 2;

/** What a request goes through. One a worker. */
class Server {
  private readonly parser: JsonParser;
  private readonly writer: JsonWriter;
  private readonly base64: Base64;
  private articles: Ref = 0;
  private cache: Ref = 0;
  private lock: Ref = 0;

  constructor(private readonly t: Thread) {
    this.parser = new JsonParser(t);
    this.writer = new JsonWriter(t);
    this.base64 = new Base64(t);
  }

  start(shared: SharedRefs): void {
    this.articles = shared.catalogue;
    this.cache = shared.cache;
    this.lock = shared.lock;
  }

  /** The answer to a request; both are strs. */
  handle(body: Ref): Ref {
    const { dicts, refs } = this.t;
    const order = this.parser.parse(body);
    const user = this.field(order, 'user');
    let answer = dicts.get(this.cache, user);
    if (answer === 0) {
      answer = this.answer(order, user);
      this.remember(user, answer);
    }
    refs.decref(user);
    refs.decref(order);
    return answer;
  }

  /** Looks the articles up, adds the prices up, writes the answer. */
  private answer(order: Ref, user: Ref): Ref {
    const { dicts, lists, numbers, refs } = this.t;
    const items = this.field(order, 'items');
    const names = lists.create();
    let total = numbers.float(0);
    let pieces = numbers.fromInteger(0);
    for (let i = 0; i < lists.length(items); i++) {
      const item = lists.get(items, i);
      const name = this.field(item, 'sku');
      const quantity = this.field(item, 'quantity');
      const price = dicts.getItem(this.articles, name);
      const cost = numbers.multiplyFloat(price, quantity);
      const sum = numbers.addFloat(total, cost);
      const more = numbers.addInt(pieces, quantity);
      lists.append(names, name);
      refs.decref(cost);
      refs.decref(price);
      refs.decref(quantity);
      refs.decref(name);
      refs.decref(item);
      refs.decref(total);
      refs.decref(pieces);
      total = sum;
      pieces = more;
    }
    refs.decref(items);
    const cents = this.cents(order, total);
    const text = this.write(user, pieces, cents, names);
    refs.decref(total);
    refs.decref(pieces);
    refs.decref(cents);
    refs.decref(names);
    const answer = this.base64.encode(text);
    refs.decref(text);
    return answer;
  }

  /** The sum less the discount, rounded. */
  private cents(order: Ref, total: Ref): Ref {
    const { numbers, refs } = this.t;
    const discount = this.field(order, 'discount');
    const cents = Math.floor(numbers.value(total) * (1 - numbers.value(discount)) * 100 + 0.5);
    refs.decref(discount);
    return numbers.fromInteger(cents);
  }

  private write(user: Ref, pieces: Ref, cents: Ref, names: Ref): Ref {
    const { dicts, strings, refs } = this.t;
    const reply = dicts.create();
    dicts.set(reply, strings.intern('user'), user);
    dicts.set(reply, strings.intern('pieces'), pieces);
    dicts.set(reply, strings.intern('cents'), cents);
    dicts.set(reply, strings.intern('items'), names);
    const text = this.writer.write(reply);
    refs.decref(reply);
    return text;
  }

  /** `with lock: cache[user] = answer`, and the oldest entry goes if there are too many. */
  private remember(user: Ref, answer: Ref): void {
    const { dicts, locks, refs } = this.t;
    const { cache } = this;
    locks.acquire(this.lock);
    dicts.set(cache, user, answer);
    if (dicts.length(cache) > CACHED && dicts.next(cache, 0) >= 0) {
      const oldest = dicts.lastKey;
      refs.decref(dicts.lastValue);
      refs.decref(dicts.pop(cache, oldest));
      refs.decref(oldest);
    }
    locks.release(this.lock);
  }

  private field(dict: Ref, name: string): Ref {
    return this.t.dicts.getItem(dict, this.t.strings.intern(name));
  }
}

function serverWorker(t: Thread): Worker {
  const { lists, refs, strings, state } = t;
  const server = new Server(t);
  const times = new RequestTimes();
  const expected = Array.from({ length: ORDERS }, (_, order) => hashText(answerText(order).answer));
  let bodies: Ref = 0;
  let random = 1;
  let wrong = 0;

  function serve(): void {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
    const order = (random >>> 16) % ORDERS;
    const body = lists.get(bodies, order);
    const answer = server.handle(body);
    // Whoever sends it reads each byte.
    if (strings.hash(answer) !== expected[order]) wrong++;
    refs.decref(answer);
    refs.decref(body);
  }

  return {
    start(shared) {
      bodies = shared.bodies;
      server.start(shared);
      random = t.index + 1;
      wrong = 0;
      times.clear();
    },
    run(count) {
      let before = times.now();
      for (let done = 0; done < count; done++) {
        serve();
        state.poll();
        const now = times.now();
        times.record(before, now);
        before = now;
      }
      return count;
    },
    latency: () => times,
    finish: () => (wrong === 0 ? null : `${wrong} answers were wrong`),
  };
}

function setUp(t: Thread): SharedRefs {
  const { dicts, lists, numbers, refs, strings } = t;
  const articles = dicts.create();
  for (const [name, price] of catalogue()) {
    const key = strings.create(name);
    const value = numbers.float(price);
    dicts.set(articles, key, value);
    refs.decref(key);
    refs.decref(value);
  }
  const bodies = lists.create();
  for (let order = 0; order < ORDERS; order++) {
    const body = strings.create(orderText(order));
    lists.append(bodies, body);
    refs.decref(body);
  }
  return { catalogue: articles, bodies, cache: dicts.create(), lock: t.locks.create() };
}

/** Whatever the order of the threads, the cache has room for so many, and the right answers. */
function check(t: Thread, shared: SharedRefs): string | null {
  const { dicts, refs, strings } = t;
  const answers = new Map<string, string>();
  for (let order = 0; order < ORDERS; order++) {
    const { user, answer } = answerText(order);
    answers.set(user, answer);
  }
  const size = dicts.length(shared.cache);
  if (size > CACHED) return `the cache has ${size} entries, not ${CACHED} at most`;
  let wrong = 0;
  for (let at = dicts.next(shared.cache, 0); at >= 0; at = dicts.next(shared.cache, at)) {
    const key = dicts.lastKey;
    const value = dicts.lastValue;
    if (answers.get(strings.text(key)) !== strings.text(value)) wrong++;
    refs.decref(key);
    refs.decref(value);
  }
  return wrong === 0 ? null : `${wrong} answers in the cache are wrong`;
}

/**
 * A server that answers orders: parses JSON, looks in a cache that all threads share, otherwise looks up prices, adds them
 * up, writes JSON, encodes it, and puts it into the cache under a lock. An operation is a request, from the end of the one
 * before to its own end, safepoint included (a closed loop: no request waits while another is answered).
 */
export const serveJson: Workload = {
  name: 'serve-json',
  group: 'requests',
  cpython: 'json.loads, cache.get, prices, json.dumps, b64encode; with lock: cache[user] = answer',
  title: 'a server: parses JSON, looks up, updates a cache of all threads, answers in base64',
  unsafe: false,
  coarse: true,
  slowToWarm: true,
  unit: 'request',
  setup: setUp,
  worker: serverWorker,
  check,
};

import type { ConformanceCase } from './conformanceCase.js';

const FULL = '8.7: the generation chooses a row of the statistics, every collection is full';
const INCREMENTAL = '9.4: Pyodide has the incremental collector of 3.14.0 to 3.14.4';

/** The gc module's functions. */
export const MODULE: readonly ConformanceCase[] = [
  {
    name: 'enable, disable, isenabled',
    source: `
out(gc.isenabled())
gc.enable()
out(gc.isenabled())
gc.disable()
out(gc.isenabled())`,
  },
  {
    name: 'thresholds',
    source: `
out(gc.get_threshold()[0], gc.get_threshold()[1])
gc.set_threshold(700, 5)
out(gc.get_threshold()[0], gc.get_threshold()[1])
gc.set_threshold(0)
out(gc.get_threshold()[0])`,
  },
  {
    name: 'set_debug, get_debug',
    source: `
out(gc.get_debug())
gc.set_debug(gc.DEBUG_SAVEALL)
out(gc.get_debug(), gc.DEBUG_SAVEALL, gc.DEBUG_UNCOLLECTABLE, gc.DEBUG_COLLECTABLE)
gc.set_debug(0)
out(gc.get_debug())`,
  },
  {
    name: 'collect of a generation that there is not',
    source: `
try:
    gc.collect(3)
except ValueError:
    out('3')
try:
    gc.collect(-1)
except ValueError:
    out('-1')`,
  },
  {
    name: 'get_stats',
    source: `
before = gc.get_stats()[2]
l = []
l.append(l)
del l
gc.collect()
after = gc.get_stats()[2]
out(len(gc.get_stats()), after['collections'] - before['collections'])
out(after['collected'] - before['collected'], after['uncollectable'] - before['uncollectable'])`,
  },
  {
    name: 'get_stats with what cannot be freed',
    source: `
class A:
    def __tp_del__(self): pass
A = with_tp_del(A)
before = gc.get_stats()[2]
a = A()
a.a = a
l = []
l.append(l)
del a, l
out(gc.collect())
after = gc.get_stats()[2]
out(after['collected'] - before['collected'], after['uncollectable'] - before['uncollectable'])
gc.garbage[0].a = None
gc.garbage.clear()`,
  },
  {
    name: 'get_stats of the youngest generation',
    source: `
before = gc.get_stats()
l = []
l.append(l)
del l
gc.collect(0)
after = gc.get_stats()
out(after[0]['collections'] - before[0]['collections'], after[0]['collected'] - before[0]['collected'])
out(after[2]['collections'] - before[2]['collections'])`,
  },
  {
    name: 'get_count',
    source: `
gc.collect()
before = gc.get_count()
saved.append([])
saved.append({})
after = gc.get_count()
out(after[0] - before[0] >= 2, after[1] - before[1], after[2] - before[2])`,
  },
  {
    name: 'collect_generations',
    source: `
gc.collect()
saved.append([])
gc.collect(0)
out(gc.get_count()[1], gc.get_count()[2])
gc.collect(1)
out(gc.get_count()[1], gc.get_count()[2])
gc.collect(2)
out(gc.get_count()[1], gc.get_count()[2])`,
    gil: { why: `9.2: collecting generation g counts for g + 1. ${INCREMENTAL}`, log: [1, 0, 0, 1, 0, 0] },
    freeThreaded: { why: FULL, log: [1, 0, 0, 1, 0, 0] },
  },
  {
    name: 'get_objects',
    source: `
l = []
class A: pass
a = A()
t = (1, 2)
gc.collect()
everything = gc.get_objects()
out(same(everything, l), same(everything, a), same(everything, t), same(everything, A))`,
  },
  {
    name: 'get_objects by generation',
    source: `
gc.collect()
l = [saved]
out(same(gc.get_objects(0), l), same(gc.get_objects(2), l))
gc.collect(0)
out(same(gc.get_objects(0), l), same(gc.get_objects(1), l))
gc.collect(1)
out(same(gc.get_objects(1), l), same(gc.get_objects(2), l))
gc.collect(2)
out(same(gc.get_objects(0), l), same(gc.get_objects(2), l))`,
    gil: { why: INCREMENTAL, log: [1, 0, 0, 1, 0, 1, 0, 1] },
    freeThreaded: { why: '8.7: the generation is ignored', log: [1, 1, 1, 1, 1, 1, 1, 1] },
  },
  {
    name: 'get_objects_arguments',
    source: `
try:
    gc.get_objects(3)
except ValueError:
    out('3')
try:
    gc.get_objects(-2)
except ValueError:
    out('-2')
out(len(gc.get_objects()) == len(gc.get_objects(None)))`,
  },
  {
    name: 'get_referents',
    source: `
a = [1, 'x']
b = (a, 5, a)
c = {'k': b, 7: a}
out(len(gc.get_referents(a)), same(gc.get_referents(b), a), len(gc.get_referents(b)))
out(same(gc.get_referents(c), b), same(gc.get_referents(c), a), len(gc.get_referents(c)))
out(len(gc.get_referents(a, b)), gc.get_referents(1, 'a'), gc.get_referents())`,
  },
  {
    name: 'get_referents of an instance',
    source: `
class A: pass
a = A()
l = []
a.x = l
a.y = (l,)
found = gc.get_referents(a)
out(same(found, l), same(found, A), same(found, a.y), len(found))`,
  },
  {
    name: 'get_referrers',
    source: `
target = []
l = [target, target]
d = {'k': target}
t = (target,)
found = gc.get_referrers(target)
out(same(found, l), same(found, d), same(found, t), same(found, target))
found = None
out(len(gc.get_referrers(l)), len(gc.get_referrers()))`,
  },
  {
    name: 'get_referrers of several',
    source: `
class A: pass
a = A()
b = A()
both = [a, b]
a.b = b
found = gc.get_referrers(a, b)
out(same(found, both), same(found, a), same(found, b), len(found))`,
  },
  {
    name: 'freeze',
    source: `
out(gc.get_freeze_count())
gc.freeze()
out(gc.get_freeze_count() > 0)
gc.unfreeze()
out(gc.get_freeze_count())`,
  },
  {
    name: 'freeze counts what is tracked',
    source: `
l = [1]
for i in range(100):
    l.append([])
gc.collect()
before = len(gc.get_objects())
gc.freeze()
out(gc.get_freeze_count() - before >= 0, gc.get_freeze_count() - before < 20, len(gc.get_objects()) == 0)
gc.unfreeze()
out(len(l))`,
  },
  {
    name: 'frozen garbage stays until unfreeze',
    source: `
l = []
l.append(l)
gc.freeze()
del l
out(gc.collect())
m = []
m.append(m)
del m
out(gc.collect())
gc.unfreeze()
out(gc.collect())`,
  },
  {
    name: 'frozen objects keep what they hold, and die by count',
    source: `
class A:
    def __del__(self):
        out('del')
a = A()
l = [[]]
l[0].append(l[0])
gc.freeze()
out(gc.collect(), len(l[0]))
del a
out('gone')
gc.unfreeze()
l.clear()
out(gc.collect())`,
  },
  {
    name: 'callbacks',
    source: `
def callback(phase, info):
    out(phase, info['generation'], info['collected'], info['uncollectable'])
gc.callbacks.append(callback)
l = []
l.append(l)
del l
out(gc.collect())
out(gc.collect(0))
gc.callbacks.clear()
out(gc.collect())`,
  },
  {
    name: 'callbacks of a collection with what cannot be freed',
    source: `
def callback(phase, info):
    if phase == 'stop':
        out(info['collected'], info['uncollectable'])
class A:
    def __tp_del__(self): pass
A = with_tp_del(A)
a = A()
a.a = a
l = []
l.append(l)
del a, l
gc.callbacks.append(callback)
out(gc.collect())
gc.callbacks.clear()
gc.garbage[0].a = None
gc.garbage.clear()`,
  },
  {
    name: 'callbacks that throw, and that collect',
    source: `
def callback(phase, info):
    out(phase, gc.collect())
    raise ValueError('no')
def second(phase, info):
    out('second')
gc.callbacks.append(callback)
gc.callbacks.append(second)
out(gc.collect())
gc.callbacks.clear()`,
  },
  {
    name: 'automatic collection finds garbage',
    source: `
class A:
    def __init__(self):
        self.me = self
    def __del__(self):
        saved[0] = saved[0] + 1
saved.append(0)
gc.enable()
for i in range(9000):
    A()
gc.disable()
out(saved[0] > 1000)
gc.collect()
out(saved[0])`,
    gil: { why: `${INCREMENTAL}; it finds its first garbage later`, log: [true, 9000] },
    freeThreaded: { why: INCREMENTAL, log: [true, 9000] },
  },
  {
    name: 'a threshold of 0: nothing by itself',
    source: `
class A:
    def __init__(self):
        self.me = self
    def __del__(self):
        saved[0] = saved[0] + 1
saved.append(0)
gc.set_threshold(0)
gc.enable()
for i in range(3000):
    A()
gc.disable()
out(saved[0], gc.collect(), saved[0])`,
  },
  {
    name: 'disabled: nothing by itself',
    source: `
class A:
    def __init__(self):
        self.me = self
    def __del__(self):
        saved[0] = saved[0] + 1
saved.append(0)
for i in range(3000):
    A()
out(saved[0], gc.collect(), saved[0])`,
  },
  {
    name: 'garbage of all kinds at once',
    source: `
class A:
    def called(self): pass
def f(w): pass
l = []
a = A()
a.l = l
a.m = a.called
a.d = {'t': (a, l), 'w': weakref.ref(a, f)}
l.append(a.d)
del a, l
out(gc.collect())`,
  },
  {
    name: "the order of callbacks, finalisers and the module's callbacks",
    source: `
class A:
    def __del__(self):
        out('del')
def f(w):
    out('weak')
def callback(phase, info):
    out(phase)
a = A()
a.me = a
w = weakref.ref(a, f)
gc.callbacks.append(callback)
del a
out(gc.collect())
gc.callbacks.clear()`,
  },
];

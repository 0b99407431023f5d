import { SharedMemory } from './dist/src/memory/sharedMemory.js';
import { buildNamed } from './dist/src/runtime/builds.js';
import { Thread } from './dist/src/runtime/thread.js';
import { WORKLOADS, workloadNamed } from './dist/src/workloads/index.js';
import { functions } from './dist/src/workloads/program.js';

const C = {
  fib: 29.3,
  'int-add': 31.4,
  'private-list-append': 29.3,
  'shared-list-append': 16.5,
  'shared-list-read-immortal': 105.2,
  'shared-list-read-object': 83.9,
  'shared-list-write': 56.5,
  'private-dict': 22.4,
  'shared-dict-get': 42.1,
  'shared-dict-set': 27.4,
  'shared-dict-mixed': 24.9,
  'shared-counter-lock': 8.2,
  'call-shared-function': 34.8,
  'shared-tuple-read': 134.9,
  'alloc-drop-list': 46.5,
  'alloc-drop-instance': 8.9,
};
const [, , build, ...names] = process.argv;
const m = SharedMemory.create(1 << 30);
const t = new Thread(m, buildNamed(build), 0);
t.start(0, functions(t));
t.initialiseInterpreter();
let g = 0,
  c = 0;
for (const name of names.length ? names : WORKLOADS.map((w) => w.name)) {
  const w = workloadNamed(name);
  const shared = w.setup(t);
  const k = w.worker(t);
  k.start(shared);
  const best = [];
  for (let r = 0; r < 12; r++) {
    const t0 = performance.now();
    let n = 0;
    while (performance.now() - t0 < 50) for (let q = 0; q < 64; q++) n += k.run(128);
    best.push(((performance.now() - t0) * 1e6) / n);
  }
  best.sort((a, b) => a - b);
  const ratio = best[6] / (1000 / C[name]);
  g += Math.log(ratio);
  c++;
  console.log(build.padEnd(14), name.padEnd(28), best[0].toFixed(1), best[6].toFixed(1), ratio.toFixed(2));
}
console.log('geomean vs CPython FT', Math.exp(g / c).toFixed(2));

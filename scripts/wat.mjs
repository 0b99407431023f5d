// Assembles src/memory/atomics.wat into src/memory/atomicsWasm.ts. Run by hand after a change to the .wat file
// (`node scripts/wat.mjs`); test/memory/atomicOps.test.ts checks that the two agree.
import { readFileSync, writeFileSync } from 'node:fs';
import wabtInit from 'wabt';

export async function assemble() {
  const wabt = await wabtInit();
  const source = readFileSync(new URL('../src/memory/atomics.wat', import.meta.url), 'utf8');
  const module = wabt.parseWat('atomics.wat', source, { threads: true });
  const { buffer } = module.toBinary({});
  return Buffer.from(buffer).toString('base64');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const base64 = await assemble();
  const text = `/** Made from atomics.wat by scripts/wat.mjs. */\nexport const ATOMICS_WASM =\n  '${base64}';\n`;
  writeFileSync(new URL('../src/memory/atomicsWasm.ts', import.meta.url), text);
}

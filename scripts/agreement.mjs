// node scripts/agreement.mjs FIRST.json SECOND.json: do two runs of `ungil compare --json` agree? After `npm run build`.
import { readFileSync } from 'node:fs';
import { overlap } from '../dist/src/report/agreement.js';

const [first, second] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')).results);
const { rows, share, apart } = overlap(first, second);
const bounds = ({ low, high }) => `${(low / 1e6).toFixed(2)} to ${(high / 1e6).toFixed(2)}`;
console.log(`intervals overlap in ${rows - apart.length} of ${rows} rows (${(100 * share).toFixed(0)} %)`);
for (const row of apart) {
  const where = `${row.workload}, ${row.build}, ${row.threads} thr`;
  console.log(`${where}: ${bounds(row.first)} and then ${bounds(row.second)} Mops/s`);
}
process.exitCode = share >= 0.9 ? 0 : 1;

// Runs the default export of a fixture in a worker and posts what became of it.
import { parentPort, workerData } from 'node:worker_threads';

try {
  const fixture = await import(workerData.fixture);
  parentPort.postMessage({ result: await fixture.default(workerData.context) });
} catch (error) {
  parentPort.postMessage({ error });
}

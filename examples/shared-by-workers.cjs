// One address space in several threads: the token opens it, and each faults in a part of its own.
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { AddressSpace } = require('vmalock');

const WORKERS = 4;
const PAGES = 100;

function faultIn({ token, start }) {
  const space = AddressSpace.open(token);
  for (let page = 0; page < PAGES; page++) space.fault(start + page * space.pageSize, 'write');
  space.close();
}

function main() {
  const space = new AddressSpace();
  const part = PAGES * space.pageSize;
  const start = space.mmap({ length: WORKERS * part, prot: 'rw' });
  let running = WORKERS;
  for (let n = 0; n < WORKERS; n++)
    new Worker(__filename, { workerData: { token: space.share(), start: start + n * part } }).on('exit', () => {
      if (--running === 0) console.log(`${space.stats().minorFaults} pages`);
    });
}

if (isMainThread) main();
else faultIn(workerData);

// prints:
// 400 pages

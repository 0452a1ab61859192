// A worker reads memory that is not there yet; the main thread brings each page from elsewhere when it is first touched.
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { setTimeout: later } = require('node:timers/promises');
const { AddressSpace } = require('vmalock');

const PAGES = 64;
const PAGE = 4096;

/** What another machine might have. */
const remote = Buffer.from(Array.from({ length: PAGES * PAGE }, (_, at) => Math.floor(at / PAGE)));

async function fetchPage(offset) {
  await later(1); // the network
  return remote.subarray(offset, offset + PAGE);
}

async function main() {
  const space = new AddressSpace();
  const start = space.mmap({ length: PAGES * PAGE });
  const uffd = space.userfaultfd();
  uffd.register(start, PAGES * PAGE, { missing: true });
  new Worker(__filename, { workerData: { token: space.share(), start } }).on('exit', () => {
    console.log(`${space.status().VmRSS / PAGE} of ${PAGES} pages came`);
    space.close(); // which ends the iteration
  });
  for await (const { address, access } of uffd) {
    console.log(`page ${(address - start) / PAGE}: ${access}`);
    uffd.copy(address, await fetchPage(address - start));
  }
}

/** Knows nothing of all that: each access waits until its page is there. */
function read({ token, start }) {
  const space = AddressSpace.open(token);
  let sum = 0;
  for (const page of [3, 40, 3, 59, 40]) sum += space.read(start + page * PAGE + 17, 1)[0];
  console.log(`sum ${sum}`);
  space.close();
}

if (isMainThread) main();
else read(workerData);

// prints:
// page 3: read
// page 40: read
// page 59: read
// sum 145
// 3 of 64 pages came

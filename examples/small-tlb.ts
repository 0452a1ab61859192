// A TLB of four entries in front of a space: it remembers which pages may be written, and forgets what the space says is no longer true.
import { AddressSpace } from 'vmalock';

using space = new AddressSpace();
const { pageSize } = space;
const start = space.mmap({ address: 0x10_0000, length: 8 * pageSize, prot: 'rw' });

using observer = space.observe();
const entries = new Set<number>(); // pages that a write may go to without asking the space
let hits = 0;
let misses = 0;

function write(address: number): void {
  for (const { start, end, reason } of observer.take()) {
    const flushed = [...entries].filter((page) => page >= start && page < end);
    for (const page of flushed) entries.delete(page);
    if (flushed.length > 0) console.log(`${reason}: ${flushed.length} forgotten`);
  }
  const page = address - (address % pageSize);
  if (entries.has(page)) {
    hits++;
    return;
  }
  misses++;
  space.write(address, Uint8Array.of(1));
  for (const oldest of entries) if (entries.size >= 4) entries.delete(oldest);
  entries.add(page);
}

for (let i = 0; i < 8; i++) write(start + (i % 4) * pageSize);
console.log({ hits, misses });

using child = space.fork(); // the pages are shared now: to write to one is to copy it
write(start); // the copy is told as well: it may have been remembered before it was made
child.close();
space.madvise(start + 2 * pageSize, 2 * pageSize, 'dontneed');
write(start + pageSize);
console.log({ hits, misses });

// prints:
// { hits: 4, misses: 4 }
// fork: 4 forgotten
// cow: 1 forgotten
// { hits: 4, misses: 6 }

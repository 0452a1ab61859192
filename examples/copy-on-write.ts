// After a fork both see the same bytes, until one of them writes.
import { AddressSpace, VmalockError } from 'vmalock';

using parent = new AddressSpace();
const start = parent.mmap({ length: parent.pageSize, prot: 'rw' });
parent.write(start, Buffer.from('before'));

using child = parent.fork();
child.write(start, Buffer.from('after!'));
console.log(parent.read(start, 6).toString(), child.read(start, 6).toString());

child.munmap(start, child.pageSize);
try {
  child.read(start, 6);
} catch (error) {
  if (error instanceof VmalockError) console.log(error.code, error.siCode);
}

// prints:
// before after!
// SIGSEGV SEGV_MAPERR

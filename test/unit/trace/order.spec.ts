import { compiled, compiledPerf, enter, exit, fault, lock, MAP_ANON, NO_FD, section, signal, strace } from './drawn';

const A = 0x7f0000010000;
const HEX = A.toString(16);
const CLONE: readonly (readonly [string, string])[] = [
  ['10/10', 'task:task_newtask: pid=12 comm=prog clone_flags=3d0f00 oom_score_adj=0'],
];
const MAPPED: readonly (readonly [string, string])[] = [
  ['10/10', enter('mmap', 0, 4096, 3, MAP_ANON, NO_FD, 0)],
  ['10/10', exit('mmap', A)],
];
const EXECVE: readonly [number, string] = [10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000 /* 4 vars */) = 0'];
const THREAD: readonly [number, string] = [
  10,
  'clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, stack=0x7f0000000000} => {parent_tid=[12]}, 88) = 12',
];

/** Without the births, which are the same in all of them. */
const steps = (lines: readonly string[]): string[] => lines.filter((line) => !/THREAD|EXIT/.test(line));

describe('places in time', () => {
  it('puts a call where it let mmap_lock go, not where it returned', async () => {
    const { lines } = await compiledPerf(
      ...CLONE,
      ['10/10', enter('mmap', 0, 4096, 3, MAP_ANON, NO_FD, 0)],
      ['10/10', lock('start_locking', true)],
      ['10/10', lock('acquire_returned', true)],
      ['10/10', lock('released', true)],
      ['10/12', enter('mprotect', 0x402000, 4096, 1)],
      ['10/12', lock('start_locking', true)],
      ['10/12', lock('acquire_returned', true)],
      ['10/12', lock('released', true)],
      ['10/12', exit('mprotect', 0)],
      ['10/10', exit('mmap', A)],
    );
    expect(steps(lines)).toEqual([`0/10 MAP(0x0, 0x1000) = 0x${HEX}`, '0/12 PROTECT(0x402000, 0x1000) = 0x0']);
  });

  it('puts a munmap where it downgraded the lock', async () => {
    const { lines } = await compiledPerf(
      ...CLONE,
      ['10/10', enter('munmap', 0x403000, 4096)],
      ['10/10', lock('start_locking', true)],
      ['10/10', lock('acquire_returned', true)],
      ['10/10', lock('acquire_returned', false)],
      ['10/12', fault(0x402000, 6)],
      ['10/10', lock('released', false)],
      ['10/10', exit('munmap', 0)],
    );
    expect(steps(lines)).toEqual(['0/10 UNMAP(0x403000, 0x1000) = 0x0', '0/12 FAULT(0x402000, 6) = 0x0']);
  });

  it('puts a fault that waited for mmap_lock where it got it', async () => {
    const { lines } = await compiledPerf(
      ...CLONE,
      ['10/12', fault(0x400000, 6)],
      ['10/12', lock('start_locking', false)],
      ['10/10', enter('mprotect', 0x400000, 4096, 3)],
      ['10/10', lock('start_locking', true)],
      ['10/10', lock('acquire_returned', true)],
      ['10/10', lock('released', true)],
      ['10/12', lock('acquire_returned', false)],
      ['10/10', exit('mprotect', 0)],
    );
    expect(steps(lines)).toEqual(['0/10 PROTECT(0x400000, 0x1000) = 0x0', '0/12 FAULT(0x400000, 6) = 0x0']);
  });

  it('never lets time go backwards within a thread, though a fault inside a call came after its beginning', async () => {
    const { events } = await compiledPerf(
      ['10/10', enter('mmap', 0, 4096, 3, MAP_ANON, NO_FD, 0)],
      ['10/10', fault(0x402000, 2, 'kernel')],
      ['10/10', exit('mmap', A)],
    );
    const times = events.map(({ time_ns }) => Number(time_ns));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('the order of what was under way at the same time', () => {
  it('takes the munmap that freed an address before the mmap that got it', async () => {
    const { lines } = await compiled({
      'strace.txt': strace(
        EXECVE,
        THREAD,
        [10, 'munmap(0x402000, 8192 <unfinished ...>'],
        [12, 'mmap(0x402000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x402000'],
        [10, '<... munmap resumed>)             = 0'],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(steps(lines)).toEqual(['0/10 UNMAP(0x402000, 0x2000) = 0x0', '0/12 MAP(0x402000, 0x2000) = 0x402000']);
  });

  it('takes a call before the one that took away what it needed, when both were under way', async () => {
    const { lines } = await compiled({
      'strace.txt': strace(
        EXECVE,
        THREAD,
        [10, 'mprotect(0x402000, 4096, PROT_READ <unfinished ...>'],
        [12, 'munmap(0x402000, 8192)            = 0'],
        [10, '<... mprotect resumed>)           = 0'],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(steps(lines)).toEqual(['0/10 PROTECT(0x402000, 0x1000) = 0x0', '0/12 UNMAP(0x402000, 0x2000) = 0x0']);
  });

  it('takes the mprotect that made a fault fail before the fault, where no lock tells', async () => {
    const { lines } = await compiledPerf(
      ...CLONE,
      ['10/10', enter('mprotect', 0x402000, 4096, 1)],
      ['10/12', fault(0x402008, 7)],
      ['10/12', signal(11, 2)],
      ['10/10', exit('mprotect', 0)],
    );
    expect(steps(lines)).toEqual(['0/10 PROTECT(0x402000, 0x1000) = 0x0', '0/12 FAULT(0x402008, 7) = -1001']);
  });

  it('does not move what had not begun, or was over already', async () => {
    const { lines } = await compiledPerf(
      ...CLONE,
      ...MAPPED,
      ['10/12', fault(A + 4096, 6)],
      ['10/12', enter('brk', 0)],
      ['10/12', exit('brk', 0)],
      ['10/10', enter('mmap', A + 4096, 4096, 3, MAP_ANON | 0x10, NO_FD, 0)],
      ['10/10', exit('mmap', A + 4096)],
    );
    expect(steps(lines).map((line) => line.split('(')[0])).toEqual(['0/10 MAP', '0/12 FAULT', '0/12 BRK', '0/10 MAP']);
  });

  it('keeps the events of one thread in their order whatever happens', async () => {
    const { lines } = await compiled({
      'strace.txt': strace(
        EXECVE,
        THREAD,
        [10, 'madvise(0x403000, 4096, MADV_DONTNEED) = 0'],
        [10, 'munmap(0x402000, 8192 <unfinished ...>'],
        [12, 'mmap(0x402000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x402000'],
        [12, 'mprotect(0x402000, 4096, PROT_NONE) = 0'],
        [10, '<... munmap resumed>)             = 0'],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(steps(lines).map((line) => line.split('(')[0])).toEqual([
      '0/10 ADVISE',
      '0/10 UNMAP',
      '0/12 MAP',
      '0/12 PROTECT',
    ]);
  });

  it('finds the birth of a child that speaks before its parent has returned', async () => {
    const { lines } = await compiled({
      'strace.txt': strace(
        EXECVE,
        [
          10,
          'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f2d25e24a10 <unfinished ...>',
        ],
        [11, 'munmap(0x402000, 4096)            = 0'],
        [10, '<... clone resumed>)              = 11'],
        [10, 'munmap(0x403000, 4096)            = 0'],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(steps(lines)).toEqual([
      '0/10 FORK 1',
      '1/11 UNMAP(0x402000, 0x1000) = 0x0',
      '0/10 UNMAP(0x403000, 0x1000) = 0x0',
    ]);
  });
});

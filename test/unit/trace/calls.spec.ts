import { compiledPerf, enter, exit, fault, lock, MAP_ANON, MAP_PRIVATE, NO_FD, signal } from './drawn';

const A = 0x7f0000010000;

describe('a recorded call', () => {
  it('keeps its arguments where the replay wants them', async () => {
    const { events } = await compiledPerf(
      ['10/10', enter('mmap', 0x1000, 0x2345, 3, 0x100022, NO_FD, 0x3000)],
      ['10/10', exit('mmap', A)],
      ['10/10', enter('mremap', A, 0x3000, 0x5000, 1, 0x77)],
      ['10/10', exit('mremap', A + 0x10000)],
      ['10/10', enter('madvise', A, 0x1000, 4)],
      ['10/10', exit('madvise', -12)],
      ['10/10', enter('brk', 0x5000)],
      ['10/10', exit('brk', 0x4000)],
    );
    expect(events.slice(0, 4)).toMatchObject([
      { a: 0x1000n, b: 0x2345n, c: 3n, d: 0x3000n, aux: 0x100022, result: BigInt(A) },
      { a: BigInt(A), b: 0x3000n, c: 0x5000n, d: 0x77n, aux: 1, result: BigInt(A + 0x10000) },
      { a: BigInt(A), b: 0x1000n, c: 0n, d: 0n, aux: 4, result: -12n },
      { a: 0x5000n, b: 0n, aux: 0, result: 0x4000n },
    ]);
  });

  it('knows the line that it came from', async () => {
    const { events } = await compiledPerf(['10/10', enter('brk', 0)], ['10/10', exit('brk', 0x1000)]);
    expect(events[0]).toMatchObject({ line: 3 });
  });

  it.each([
    ['mlock', [A, 4096], -12, 'mlock:ENOMEM'],
    ['mlock', [A, 4096], -1, 'mlock:EPERM'],
    ['mlockall', [1], -12, 'mlockall:ENOMEM'],
    ['mincore', [A, 4096, 0], -14, 'mincore:EFAULT'],
    ['process_madvise', [3, 0x7ffe0000, 1, 20, 0], 4096, 'process_madvise without its ranges'],
    ['process_madvise', [3, 0x7ffe0000, 1, 20, 0], -9, 'process_madvise:EBADF'],
    ['mbind', [A, 4096, 2, 0x7ffe0000, 64, 0], 0, 'mbind without its nodes'],
    ['set_mempolicy', [2, 0x7ffe0000, 64], 0, 'set_mempolicy without its nodes'],
    ['get_mempolicy', [0x7ffe0000, 0, 0, 0, 0], -14, 'get_mempolicy:EFAULT'],
    ['get_mempolicy', [0, 0x7ffe0000, 1, A, 2], -22, 'get_mempolicy:EINVAL'],
    ['shmat', [1, 0, 0], A, 'shmat of unknown length'],
    ['shmat', [1, 0, 0], -13, 'shmat:EACCES'],
    ['shmat', [1, 0, 0], -12, 'shmat:ENOMEM'],
    ['shmdt', [A], 0, 'shmdt of what was attached before'],
    ['munmap', [A, 4096], -1, 'munmap:EPERM'],
    ['madvise', [A, 4096, 25], 0, 'madvise:MADV_COLLAPSE'],
    ['mmap', [0, 4096, 3, MAP_ANON | 0x40000, NO_FD, 0], A, 'mmap:MAP_HUGETLB'],
    ['mmap', [0, 4096, 3, MAP_PRIVATE, 3, 0], -13, 'mmap:EACCES'],
    ['mmap', [0, 4096, 3, MAP_ANON, NO_FD, 0], -12, 'mmap:ENOMEM'],
  ])('that cannot be executed is counted and named: %s %p', async (name, values, result, counted) => {
    const { trace, lines, events } = await compiledPerf(
      ['10/10', enter(name, ...values)],
      ['10/10', exit(name, result)],
    );
    expect(trace.unmodelled).toEqual({ [counted]: 1 });
    expect(lines[0]).toBe(`0/10 ${counted}`);
    expect(events[0]).toMatchObject({ op: 12, a: BigInt(values[0] ?? 0), result: BigInt(result) });
  });

  it.each([
    ['mlock', [A, 4096], 0, 'MLOCK', { a: BigInt(A), b: 4096n, aux: 0 }],
    ['mlock2', [A, 4096, 1], 0, 'MLOCK', { a: BigInt(A), b: 4096n, aux: 1 }],
    ['munlock', [A, 4096], -12, 'MUNLOCK', { a: BigInt(A), b: 4096n }],
    ['mlockall', [3], 0, 'MLOCKALL', { a: 0n, b: 0n, aux: 3 }],
    ['munlockall', [], 0, 'MUNLOCKALL', { a: 0n, b: 0n, aux: 0 }],
    ['msync', [A, 4096, 4], -12, 'MSYNC', { a: BigInt(A), b: 4096n, aux: 4 }],
    ['mincore', [A, 4096, 0x7ffe0000], -12, 'MINCORE', { a: BigInt(A), b: 4096n }],
    ['remap_file_pages', [A, 4096, 0, 9, 0x10000], -22, 'REMAP_FILE_PAGES', { c: 0n, d: 9n, aux: 0x10000 }],
  ])('of memory that is locked or looked at is executed: %s %p', async (name, values, result, op, fields) => {
    const { trace, lines, events } = await compiledPerf(
      ['10/10', enter(name, ...values)],
      ['10/10', exit(name, result)],
    );
    expect(trace.unmodelled).toEqual({});
    expect(lines[0]).toMatch(`0/10 ${op}(`);
    expect(events[0]).toMatchObject({ ...fields, result: BigInt(result) });
  });

  it.each([
    ['mseal', [A, 4096, 0], -12, 'MSEAL', { a: BigInt(A), b: 4096n, aux: 0 }],
    ['pkey_mprotect', [A, 4096, 1, 0xffffffff], 0, 'PKEY_PROTECT', { b: 4096n, c: 1n, d: 0xffffffffn }],
    ['mbind', [A, 4096, 0x8004, 0, 0, 3], 0, 'MBIND', { a: BigInt(A), b: 4096n, c: 0n, d: 0x8004n, aux: 3 }],
    ['set_mempolicy', [4, 0, 0], 0, 'SET_MEMPOLICY', { a: 0n, c: 0n, d: 4n }],
    ['get_mempolicy', [0x7ffe0000, 0x7ffe1000, 1024, A, 2], -14, 'GET_MEMPOLICY', { a: BigInt(A), b: 0n, aux: 2 }],
    ['shmat', [7, A + 1, 0x9000], -22, 'SHMAT', { a: BigInt(A + 1), b: 0n, c: 5n, aux: 0x9000, file: 0xffffffff }],
    ['shmdt', [A], -22, 'SHMDT', { a: BigInt(A), b: 0n, file: 0xffffffff }],
  ])('that comes seldom is executed: %s %p', async (name, values, result, op, fields) => {
    const { trace, lines, events } = await compiledPerf(
      ['10/10', enter(name, ...values)],
      ['10/10', exit(name, result)],
    );
    expect(trace.unmodelled).toEqual({});
    expect(lines[0]).toMatch(`0/10 ${op}(`);
    expect(events[0]).toMatchObject({ ...fields, result: BigInt(result) });
  });

  it('refused with EPERM is executed once something was sealed', async () => {
    const { trace, lines } = await compiledPerf(
      ['10/10', enter('munmap', 0x402000, 4096)],
      ['10/10', exit('munmap', -1)],
      ['10/10', enter('mseal', 0x402000, 4096, 0)],
      ['10/10', exit('mseal', 0)],
      ['10/10', enter('munmap', 0x402000, 4096)],
      ['10/10', exit('munmap', -1)],
    );
    expect(trace.unmodelled).toEqual({ 'munmap:EPERM': 1 });
    expect(lines[2]).toBe('0/10 UNMAP(0x402000, 0x1000) = -1');
  });

  it('that failed within the address space is expected to fail', async () => {
    const { lines, trace } = await compiledPerf(
      ['10/10', enter('mmap', 0x402000, 4096, 3, MAP_ANON | 0x100000, NO_FD, 0)],
      ['10/10', exit('mmap', -17)],
      ['10/10', enter('mprotect', 0x10000, 4096, 1)],
      ['10/10', exit('mprotect', -12)],
      ['10/10', enter('mmap', 0, 0, 3, MAP_ANON, NO_FD, 0)],
      ['10/10', exit('mmap', -22)],
    );
    expect(trace.unmodelled).toEqual({});
    expect(lines.slice(0, 3)).toEqual([
      '0/10 MAP(0x402000, 0x1000) = -17',
      '0/10 PROTECT(0x10000, 0x1000) = -12',
      '0/10 MAP(0x0, 0x0) = -22',
    ]);
  });

  it('in which its thread died took effect only if the lock shows it', async () => {
    const dead: [string, string] = ['10/12', 'sched:sched_process_exit: comm=prog pid=12 prio=120 group_dead=false'];
    const birth: [string, string] = ['10/10', 'task:task_newtask: pid=12 comm=prog clone_flags=3d0f00 oom_score_adj=0'];
    const call: [string, string] = ['10/12', enter('munmap', 0x402000, 4096)];
    const waited = await compiledPerf(birth, call, ['10/12', lock('start_locking', true)], dead);
    expect(waited.trace.unmodelled).toEqual({ 'munmap that never returned': 1 });
    const done = await compiledPerf(birth, call, ['10/12', lock('released', true)], dead);
    expect(done.lines[1]).toBe('0/12 UNMAP(0x402000, 0x1000) = ?');
    expect(done.trace.warnings).toEqual([]);
  });

  it('shows the number of the call for its result when strace lost the thread inside it', async () => {
    const { trace } = await compiledPerf(['10/10', enter('munmap', 0x402000, 4096)], ['10/10', exit('munmap', 11)]);
    expect(trace.unmodelled).toEqual({ 'munmap that never returned': 1 });
  });

  it('without its beginning or its end is a sign of loss, and the first such line is told', async () => {
    const { trace } = await compiledPerf(
      ['10/10', fault(0x402000, 6)],
      ['10/10', exit('munmap', 0)],
      ['10/10', enter('munmap', 0x402000, 4096)],
      ['10/10', enter('brk', 0)],
      ['10/10', exit('brk', 0)],
    );
    expect(trace.warnings).toEqual([
      '2 calls have no beginning or no end, the first in line 4: the recorder lost something',
    ]);
  });

  it('is no loss when the recording stopped while it went on', async () => {
    const { trace } = await compiledPerf(['10/10', fault(0x402000, 6)], ['10/10', enter('munmap', 0x402000, 4096)]);
    expect(trace.warnings).toEqual([]);
  });
});

describe('a recorded fault', () => {
  it.each([
    [11, 1, -1000n],
    [11, 2, -1001n],
    [7, 2, -1002n],
  ])('ends as the signal %i with code %i tells', async (sig, code, result) => {
    const { events } = await compiledPerf(['10/10', fault(0x402000, 6)], ['10/10', signal(sig, code)]);
    expect(events[0]).toMatchObject({ op: 7, a: 0x402000n, aux: 6, result });
  });

  it('has nothing to do with a signal that a process sent, or that came after another call', async () => {
    const { events } = await compiledPerf(
      ['10/10', fault(0x402000, 6)],
      ['10/10', signal(11, 0)],
      ['10/10', fault(0x403000, 6)],
      ['10/10', enter('brk', 0)],
      ['10/10', exit('brk', 0)],
      ['10/10', signal(11, 1)],
    );
    expect(events.slice(0, 2)).toMatchObject([
      { result: 0n, flags: 0 },
      { result: 0n, flags: 0 },
    ]);
  });

  it('may end in any way when the kernel took it, or its thread died of something else', async () => {
    const { lines } = await compiledPerf(
      ['10/10', fault(0x402000, 2, 'kernel')],
      ['10/10', fault(0x403000, 6)],
      ['10/10', 'sched:sched_process_exit: comm=prog pid=10 prio=120 group_dead=true'],
    );
    expect(lines).toEqual(['0/10 FAULT(0x402000, 2) = ?', '0/10 FAULT(0x403000, 6) = ?', '0/10 EXIT_SPACE']);
  });
});

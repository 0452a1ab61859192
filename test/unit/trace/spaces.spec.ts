import {
  compiled,
  compiledPerf,
  enter,
  exit,
  fault,
  MAP_ANON,
  NO_FD,
  perf,
  section,
  BEGUN,
  strace,
  MAPS,
} from './drawn';

const OTHER = ['00500000-00501000 rw-p 00000000 fe:00 9                                  /bin/other'];
const END = enter('exit_group', 0);

describe('who acts in which address space', () => {
  it('starts in the space that the execve left, whose mappings are those of maps.initial', async () => {
    const { lines, spaces, vmas, files } = await compiledPerf(['10/10', fault(0x402000, 6)], ['10/10', END]);
    expect(lines).toEqual(['0/10 FAULT(0x402000, 6) = 0x0', '0/10 EXIT_SPACE']);
    expect(spaces).toMatchObject([{ pid: 10, parent: 0xffffffff, comm: 'prog', vma_count: 4n }]);
    expect(vmas.map(({ start, pgoff, prot, file, name }) => [start, pgoff, prot, file, name])).toEqual([
      [0x400000n, 0n, 5, 0, ''],
      [0x402000n, 2n, 3, 0, ''],
      [0x7f0000000000n, 0n, 5, 0xffffffff, '[vdso]'],
      [0x7ffd00000000n, 0x7ffd00000n, 3, 0xffffffff, ''],
    ]);
    expect(files).toMatchObject([{ name: '/bin/prog', dev_major: 0xfe, dev_minor: 0, inode: 7n, length: 0x4000n }]);
  });

  it('marks what the kernel made itself, and the stack that grows down', async () => {
    const { vmas, spaces } = await compiledPerf(['10/10', fault(0x402000, 6)]);
    expect(vmas.map(({ flags }) => flags)).toEqual([2, 2, 0x80000002, 0x102]);
    expect(Number(spaces[0]?.stack_start)).toBeGreaterThan(0x7ffd00000000);
    expect(Number(spaces[0]?.stack_start)).toBeLessThan(0x7ffd00021000);
  });

  it('takes the page offset of a stack that execve has moved from the report of its mapping', async () => {
    const { vmas } = await compiled({
      'perf.txt': perf(
        ['10/10', 'PERF_RECORD_COMM exec: prog:10/10'],
        ['10/10', 'PERF_RECORD_MMAP2 10/10: [0x7ffd00000000(0x21000) @ 0x7ffffffde000 00:00 0 0]: rw-p [stack]'],
        ['10/10', exit('execve', 0)],
        ['10/10', fault(0x402000, 6)],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(vmas[3]).toMatchObject({ start: 0x7ffd00000000n, pgoff: 0x7ffffffden });
  });

  it('counts faults while execve builds the new space to the new space', async () => {
    const { lines } = await compiled({
      'perf.txt': perf(
        ['10/10', 'PERF_RECORD_COMM exec: prog:10/10'],
        ['10/10', fault(0x403ff8, 2, 'kernel')],
        ['10/10', exit('execve', 0)],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(lines[0]).toBe('0/10 FAULT(0x403ff8, 2) = ?');
  });

  it('gives a forked child a space of its own, made in the thread of its parent', async () => {
    const { lines, spaces } = await compiledPerf(
      ['10/10', enter('clone', 0x01200011, 0, 0, 0, 0)],
      ['10/10', 'PERF_RECORD_FORK(11:11):(10:10)'],
      ['10/10', 'task:task_newtask: pid=11 comm=prog clone_flags=1200000 oom_score_adj=0'],
      ['11/11', exit('clone', 0)],
      ['11/11', fault(0x402000, 7)],
      ['10/10', exit('clone', 11)],
      ['10/10', fault(0x402000, 7)],
      ['11/11', END],
      ['11/11', 'sched:sched_process_exit: comm=prog pid=11 prio=120 group_dead=true'],
      ['10/10', END],
    );
    expect(lines).toEqual([
      '0/10 FORK 1',
      '0/10 THREAD 11',
      '1/11 FAULT(0x402000, 7) = 0x0',
      '0/10 FAULT(0x402000, 7) = 0x0',
      '1/11 EXIT_SPACE',
      '0/10 EXIT_SPACE',
    ]);
    expect(spaces[1]).toMatchObject({ pid: 11, parent: 0, vma_count: 0n });
  });

  it('lets the child of a vfork act in the space of its parent until its execve', async () => {
    const { lines, trace } = await compiled({
      'perf.txt': perf(
        ...BEGUN,
        ['10/10', enter('vfork')],
        ['10/10', 'PERF_RECORD_FORK(11:11):(10:10)'],
        ['10/10', 'task:task_newtask: pid=11 comm=prog clone_flags=4100 oom_score_adj=0'],
        ['11/11', exit('vfork', 0)],
        ['11/11', fault(0x402000, 6)],
        ['11/11', enter('execve', 0, 0, 0)],
        ['11/11', 'PERF_RECORD_COMM exec: other:11/11', 'other'],
        ['11/11', fault(0x500000, 2, 'kernel'), 'other'],
        ['11/11', exit('execve', 0), 'other'],
        ['10/10', exit('vfork', 11)],
        ['11/11', END, 'other'],
        ['10/10', END],
      ),
      'maps.initial': section(10, 'exec') + section(11, 'fork') + section(11, 'exec', OTHER, 'other'),
      'maps.final': section(11, 'exit', OTHER, 'other') + section(10, 'exit'),
    });
    expect(lines).toEqual([
      '0/10 THREAD 11',
      '0/11 FAULT(0x402000, 6) = 0x0',
      '0/11 EXEC 1',
      '1/11 FAULT(0x500000, 2) = ?',
      '1/11 EXIT_SPACE',
      '0/10 EXIT_SPACE',
    ]);
    expect(trace.spaces.map(({ pid, comm, expected }) => [pid, comm, expected?.length])).toEqual([
      [10, 'prog', 4],
      [11, 'other', 1],
    ]);
  });

  it('does not end the space of a parent with the child of a vfork', async () => {
    const { lines } = await compiledPerf(
      ['10/10', enter('vfork')],
      ['10/10', 'task:task_newtask: pid=11 comm=prog clone_flags=4100 oom_score_adj=0'],
      ['11/11', exit('vfork', 0)],
      ['11/11', END],
      ['11/11', 'sched:sched_process_exit: comm=prog pid=11 prio=120 group_dead=true'],
      ['10/10', exit('vfork', 11)],
      ['10/10', fault(0x402000, 6)],
      ['10/10', END],
    );
    expect(lines).toEqual(['0/10 THREAD 11', '0/10 FAULT(0x402000, 6) = 0x0', '0/10 EXIT_SPACE']);
  });

  it('replaces the space at a second execve of one process, and compares only the last', async () => {
    const { lines, trace } = await compiled({
      'perf.txt': perf(
        ...BEGUN,
        ['10/10', enter('execve', 0, 0, 0)],
        ['10/10', 'PERF_RECORD_COMM exec: other:10/10', 'other'],
        ['10/10', exit('execve', 0), 'other'],
        ['10/10', fault(0x500000, 6), 'other'],
        ['10/10', END, 'other'],
      ),
      'maps.initial': section(10, 'exec') + section(10, 'exec', OTHER, 'other'),
      'maps.final': section(10, 'exit', OTHER, 'other'),
    });
    expect(lines).toEqual(['0/10 EXEC 1', '1/10 FAULT(0x500000, 6) = 0x0', '1/10 EXIT_SPACE']);
    expect(trace.spaces.map(({ expected }) => expected?.length)).toEqual([undefined, 1]);
  });

  it('builds the layout behind an execve from the reports of its mappings when no section has it', async () => {
    const { vmas, spaces } = await compiled({
      'perf.txt': perf(
        ...BEGUN,
        ['10/10', enter('execve', 0, 0, 0)],
        ['10/10', 'PERF_RECORD_COMM exec: other:10/10', 'other'],
        ['10/10', 'PERF_RECORD_MMAP2 10/10: [0x500000(0x3000) @ 0 fe:00 9 1]: r--p /bin/other', 'other'],
        ['10/10', 'PERF_RECORD_MMAP2 10/10: [0x501000(0x1000) @ 0x1000 fe:00 9 1]: r-xp /bin/other', 'other'],
        ['10/10', 'PERF_RECORD_MMAP2 10/10: [0x600000(0x1000) @ 0x600000 00:00 0 0]: rw-p //anon', 'other'],
        ['10/10', exit('execve', 0), 'other'],
        ['10/10', fault(0x600000, 6), 'other'],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(spaces[1]).toMatchObject({ vma_count: 4n });
    expect(vmas.slice(4).map(({ start, end, pgoff, prot }) => [start, end, pgoff, prot])).toEqual([
      [0x500000n, 0x501000n, 0n, 1],
      [0x501000n, 0x502000n, 1n, 5],
      [0x502000n, 0x503000n, 2n, 1],
      [0x600000n, 0x601000n, 0x600n, 3],
    ]);
  });

  it('leaves out, and tells so, what happens in a program whose layout nothing shows', async () => {
    const { lines, trace } = await compiled({
      'strace.txt': strace(
        [10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000 /* 4 vars */) = 0'],
        [10, 'vfork( <unfinished ...>'],
        [11, 'execve("/bin/other", ["other"], 0x7ffd00020000 /* 4 vars */) = 0'],
        [10, '<... vfork resumed>)               = 11'],
        [11, 'brk(NULL)                         = 0x555500000000'],
        [11, 'munmap(0x7f0000000000, 4096)      = 0'],
        [11, '+++ exited with 0 +++'],
        [10, 'munmap(0x402000, 4096)            = 0'],
        [10, '+++ exited with 0 +++'],
      ),
      'strace.maps.initial': section(10, 'exec'),
    });
    expect(lines).toEqual(['0/10 THREAD 11', '0/10 UNMAP(0x402000, 0x1000) = 0x0', '0/10 EXIT_SPACE']);
    expect(trace.warnings.join('\n')).toMatch(/process 11: 2 steps left out, .*strace\.maps\.initial.*other/);
  });

  it('makes threads of clone in one space, whatever names they give themselves', async () => {
    const { lines, threads } = await compiledPerf(
      ['10/10', enter('clone3', 0x7ffd00020000, 88)],
      ['10/10', 'PERF_RECORD_FORK(10:12):(10:10)'],
      ['10/10', 'task:task_newtask: pid=12 comm=prog clone_flags=3d0f00 oom_score_adj=0'],
      ['10/10', exit('clone3', 12)],
      ['10/12', exit('clone3', 0)],
      ['10/12', 'PERF_RECORD_COMM: GC Thread#0: a/b:10/12'],
      ['10/12', enter('mmap', 0, 4096, 3, MAP_ANON, NO_FD, 0), 'GC Thread#0: a/b'],
      ['10/12', exit('mmap', 0x7f0000010000), 'GC Thread#0: a/b'],
    );
    expect(lines.slice(0, 2)).toEqual(['0/10 THREAD 12', '0/12 MAP(0x0, 0x1000) = 0x7f0000010000']);
    expect(threads[1]).toEqual({ tid: 12, pid: 10, comm: 'GC Thread#0: a/b' });
  });

  it('tells apart two processes that had the same number', async () => {
    const child = (n: number): [string, string][] => [
      ['10/10', enter('fork')],
      ['10/10', 'PERF_RECORD_FORK(11:11):(10:10)'],
      ['10/10', exit('fork', 11)],
      ['11/11', exit('fork', 0)],
      ['11/11', fault(0x402000 + 4096 * n, 7)],
      ['11/11', END],
      ['11/11', 'sched:sched_process_exit: comm=prog pid=11 prio=120 group_dead=true'],
    ];
    const { lines } = await compiledPerf(...child(0), ...child(1));
    expect(lines.filter((line) => line.includes('/11'))).toEqual([
      '1/11 FAULT(0x402000, 7) = 0x0',
      '1/11 EXIT_SPACE',
      '2/11 FAULT(0x403000, 7) = 0x0',
      '2/11 EXIT_SPACE',
    ]);
  });

  it('finds the process of a thread by its birth where lines do not tell it', async () => {
    const text = perf(
      ['10', exit('execve', 0)],
      ['10', 'task:task_newtask: pid=12 comm=prog clone_flags=3d0f00 oom_score_adj=0'],
      ['12', fault(0x402000, 6)],
      ['10', 'task:task_newtask: pid=13 comm=prog clone_flags=1200000 oom_score_adj=0'],
      ['13', fault(0x402000, 7)],
    );
    const { lines } = await compiled({ 'perf-default.txt': text, 'maps.initial': section(10, 'exec') });
    expect(lines.slice(0, 5)).toEqual([
      '0/10 THREAD 12',
      '0/12 FAULT(0x402000, 6) = 0x0',
      '0/10 FORK 1',
      '0/10 THREAD 13',
      '1/13 FAULT(0x402000, 7) = 0x0',
    ]);
  });

  it('makes the heap of a program that was running already by a brk', async () => {
    const heap = '01000000-01021000 rw-p 00000000 00:00 0                                  [heap]';
    const { lines, spaces, vmas } = await compiled({
      'perf.txt': perf(['10/10', enter('brk', 0)], ['10/10', exit('brk', 0x1020800)], ['10/10', fault(0x402000, 6)]),
      'maps.initial': `${[MAPS[0], MAPS[1], heap, MAPS[2], MAPS[3]].join('\n')}\n`,
    });
    expect(spaces[0]).toMatchObject({ brk_start: 0x1000000n });
    expect(vmas).toHaveLength(4);
    expect(lines.slice(0, 2)).toEqual(['0/10 BRK(0x1020800) = 0x1020800', '0/10 BRK(0x0) = 0x1020800']);
  });
});

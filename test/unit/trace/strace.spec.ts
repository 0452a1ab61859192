import { Strace, isStrace } from '../../../lib/trace/strace';
import type { Recorded } from '../../../lib/trace/recorded';
import { splitArguments } from '../../../lib/trace/strace-text';
import { BadLine } from '../../../lib/trace/text-source';

function read(...lines: readonly string[]): Recorded[] {
  return readOf(7, lines);
}

/** What lines tell when the first process has this number. */
function readOf(pid: number | undefined, lines: readonly string[]): Recorded[] {
  const events: Recorded[] = [];
  const grammar = new Strace((event) => events.push(event), pid);
  for (const [n, line] of lines.entries()) grammar.read(line, n + 1);
  return events;
}

/** Arguments, path and result of a call that stands on one line. */
function call(body: string): unknown[] {
  const [enter, exit] = read(`10 1.000000 ${body}`).map(({ what }) => what);
  if (enter?.kind !== 'enter' || exit?.kind !== 'exit') throw new Error(`no call: ${body}`);
  return [enter.name, enter.call?.values, enter.call?.path, exit.result];
}

describe('a call in the text of strace', () => {
  it.each([
    ['brk(NULL)                         = 0x55ac77412000', ['brk', [0n], undefined, 0x55ac77412000n]],
    ['munmap(0x7f12750eb000, 8192)      = 0 <0.000089>', ['munmap', [0x7f12750eb000n, 8192n], undefined, 0n]],
    [
      'mmap(NULL, 44835, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7f41a089a000 <0.000080>',
      ['mmap', [0n, 44835n, 1n, 2n, 3n, 0n], '/etc/ld.so.cache', 0x7f41a089a000n],
    ],
    [
      'mmap(0x7f41a089a000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0x1000) = 0x7f41a089a000',
      ['mmap', [0x7f41a089a000n, 4096n, 3n, 0x32n, 0xffffffffffffffffn, 0x1000n], undefined, 0x7f41a089a000n],
    ],
    [
      'mmap(NULL, 4096, PROT_NONE, MAP_SHARED|MAP_HUGETLB|21<<MAP_HUGE_SHIFT|0x80, 4</a, b (x)>(deleted), 0) = -1 ENOMEM (Cannot allocate memory)',
      [
        'mmap',
        [0n, 4096n, 0n, 1n | 0x40000n | (21n << 26n) | 0x80n, 4n, 0n],
        '/a, b (x) (deleted)',
        0xfffffffffffffff4n,
      ],
    ],
    [
      'mmap(NULL, 4096, PROT_NONE, MAP_FILE, 5</dev/zero<char 1:5>>, 0) = -1 EINVAL (Invalid argument)',
      ['mmap', [0n, 4096n, 0n, 0n, 5n, 0n], '/dev/zero', 0xffffffffffffffean],
    ],
    [
      'mremap(0x7f12750eb000, 8192, 4096, MREMAP_MAYMOVE) = 0x7f12750eb000',
      ['mremap', [0x7f12750eb000n, 8192n, 4096n, 1n, 0n], undefined, 0x7f12750eb000n],
    ],
    ['madvise(0x7f12750eb000, 8192, MADV_DONTNEED) = 0', ['madvise', [0x7f12750eb000n, 8192n, 4n], undefined, 0n]],
    [
      'madvise(0x7f12750eb000, 8192, 0x63 /* MADV_??? */) = -1 EINVAL (Invalid argument)',
      ['madvise', [0x7f12750eb000n, 8192n, 0x63n], undefined, 0xffffffffffffffean],
    ],
    [
      'syscall_0x1ce(0x7fe683cf4000, 0x1000, 0x1, 0x7fe683cf4000, 0, 0) = -1 EINVAL (Invalid argument)',
      ['mseal', [0x7fe683cf4000n, 4096n, 1n], undefined, 0xffffffffffffffean],
    ],
    [
      'pkey_mprotect(0x7fe683cf4000, 4096, PROT_READ, -1) = 0',
      ['pkey_mprotect', [0x7fe683cf4000n, 4096n, 1n, 0xffffffffffffffffn], undefined, 0n],
    ],
    [
      'get_mempolicy([0x8002 /* MPOL_??? */], [0x00000000000001, 0000000000000000], 128, 0x7000, MPOL_F_ADDR) = 0',
      ['get_mempolicy', [1n, 1n, 128n, 0x7000n, 2n], undefined, 0n],
    ],
    ['shmget(0x1234, 8192, IPC_CREAT|0600) = 1', ['shmget', [0x1234n, 8192n, 0n], undefined, 1n]],
  ])('is read: %s', (text, expected) => {
    expect(call(text)).toEqual(expected);
  });

  it('that was cut in two is put together, wherever the comma stands', () => {
    const whole = (begin: string, rest: string): unknown =>
      read(
        `10 1.000000 ${begin} <unfinished ...>`,
        '11 1.000001 brk(NULL) = 0x1000',
        `10 1.000002 <... munmap resumed>${rest}`,
      )
        .filter(({ tid }) => tid === 10)
        .map(({ what }) => what)
        .at(-1);
    const expected = { kind: 'exit', name: 'munmap', result: 0n, call: { values: [0x1000n, 4096n] } };
    expect(whole('munmap(0x1000, 4096', ')   = 0')).toMatchObject(expected);
    expect(whole('munmap(0x1000,', ' 4096) = 0 <0.000089>')).toMatchObject(expected);
  });

  it('that was resumed must have begun, but for one that was under way when the recording began', () => {
    const resumed = '10 1.000000 <... munmap resumed>) = 0';
    expect(read(resumed)).toEqual([]);
    expect(() => read('10 1.000000 brk(NULL) = 0x1000', resumed)).toThrow(/thread 10 had not begun it/);
  });

  it('that never returned has no result', () => {
    expect(call('munmap(0x1000, 4096) = ? <unavailable>')[3]).toBeUndefined();
    const [enter] = read('10 1.000000 munmap(0x1000, 4096 <unfinished ...>) = ?');
    expect(enter?.what).toMatchObject({ kind: 'enter', name: 'munmap' });
  });

  it('tells the flags of a clone, of which names that do not matter may be unknown', () => {
    const [enter] = read(
      '10 1.000000 clone3({flags=CLONE_VM|CLONE_NEWTHING|CLONE_THREAD, exit_signal=0, stack=0x7f81089ff000} => {parent_tid=[3987]}, 88) = 3987',
    );
    expect(enter?.what).toMatchObject({ kind: 'enter', name: 'clone3', call: { cloneFlags: 0x10100 } });
  });

  it.each([
    ['munmap(0x1000) = 0', /munmap has 2 arguments, here are 1/],
    ['mmap(NULL, 1, PROT_FANCY, MAP_PRIVATE, -1, 0) = 0x1000', /unknown flag "PROT_FANCY"/],
    ['munmap(0x10zz, 4096) = 0', /not a number: "0x10zz"/],
    ['munmap(0x1000, 4096) = -1 EWHATEVER (No idea)', /unknown error EWHATEVER/],
    ['munmap(0x1000, 4096) = -5000', /is not the result of a system call/],
    ['what is this', /not a line of strace/],
  ])('is refused when it makes no sense: %s', (text, why) => {
    expect(() => read(`10 1.000000 ${text}`)).toThrow(BadLine);
    expect(() => read(`10 1.000000 ${text}`)).toThrow(why);
  });
});

describe('a line of strace', () => {
  it.each([
    ['10 1795421372.117662 brk(NULL) = 0', 10],
    ['[pid 32607] 1795421372.117662 brk(NULL) = 0', 32607],
    ['[pid    11] brk(NULL) = 0', 11],
    ['1795421372.117662 brk(NULL) = 0', 7],
    ['brk(NULL) = 0', 7],
    ['10 12:34:56.117662 brk(NULL) = 0', 10],
    ['10 1795421372.117662001 brk(NULL) = 0 <0.000000123>', 10],
  ])('names its thread, or belongs to the only one there is: %s', (text, tid) => {
    expect(isStrace(text)).toBe(true);
    expect(read(text)[0]).toMatchObject({ tid, what: { name: 'brk' } });
  });

  it('may be broken off where strace tells that it follows a new thread', () => {
    const events = readOf(undefined, [
      'clone(child_stack=NULL, flags=SIGCHLDstrace: Process 8 attached',
      ', child_tidptr=0x7ffff7dd0a10) = 8',
      '[pid     8] brk(NULL) = 0x1000',
      '[pid  7000] munmap(0x1000, 4096 <unfinished ...>',
      'strace: Process 9 attached',
      '[pid  7000] <... munmap resumed>) = 0',
      '[pid     8] +++ exited with 0 +++',
      '[pid  7000] +++ exited with 0 +++',
      'brk(NULL) = 0x2000',
    ]);
    expect(events.map(({ tid, what }) => [tid, what.kind, 'name' in what ? what.name : ''])).toEqual([
      [1, 'enter', 'clone'],
      [1, 'exit', 'clone'],
      [8, 'enter', 'brk'],
      [8, 'exit', 'brk'],
      [1, 'enter', 'munmap'],
      [1, 'exit', 'munmap'],
      [8, 'death', ''],
      [1, 'death', ''],
      [9, 'enter', 'brk'],
      [9, 'exit', 'brk'],
    ]);
  });

  it('may tell where the call was made (-i) and have the callers below it (-k)', () => {
    const events = read(
      '10 1.000000 [00007ffff7e84ad7] brk(NULL) = 0x1000',
      ' > /lib/ld.so(_dl_start+0x26f0) [0x1ab70]',
    );
    expect(events).toHaveLength(2);
  });

  it('tells the end of a thread', () => {
    const ends = ['+++ exited with 0 +++', '+++ killed by SIGKILL +++', '+++ killed by SIGSEGV (core dumped) +++'];
    for (const end of ends) expect(read(`10 1.000000 ${end}`)[0]?.what).toMatchObject({ kind: 'death' });
  });

  it('tells that an execve gave one thread the place of another', () => {
    expect(read('10 1.000000 +++ superseded by execve in pid 12 +++')[0]?.what).toEqual({ kind: 'superseded', by: 12 });
  });

  it.each(['MIT License', 'x = 1', '', 'prog 10/12 [001] 4628.065230681: syscalls:sys_exit_brk: 0x0'])(
    'is not "%s"',
    (text) => {
      expect(isStrace(text)).toBe(false);
    },
  );
});

describe('the arguments of a call', () => {
  it.each([
    ['', []],
    ['1, 2', ['1', '2']],
    ['"a, \\"b", [1, 2], {x=1, y={2, 3}}, 4', ['"a, \\"b"', '[1, 2]', '{x=1, y={2, 3}}', '4']],
    ['3</a, b>, 0', ['3</a, b>', '0']],
    ['3<socket:[1, 2]<x>>, 21<<MAP_HUGE_SHIFT, 0', ['3<socket:[1, 2]<x>>', '21<<MAP_HUGE_SHIFT', '0']],
    ['0x1 /* a, b */, 2', ['0x1 /* a, b */', '2']],
    ['"never closed, 1', ['"never closed, 1']],
  ])('are separated by the commas outside of brackets and strings: %s', (text, parts) => {
    expect(splitArguments(text)).toEqual(parts);
  });
});

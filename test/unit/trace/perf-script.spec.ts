import { PerfScript, isPerfScript } from '../../../lib/trace/perf-script';
import type { Recorded } from '../../../lib/trace/recorded';
import { BadLine } from '../../../lib/trace/text-source';

const HEAD = '       prog 10/12    [001]  4628.065230681:            ';

function read(...lines: readonly string[]): { events: Recorded[]; ignored: Record<string, number> } {
  const events: Recorded[] = [];
  const grammar = new PerfScript((event) => events.push(event));
  for (const [n, line] of lines.entries()) grammar.read(line, n + 1);
  return { events, ignored: Object.fromEntries(grammar.ignored) };
}

/** What one line tells. */
const what = (text: string): unknown => read(HEAD + text).events[0]?.what;

describe('the head of a line of perf script', () => {
  it.each([
    ['prog', '            prog 10/12 [001] 4628.065230681: '],
    ['GC Thread#0', '     GC Thread#0 10/12    [001]  4628.065230681:       '],
    ['Reference Handl', ' Reference Handl 10/12    [001]  4628.065230681: '],
    ['a/b:c [x] 1', '     a/b:c [x] 1 10/12 [001] 4628.065230681: '],
    [':12', '             :12 10/12 [001] 4628.065230681: '],
    ['prog', 'prog 10/12 4628.065230681: '],
  ])('takes "%s" for the name of a thread', (comm, head) => {
    const [event] = read(`${head}syscalls:sys_exit_brk: 0x1000`).events;
    expect(event).toMatchObject({ line: 1, timeNs: 0, tid: 12, pid: 10, comm, what: { kind: 'exit', name: 'brk' } });
  });

  it('counts time from the first line, in nanoseconds, whether six digits or nine are printed', () => {
    const at = (time: string): string => `prog 1/1 [000] ${time}: syscalls:sys_exit_brk: 0x0`;
    expect(read(at('5.999999990'), at('6.000000010')).events[1]?.timeNs).toBe(20);
    expect(read(at('5.999999'), at('6.000001')).events[1]?.timeNs).toBe(2000);
    expect(read(at('5.000001'), at('5.000000')).events[1]?.timeNs).toBe(0);
  });

  it('reads the plain form, which tells the thread only', () => {
    const [event] = read('     GC Thread#0  8817 [001]  4628.065230:   syscalls:sys_exit_brk: 0x0').events;
    expect(event).toMatchObject({ tid: 8817, pid: undefined, comm: 'GC Thread#0' });
  });

  it('knows none for a pid of -1', () => {
    const line =
      ' prog    -1/-1    [000]  1.000000000: sched:sched_process_exit: comm=prog pid=12 prio=120 group_dead=false';
    expect(read(line).events[0]).toMatchObject({
      pid: undefined,
      tid: -1,
      what: { kind: 'death', tid: 12, last: false },
    });
  });

  it.each(['MIT License', '{"a": 1}', '10 1.0 brk(NULL) = 0', `${' '.repeat(100_000)}x`])(
    'is not in "%.20s"',
    (text) => {
      expect(isPerfScript(text)).toBe(false);
    },
  );
});

describe('an event of perf script', () => {
  it.each([
    [
      'syscalls:sys_enter_munmap: addr: 0x7f66b20aa000, len: 0x00001000',
      { kind: 'enter', name: 'munmap', call: { values: [0x7f66b20aa000n, 0x1000n] } },
    ],
    ['syscalls:sys_exit_mmap: 0xfffffffffffffff4', { kind: 'exit', name: 'mmap', result: 0xfffffffffffffff4n }],
    ['raw_syscalls:sys_enter: NR 11 (7f66b20aa000, 1000, 3, 22, ffffffff, 0)', { kind: 'enter', name: 'munmap' }],
    ['raw_syscalls:sys_exit: NR 9 = 140002140459008', { kind: 'exit', name: 'mmap', result: 140002140459008n }],
    ['raw_syscalls:sys_exit: NR 9 = -12', { kind: 'exit', name: 'mmap', result: 0xfffffffffffffff4n }],
    [
      'exceptions:page_fault_user: address=0x7fc46b89bb70 ip=0x7fc46b89bb70 error_code=0x14',
      { kind: 'fault', address: 0x7fc46b89bb70n, code: 0x14 },
    ],
    [
      'exceptions:page_fault_kernel: address=0x53d108 ip=rep_stos_alternative error_code=0x2',
      { kind: 'fault', address: 0x53d108n, code: 2 },
    ],
    [
      'signal:signal_deliver: sig=11 errno=0 code=2 sa_handler=563d90e552a7 sa_flags=c000004',
      { kind: 'signal', signal: 11, code: 2 },
    ],
    [
      'mmap_lock:mmap_lock_acquire_returned: mm=0xffff8881162fddc0 memcg_id=5187 write=true success=false',
      { kind: 'lock', phase: 'acquired', mm: '0xffff8881162fddc0', write: true, success: false },
    ],
    [
      'task:task_newtask: pid=23222 comm=a b clone_flags=4100 oom_score_adj=0',
      { kind: 'birth', tid: 23222, pid: undefined, flags: 0x4100, parentTid: 12 },
    ],
    [
      'sched:sched_process_exec: filename=/usr/bin/my gcc pid=23215 old_pid=23216',
      { kind: 'exec', comm: '', oldTid: 23216, final: true },
    ],
    ['PERF_RECORD_COMM exec: gcc:23215/23215', { kind: 'exec', comm: 'gcc', oldTid: undefined, final: false }],
    ['PERF_RECORD_COMM: a:b/c:1/2', { kind: 'rename', comm: 'a:b/c' }],
    ['PERF_RECORD_FORK(23222:23223):(23215:23216)', { kind: 'birth', tid: 23223, pid: 23222, parentTid: 23216 }],
    ['PERF_RECORD_EXIT(23222:23223):(23215:23216)', { kind: 'death', tid: 23223, last: false }],
    ['PERF_RECORD_LOST lost 58', { kind: 'lost', count: 58 }],
    ['PERF_RECORD_LOST_SAMPLES lost 3', { kind: 'lost', count: 3 }],
    [
      'PERF_RECORD_MMAP2 10/12: [0x7fc46b87f000(0x2000) @ 0x1000 8:1 42 7]: r-xs /tmp/a file (deleted)',
      {
        kind: 'mapping',
        mapping: {
          start: 0x7fc46b87f000,
          length: 0x2000,
          offset: 0x1000,
          dev: '08:01',
          inode: 42,
          perms: 'r-xs',
          name: '/tmp/a file (deleted)',
          identified: true,
        },
      },
    ],
    [
      'PERF_RECORD_MMAP2 10/12: [0x7fc46b87f000(0x2000) @ 0 <5ac5d1e5f6e3>]: r-xp /bin/x',
      { kind: 'mapping', mapping: { dev: '00:00', inode: 0, name: '/bin/x', identified: false } },
    ],
  ])('is read: %s', (text, expected) => {
    expect(what(text)).toMatchObject(expected);
  });

  it('is counted by its name when it does not matter', () => {
    const { events, ignored } = read(
      `${HEAD}sched:sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b next_pid=2`,
      `${HEAD}PERF_RECORD_SWITCH_CPU_WIDE OUT preempt  next pid/tid: 12965/12965`,
      `${HEAD}syscalls:sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f0000000000, flags: 0x00080000, mode: 0x00000000`,
      `${HEAD}raw_syscalls:sys_enter: NR 257 (ffffff9c, 7f0000000000, 80000, 0, 0, 0)`,
      `${HEAD}1 page-faults:u:      7f8673bd0b70 _start+0x0 (/usr/lib/ld.so)`,
      `${HEAD}exceptions:page_fault_kernel: address=init_task ip=x error_code=0x2`,
    );
    expect(events).toEqual([]);
    expect(Object.keys(ignored)).toEqual([
      'sched:sched_switch',
      'PERF_RECORD_SWITCH_CPU_WIDE',
      'openat',
      'system call 257',
      'page-faults',
      'fault on a kernel address',
    ]);
  });

  it('may have a call chain below it, and a blank line', () => {
    const { events, ignored } = read(
      `${HEAD}syscalls:sys_exit_brk: 0x0`,
      '\t    7f8673bd0b70 brk+0xb (/lib/libc.so.6)',
      '',
    );
    expect(events).toHaveLength(1);
    expect(ignored).toEqual({ 'call chain': 1 });
  });

  it.each([
    ['syscalls:sys_enter_mmap: addr: 0x0, len: 0x1000', /mmap has 6 arguments, here are 2/],
    ['syscalls:sys_enter_munmap: addr: 0xnonsense, len: 0x1000', /munmap has 2 arguments/],
    ['syscalls:sys_exit_mmap: ???', /cannot read this result/],
    ['syscalls:sys_exit_mmap: 0x8000000000000000', /is not the result of a system call/],
    ['raw_syscalls:sys_exit: NR 9 = -5000', /is not the result of a system call/],
    ['raw_syscalls:sys_enter: NR 9 (0, 2 0, 3, 22, 1, 0)', /cannot read this system call/],
    ['exceptions:page_fault_user: address=0x10', /cannot read this fault/],
    ['PERF_RECORD_MMAP2 10/12: [0x7fc4', /cannot read this record/],
    ['PERF_RECORD_LOST', /cannot read this record/],
    ['raw_syscalls:sys_enter: NR 9 (0, 20', /cannot read this system call/],
  ])('is refused when it is not whole: %s', (text, why) => {
    expect(() => what(text)).toThrow(BadLine);
    expect(() => what(text)).toThrow(why);
  });

  it('is refused without a head, however long the line is', () => {
    expect(() => read(`${HEAD}syscalls:sys_exit_brk: 0x0`, 'what is this')).toThrow(/not a line of perf script/);
    expect(() => read(`${HEAD}syscalls:sys_exit_brk: 0x0`, `${' '.repeat(500_000)}x`)).toThrow(BadLine);
  });
});

describe('what perf says about losses', () => {
  const lost = (...lines: string[]): number[] =>
    read(`${HEAD}syscalls:sys_exit_brk: 0x0`, ...lines).events.flatMap(({ what: it }) =>
      it.kind === 'lost' ? it.count : [],
    );

  it('counts when no record told it', () => {
    expect(lost('Warning:', 'Processed 48120 events and lost 3 chunks!', '', 'Check IO/CPU overload!')).toEqual([3]);
    expect(lost('Processed 1000 samples and lost 12.5%!')).toEqual([125]);
  });

  it('is not counted twice', () => {
    expect(lost(`${HEAD}PERF_RECORD_LOST lost 58`, 'Processed 48120 events and lost 1 chunks!')).toEqual([58]);
  });
});

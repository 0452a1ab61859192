/** process_madvise: whose space, which ranges, and how far a list came. */
import { compiled, type Drawn, section, strace } from './drawn';

const LIST = '[{iov_base=0x402000, iov_len=4096}, {iov_base=0x403000, iov_len=100}, {iov_base=NULL, iov_len=8192}]';

function advised(...lines: readonly (readonly [number, string])[]): Promise<Drawn> {
  return compiled({
    'strace.txt': strace([10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000 /* 4 vars */) = 0'], ...lines),
    'maps.initial': section(10, 'exec'),
  });
}

describe('advice for a process', () => {
  it('is an event for each range that was tried', async () => {
    const { events, lines } = await advised([10, `process_madvise(-10000, ${LIST}, 3, MADV_DONTNEED, 0) = 4196`]);
    expect(lines.slice(0, 3)).toEqual([
      '0/10 PROCESS_ADVISE(0x402000, 0x1000) = 0x1000',
      '0/10 PROCESS_ADVISE(0x403000, 0x64) = 0x64',
      '0/10 PROCESS_ADVISE(0x0, 0x2000) = ?',
    ]);
    expect(events[0]).toMatchObject({ c: 0n, d: 0n, aux: 4 });
  });

  it('acts in the space of the process that it is for', async () => {
    const { events, lines } = await advised(
      [10, 'clone(child_stack=NULL, flags=SIGCHLD) = 11'],
      [10, `process_madvise(5<pid:11>, ${LIST}, 3, MADV_COLD, 0) = 4096`],
    );
    expect(lines[2]).toBe('1/10 PROCESS_ADVISE(0x402000, 0x1000) = 0x1000');
    expect(events[2]).toMatchObject({ c: 1n, aux: 20 });
  });

  it.each([
    ['0x1) = -1 EINVAL (Invalid argument)', '0/10 PROCESS_ADVISE(0x402000, 0x1000) = -22', 1n],
    ['0) = -1 EFAULT (Bad address)', '0/10 PROCESS_ADVISE(0x7fffffffe000, 0x2000) = -14', 0n],
  ])('that was refused is one event: %s', async (rest, line, flags) => {
    const list = '[{iov_base=0x402000, iov_len=4096}, {iov_base=0x7fffffffe000, iov_len=8192}]';
    const { events, lines } = await advised([10, `process_madvise(-10000, ${list}, 2, MADV_COLD, ${rest}`]);
    expect(lines).toEqual([line, '0/10 EXIT_SPACE']);
    expect(events[0]).toMatchObject({ d: flags });
  });

  it.each([
    [`process_madvise(5, ${LIST}, 3, MADV_COLD, 0) = 4096`, 'process_madvise of an unknown process'],
    [`process_madvise(5<pid:99>, ${LIST}, 3, MADV_COLD, 0) = 4096`, 'process_madvise of an unknown process'],
    [
      'process_madvise(5<pid:10>, 0x1, 1, MADV_COLD, 0) = -1 EFAULT (Bad address)',
      'process_madvise without its ranges',
    ],
    [`process_madvise(5<pid:10>, ${LIST}, 3, MADV_COLLAPSE, 0) = 4096`, 'process_madvise:MADV_COLLAPSE'],
    [`process_madvise(5<pid:10>, ${LIST}, 3, MADV_COLD, 0) = -1 ESRCH (No such process)`, 'process_madvise:ESRCH'],
  ])('is counted where it cannot be executed: %s', async (call, counted) => {
    const { trace } = await advised([10, call]);
    expect(trace.unmodelled).toEqual({ [counted]: 1 });
  });
});

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chmodSync, mkdirSync } from 'node:fs';
import { compileTrace } from '../../../lib/trace/compile';
import { BEGUN, compiled, enter, exit, fault, type Files, perf, section, strace, withFiles } from './drawn';

const TEXT = perf(...BEGUN, ['10/10', fault(0x402000, 6)], ['10/10', enter('brk', 0)], ['10/10', exit('brk', 0x1000)]);
const MAPS = section(10, 'exec');
const STRACE = strace([10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000) = 0'], [10, 'munmap(0x402000, 4096) = 0']);

/** The sentence that refuses a folder with these files, without the folder's own name. */
async function refusal(files: Files, name = ''): Promise<string> {
  return withFiles(files, async (folder) => {
    const error: unknown = await compileTrace(join(folder, name)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TraceError', code: 'ERR_VMALOCK_BAD_TRACE' });
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    return message.replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER');
  });
}

describe('a trace', () => {
  it.each([
    ['plain', { 'perf.txt': TEXT, 'maps.initial': MAPS }],
    ['gzip', { 'perf.txt.gz': gzipSync(TEXT), 'maps.initial.gz': gzipSync(MAPS) }],
    ['of another system', { 'perf.txt': TEXT.replaceAll('\n', '\r\n'), 'maps.initial': MAPS.replaceAll('\n', '\r\n') }],
    ['with remarks', { 'trace.txt': `# captured on: now\n\n${TEXT}\n`, 'maps.initial': `${MAPS}\n` }],
    ['beside layouts without a header', { 'perf.txt': TEXT, 'maps.initial': MAPS.replace(/^#.*\n/, '') }],
  ])('may be %s', async (_, files) => {
    const { lines, trace } = await compiled(files);
    expect(lines).toEqual(['0/10 FAULT(0x402000, 6) = 0x0', '0/10 BRK(0x0) = 0x1000', '0/10 EXIT_SPACE']);
    expect(trace).toMatchObject({ format: 'perf', events: 3, threads: 1, lostEvents: 0, unmodelled: {}, warnings: [] });
  });

  it('may be named by its file or by its folder, in which perf comes before strace', async () => {
    await withFiles({ 'perf.txt': TEXT, 'strace.txt': STRACE, 'maps.initial': MAPS }, async (folder) => {
      expect(await compileTrace(folder)).toMatchObject({ format: 'perf' });
      expect(await compileTrace(join(folder, 'strace.txt'))).toMatchObject({ format: 'strace', name: 'strace.txt' });
      expect(await compileTrace(`${folder}/`)).toMatchObject({ name: folder.slice(folder.lastIndexOf('/') + 1) });
    });
  });

  it('takes the layouts of strace where there are some', async () => {
    const { spaces } = await compiled({
      'strace.txt': STRACE,
      'maps.initial': section(10, 'exec', ['00400000-00401000 r-xp 00000000 00:00 0']),
      'strace.maps.initial': MAPS,
    });
    expect(spaces[0]).toMatchObject({ vma_count: 4n });
  });

  it('tells what it lost, what is not in it and what was left out', async () => {
    const { trace } = await compiled({
      'perf.txt':
        TEXT +
        perf(
          ['10/10', 'PERF_RECORD_LOST lost 58'],
          ['10/10', 'PERF_RECORD_LOST lost 2'],
          ['10/10', 'sched:sched_switch: x'],
        ),
      'maps.initial': MAPS,
    });
    expect(trace.lostEvents).toBe(60);
    expect(trace.warnings).toEqual(['lines that are not replayed: sched:sched_switch 1']);
    const second = await compiled({ 'strace.txt': STRACE, 'maps.initial': MAPS });
    expect(second.trace.warnings).toEqual([expect.stringContaining('strace shows no page faults')]);
  });

  it('may be of another run than its layouts when strace wrote it, and tells so', async () => {
    const { trace } = await compiled({
      'strace.txt': STRACE,
      'maps.initial': section(99, 'exec'),
      'maps.final': section(99, 'exit'),
    });
    expect(trace.spaces).toMatchObject([{ pid: 10, expected: { length: 4 } }]);
    expect(trace.warnings[1]).toMatch(/maps\.initial are of process 99, another run; they are taken for those of 10$/);
  });

  it('has no layout to compare with where none was recorded', async () => {
    const { trace } = await compiled({ 'perf.txt': TEXT, 'maps.initial': MAPS });
    expect(trace.spaces).toEqual([{ index: 0, pid: 10, comm: 'prog' }]);
  });
});

describe('what is no trace is refused in one sentence with file and line:', () => {
  const packed = gzipSync(TEXT.repeat(50));

  it.each<[string, Files, string, RegExp]>([
    ['nothing', {}, 'none', /^none: there is no such file or folder$/],
    ['an empty folder', {}, '', /^(FOLDER|): this folder holds no trace: none of perf\.txt/],
    ['an empty file', { 'perf.txt': '', 'maps.initial': MAPS }, '', /^perf\.txt: there is nothing in this file$/],
    [
      'blank lines',
      { 'perf.txt': '\n\n# x\n', 'maps.initial': MAPS },
      '',
      /^perf\.txt: there is nothing in this file$/,
    ],
    [
      'a licence',
      { LICENSE: 'MIT License\n\n' },
      'LICENSE',
      /^LICENSE, line 1: this is neither .* nor .*: "MIT License"$/,
    ],
    ['binary data', { 'perf.txt': Buffer.alloc(5000, 7) }, '', /^perf\.txt, line 1: /],
    ['zeros', { 'perf.txt': `${TEXT}\0\0\0\n`, 'maps.initial': MAPS }, '', /^perf\.txt, line 6: this is binary data/],
    ['a line without end', { 'perf.txt': 'x'.repeat(3 << 20) }, '', /^perf\.txt, line 1: this is not text/],
    [
      'half a line at the end',
      { 'perf.txt': TEXT.slice(0, -8), 'maps.initial': MAPS },
      '',
      /^perf\.txt, line 5: the file ends in the middle of a line .*truncated$/,
    ],
    [
      'half a gzip',
      { 'perf.txt.gz': packed.subarray(0, packed.length / 2), 'maps.initial': MAPS },
      '',
      /^perf\.txt\.gz, line \d+: the gzip data ends here/,
    ],
    [
      'a damaged gzip',
      { 'perf.txt.gz': Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 0xee)]), 'maps.initial': MAPS },
      '',
      /^perf\.txt\.gz, line \d+: the gzip data is damaged/,
    ],
    ['no initial maps', { 'perf.txt': TEXT }, '', /^maps\.initial: there are no initial maps beside the trace/],
    [
      'the maps of another process',
      { 'perf.txt': TEXT, 'maps.initial': section(99, 'exec') },
      '',
      /^maps\.initial: none of its layouts is of a process of perf\.txt$/,
    ],
    ['maps that are none', { 'perf.txt': TEXT, 'maps.initial': `${MAPS}nonsense\n` }, '', /^maps\.initial, line 7: /],
    [
      'maps out of order',
      { 'perf.txt': TEXT, 'maps.initial': MAPS + '00001000-00002000 r--p 00000000 00:00 0\n' },
      '',
      /^maps\.initial, line 7: mappings must be ascending/,
    ],
    [
      'lines that tell nothing',
      {
        'perf.txt': perf(['10/10', 'sched:sched_switch: x'], ['10/10', 'irq:irq_handler_entry: x']),
        'maps.initial': MAPS,
      },
      '',
      /^perf\.txt: no system call, page fault or birth of a thread is in it$/,
    ],
    [
      'a line that is wrong',
      { 'perf.txt': TEXT + perf(['10/10', 'syscalls:sys_enter_munmap: addr: 0x1']), 'maps.initial': MAPS },
      '',
      /^perf\.txt, line 6: munmap has 2 arguments, here are 1/,
    ],
  ])('%s', async (_, files, name, sentence) => {
    expect(await refusal(files, name)).toMatch(sentence);
  });

  it('a folder in the place of its text', async () => {
    await withFiles({ 'maps.initial': MAPS }, async (folder) => {
      mkdirSync(join(folder, 'perf.txt'));
      await expect(compileTrace(folder)).rejects.toThrow(/this folder holds no trace/);
    });
  });

  (process.getuid?.() === 0 ? it.skip : it)('a file that may not be read (skipped for root, who may)', async () => {
    await withFiles({ 'perf.txt': TEXT, 'maps.initial': MAPS }, async (folder) => {
      chmodSync(join(folder, 'perf.txt'), 0);
      await expect(compileTrace(folder)).rejects.toThrow(/perf\.txt: cannot be read \(EACCES\)/);
    });
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Op } from '../../../lib/trace/events';
import { FaultOutcome } from '../../../lib/trace/steps';
import { LAYOUTS, sizeOfRecord, VMA_SPECIAL } from '../../../lib/trace/trace-writer';
import { compiledPerf, enter, exit, MAP_ANON, NO_FD } from './drawn';

const INCLUDE = resolve(__dirname, '../../../native/include');
const RECORDS = Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[];

/** What a C compiler says the expressions are. */
function askC(expressions: readonly string[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'vmalock-header-'));
  try {
    const source = join(folder, 'ask.c');
    const program = join(folder, 'ask');
    writeFileSync(
      source,
      [
        '#include <stddef.h>',
        '#include <stdio.h>',
        '#include "vmalock_errors.h"',
        '#include "vmalock_trace.h"',
        'int main(void) {',
        ...expressions.map((expression) => `printf("%lld\\n", (long long)(${expression}));`),
        'return 0; }',
      ].join('\n'),
    );
    execFileSync(process.env.CC ?? 'cc', ['-I', INCLUDE, '-o', program, source]);
    return execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the binary form of a trace', () => {
  it('has the record sizes that the C header has', () => {
    const sizes = askC(RECORDS.map((record) => `sizeof(struct vmalock_trace_${record})`));
    expect(RECORDS.map(sizeOfRecord)).toEqual(sizes);
  });

  it('has each field where the C header has it', () => {
    const bytes = { u32: 4, u64: 8, i64: 8, string: 8, table: 16 };
    const places: [field: string, offset: number][] = RECORDS.flatMap((record) => {
      let offset = 0;
      return Object.entries(LAYOUTS[record]).map(([field, kind]): [string, number] => {
        const at = offset;
        offset += bytes[kind];
        return [`offsetof(struct vmalock_trace_${record}, ${field})`, at];
      });
    });
    const offsets = askC(places.map(([field]) => field));
    expect(places).toEqual(places.map(([field], n) => [field, offsets[n]]));
  });

  it('numbers operations and outcomes as the C headers do', () => {
    const ops = Object.keys(Op) as (keyof typeof Op)[];
    const outcomes = ['SIGSEGV_MAPERR', 'SIGSEGV_ACCERR', 'SIGBUS'] as const;
    expect([...ops.map((op) => Op[op]), ...outcomes.map((outcome) => FaultOutcome[outcome]), VMA_SPECIAL]).toEqual(
      askC([
        ...ops.map((op) => `VMALOCK_TRACE_${op}`),
        ...outcomes.map((outcome) => `VMALOCK_${outcome}`),
        'VMALOCK_TRACE_VMA_SPECIAL',
      ]),
    );
    expect(askC(['VMALOCK_TRACE_OPS'])).toEqual([ops.length + 1]);
  });

  it('begins with the magic, the version, its own length and the number of records of each table', async () => {
    const { header, trace } = await compiledPerf(
      ['10/10', enter('mmap', 0, 4096, 3, MAP_ANON, NO_FD, 0)],
      ['10/10', exit('mmap', 0x7f0000010000)],
    );
    const [version] = askC(['VMALOCK_TRACE_VERSION']);
    expect(Buffer.from(trace.buffer, 0, 8).toString()).toBe('VMALOCK1');
    expect(header).toMatchObject({
      version,
      header_bytes: sizeOfRecord('header'),
      total_bytes: BigInt(trace.buffer.byteLength),
      events: trace.events,
      threads: 1,
      spaces: 1,
      vmas: 4,
      files: 1,
    });
  });
});

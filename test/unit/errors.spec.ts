import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { VmalockError } from '../../lib';
import { NATIVE_ERRORS } from '../../lib/internal/errors.generated';
import { errorOf, succeeded } from '../../lib/internal/raise';
import { ROOT } from '../support/built';

describe('VmalockError', () => {
  it('has only the facts it was given', () => {
    const error = new VmalockError('ERR_VMALOCK_CLOSED', 'closed');
    expect(Object.keys(error).sort()).toEqual(['code', 'name']);
    expect(error).not.toHaveProperty('errno');
  });
});

/** libuv has no word for them. */
const UNKNOWN_TO_NODE = ['EHWPOISON'];

describe('a code of the C API', () => {
  it('is in the generated list as it is in the header', () => {
    const header = readFileSync(join(ROOT, 'native/include/vmalock_errors.h'), 'utf8');
    expect(NATIVE_ERRORS.size).toBe(header.match(/^\s*X\(\w+, \d+/gm)?.length);
    expect(() => execFileSync(process.execPath, [join(ROOT, 'scripts/gen-errors.cjs'), '--check'])).not.toThrow();
  });

  it('becomes the error that Node.js has for the same number', () => {
    const errnos = [...NATIVE_ERRORS].filter(([code]) => code > -1000);
    expect(errnos.length).toBeGreaterThan(10);
    for (const [code, { name }] of errnos) {
      expect(errorOf(code, 'mmap')).toMatchObject({ code: name, errno: code, syscall: 'mmap' });
      if (!UNKNOWN_TO_NODE.includes(name)) expect(constants.errno[name as keyof typeof constants.errno]).toBe(-code);
    }
    for (const name of UNKNOWN_TO_NODE) expect(constants.errno).not.toHaveProperty(name);
  });

  it.each([
    [-1000, { code: 'SIGSEGV', siCode: 'SEGV_MAPERR' }],
    [-1006, { code: 'SIGBUS', siCode: 'BUS_MCEERR_AR' }],
    [-1001, { code: 'SIGSEGV', siCode: 'SEGV_ACCERR' }],
    [-1002, { code: 'SIGBUS', siCode: 'BUS_ADRERR' }],
    [-1003, { code: 'ERR_VMALOCK_BROKEN' }],
    [-1004, { code: 'ERR_VMALOCK_BAD_TRACE' }],
  ])('without an errno becomes a signal or a code of ours: %p', (code, facts) => {
    const error = errorOf(code, 'read', 0x1000);
    expect(error).toMatchObject({ ...facts, address: 0x1000 });
    expect(error).not.toHaveProperty('errno');
  });

  it('is passed on when it is a result', () => {
    expect(succeeded(0, 'brk')).toBe(0);
    expect(succeeded(4096, 'mmap')).toBe(4096);
  });

  it('is told even when it is unknown', () => {
    expect(errorOf(-777, 'mmap').message).toContain('unknown');
  });
});

/** What a program that depends on vmalock gets, whichever way it asks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vmalock from '../../lib';
import { native } from '../../lib/internal/native';
import { printedBy, ROOT } from '../support/built';

const PUBLIC = [
  'AddressSpace',
  'FAULT_ERAS',
  'FaultResult',
  'POLICY_NAMES',
  'SimFile',
  'SpaceObserver',
  'TraceError',
  'Userfaultfd',
  'VmalockError',
  'currentNode',
  'replay',
  'runOnNode',
];

describe('the package', () => {
  it('has these names and no others', () => {
    expect(Object.keys(vmalock).sort()).toEqual(PUBLIC);
  });

  it('gives the same names to import and to require', async () => {
    const program = `
      const required = require('vmalock');
      import('vmalock').then((imported) => {
        const names = Object.keys(required).sort();
        console.log(names.join(), names.every((name) => imported[name] === required[name]));
      });`;
    expect(await printedBy(program)).toBe(`${PUBLIC.join()} true\n`);
  });

  it('shares its native state between import and require', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { AddressSpace } from 'vmalock';
      const { AddressSpace: Required } = createRequire(process.cwd() + '/x.js')('vmalock');
      using: { const space = new AddressSpace();
        const start = space.mmap({ length: 4096 });
        Required.open(space.share()).write(start, Buffer.from('one state'));
        console.log(space.read(start, 9).toString(), Required === AddressSpace); }`;
    expect(await printedBy(program, '--input-type=module')).toBe('one state true\n');
  });

  it('speaks the version of the C API that its header has', () => {
    const header = readFileSync(join(ROOT, 'native/include/vmalock.h'), 'utf8');
    expect(native.version).toBe(Number(/#define VMALOCK_VERSION (0x[0-9a-f]+)u/.exec(header)?.[1]));
  });

  it('says how to get an addon where there is none', async () => {
    const program = `try { require('vmalock') } catch (error) { console.log(error.code, error.name); console.log(error.message) }`;
    const text = await printedBy(`process.env.VMALOCK_NATIVE = '/nowhere/vmalock.node'; ${program}`);
    expect(text).toMatch(/^ERR_VMALOCK_NO_ADDON VmalockError\nvmalock has no native addon for linux-/);
    for (const words of [
      'tried /nowhere/vmalock.node: no such file',
      'apt-get install',
      'dnf install',
      'apk add',
      'pacman',
    ])
      expect(text).toContain(words);
    const file = await printedBy(`process.env.VMALOCK_NATIVE = 'package.json'; ${program}`);
    expect(file).toMatch(/^ERR_VMALOCK_NO_ADDON[^]*package\.json: it is no addon of vmalock/);
  });
});

describe('the addon', () => {
  it('refuses handles that name nothing, of another kind, and arguments that lib/ never passes', () => {
    const file = native.fileCreate(4096, 0, 0, undefined, 0, 0);
    const out = new Float64Array(1);
    const calls: (() => unknown)[] = [
      () => native.fault(0, 0, 0),
      () => native.fault(1, 0, 0),
      () => native.fault(file, 0, 0),
      () => native.fault(2 ** 31, 0, 0),
      () => native.fault(NaN, 0, 0),
      () => native.fault({} as number, 0, 0),
      () => (native.fault as () => number)(),
      () => native.fileLength(file + 2 ** 22),
      () => native.stats(file, out),
      () => native.replayRun(file, 'per-vma', 0, 0, 0, 0),
      () => native.replayProgress(7),
    ];
    for (const call of calls) expect(call).toThrow('arguments it does not take');
    native.fileClose(file);
    expect(() => native.fileLength(file)).toThrow('arguments it does not take');
  });

  it('refuses values out of range by itself', () => {
    const space = native.spaceCreate(
      'per-vma',
      0,
      0,
      64,
      1,
      1,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      0,
      1,
      0,
    );
    const out = new Float64Array(1);
    const calls: (() => unknown)[] = [
      () => native.fault(space, -1, 0),
      () => native.fault(space, NaN, 0),
      () => native.fault(space, 2 ** 64, 0),
      () => native.fault(space, -1n, 0),
      () => native.fault(space, 0, 3),
      () => native.faultArch(space, 3, 0, 0),
      () => native.faultMany(space, new Float64Array(2), 0, new Uint8Array(1)),
      () => native.faultMany(space, new Uint8Array(1) as unknown as Float64Array, 0),
      () => native.read(space, 0, new Uint8Array(1), new Float64Array(0)),
      () => native.find(space, 0, out),
      () => native.mincore(space, 0, 8192, new Uint8Array(1)),
      () => native.stats(space, out),
      () => native.status(space, out),
    ];
    for (const call of calls) expect(call).toThrow('arguments it does not take');
    native.spaceClose(space);
    native.spaceClose(space);
  });
});

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POLICY_NAMES } from '../../../lib';
import { refusal, start, vmalock, withFolder } from './command';

/** A script and what it answers, side by side. */
const CONVERSATION: readonly [operation: string, answer: string][] = [
  ['# a comment gets no answer', ''],
  ['', ''],
  ['mmap 0 4 rw p', '@0 ok\n'],
  ['w 1 7', '7 ok\n'],
  ['r 1', '7 ok\n'],
  ['?c', 'maps 1 0-4:rw-p:a\ncore 0100....\n'],
  ['mprotect 2 1 r', '0 ok\n'],
  ['w 2 1', '-1 SEGV_ACCERR\n'],
  ['r 6', '-1 SEGV_MAPERR\n'],
  ['mmap 5 2 rw sf 1', '@5 ok\n'],
  ['?', 'maps 4 0-2:rw-p:a 2-3:r--p:a 3-4:rw-p:a 5-7:rw-s:f1\n'],
  ['mprotect 2 1 rw', '0 ok\n'],
  ['?m', 'maps 2 0-4:rw-p:a 5-7:rw-s:f1\n'],
  ['vmflags', 'flags 0-4:rd,wr,mr,mw,me,ac 5-7:rd,wr,sh,mr,mw,me,ms\n'],
  ['smaps', 'smaps 0-4:4,4,0,0,4,4,0,0,0,4\n'],
  ['fork', 'child maps 2 0-4:rw-p:a 5-7:rw-s:f1\ncore 0100.00.\n0 ok\n'],
  ['mremap 0 2 2 F 2', '@2 ok\n'],
  ['r 3', '7 ok\n'],
  ['munmap 3 1', '0 ok\n'],
  ['mprotect 2 2 r', '-1 ENOMEM\n'],
  ['mmap 2 1 rw pN', '-1 EEXIST\n'],
  ['mmap 0 +0 rw p', '-1 EINVAL\n'],
  ['mmap 0+1 1 rw p', '-1 EINVAL\n'],
  ['mincore 3 1', '-1 ENOMEM\n'],
  ['madvise 2 1 bad', '-1 EINVAL\n'],
  ['mmap 7 2 rw p', 'X range\n'],
  ['r 8', 'X range\n'],
  ['mmap 1 1 q p', 'X syntax\n'],
  ['mmap 1 1 r z', 'X flags\n'],
  ['madvise 1 1 hwpoison', 'X advice\n'],
  ['mremap 1 1 1 Q', 'X flags\n'],
  ['mmap 1', 'X syntax\n'],
  ['dance 1 1', 'X unknown operation\n'],
  ['dance', 'X syntax\n'],
  ['mlock 2 1', '0 ok\n'],
  ['mlock 2 2', '-1 ENOMEM\n'],
  ['munlock 2 1', '0 ok\n'],
  ['msync 2 1', '0 ok\n'],
  ['msync 2+1 1', '-1 EINVAL\n'],
  ['mbind 2 1 bind:0 s', '0 ok\n'],
  ['mempolicy 2', 'bind:0 ok\n'],
  ['mbind 2 1 interleave=static:0,5', '0 ok\n'],
  ['mempolicy 2', 'interleave=static:0,5 ok\n'],
  ['mbind 2 1 local:0', '-1 EINVAL\n'],
  ['mbind 2 2 default sma', '0 ok\n'],
  ['mempolicy 2', 'default ok\n'],
  ['mempolicy 3', '-1 EFAULT\n'],
  ['mempolicy 8', 'X range\n'],
  ['mbind 2 1 anywhere', 'X policy\n'],
  ['mbind 2 1 bind:0 q', 'X flags\n'],
  ['mbind 2 1', 'X syntax\n'],
  ['madvise 2 1 guard_install', '0 ok\n'],
  ['r 2', '-1 SEGV_MAPERR\n'],
  ['madvise 2 1 guard_remove', '0 ok\n'],
  ['status', 'status VmSize 3 VmData 0 VmLck 0 VmStk 0 VmLib 0\n'],
  ['rlimit as 3', '0 ok\n'],
  ['mmap 0 1 rw p', '-1 ENOMEM\n'],
  ['rlimit as -', '0 ok\n'],
  ['rlimit memlock 0', '0 ok\n'],
  ['privileged off', '0 ok\n'],
  ['mlock 2 1', '-1 EPERM\n'],
  ['privileged on', '0 ok\n'],
  ['privileged perhaps', 'X syntax\n'],
  ['thp-disable advised', '0 ok\n'],
  ['thp-disable perhaps', 'X syntax\n'],
  ['rlimit nofile 4', 'X syntax\n'],
  ['reset', 'reset ok\n'],
  ['mmap 0 4 rw p', '@0 ok\n'],
  ['uffd-register 1 3 mw', '0 ok\n'],
  ['r 1', '-1 SIGBUS\n'],
  ['uffd-zeropage 2 1 -', '0 ok\n'],
  ['uffd-copywp 1 2 9', '-1 EAGAIN 1\n'],
  ['r 1', '9 ok\n'],
  ['w 1 3', '-1 SIGBUS\n'],
  ['uffd-protect 1 1 off', '0 ok\n'],
  ['w 1 3', '3 ok\n'],
  ['uffd-continue 3 1 -', '-1 EINVAL\n'],
  ['uffd-register 0 4 w 2', '-1 EBUSY\n'],
  ['?c', 'maps 2 0-1:rw-p:a 1-4:rw-p:a\ncore 0110....\n'],
  ['uffd-unregister 1 1 - 1', '0 ok\n'],
  ['uffd-close', '0 ok\n'],
  ['?', 'maps 1 0-4:rw-p:a\n'],
  ['uffd-register 0 4 m 4', '0 ok\n'],
  ['munmap 3 1', '0 ok\n'],
  ['mremap 0 1 1 F 5', '@5 ok\n'],
  ['madvise 1 1 dontneed', '0 ok\n'],
  ['uffd-zeropage 1 1 - 4', '0 ok\n'],
  ['fork-flags', 'child flags 1-3:rd,wr,mr,mw,me,um,ac 5-6:rd,wr,mr,mw,me,um,ac\n0 ok\n'],
  ['uffd-told', 'told unmap:3-4 remap:0-1:5 unmap:0-1 remove:1-2 fork\n'],
  ['uffd-told', 'told\n'],
  ['uffd-copy 1 1 5 5', 'X syntax\n'],
  ['uffd-steal 1 1 -', 'X unknown operation\n'],
  ['reset', 'reset ok\n'],
  ['?c', 'maps 0\ncore ........\n'],
  ['mmap 6 2 rx pG', '@6 ok\n'],
  ['x 6', 'X executable\n'],
  ['x 3', 'X executable\n'],
  ['mprotect 6 2 rw', '0 ok\n'],
  ['x 6', '-1 SEGV_ACCERR\n'],
];

const SCRIPT = CONVERSATION.map(([operation]) => `${operation}\n`).join('');
const ANSWERS = CONVERSATION.map(([, answer]) => answer).join('');
const HEADER = 'vmalock exec 1 pages 8 pagesize 4096 policy per-vma\n';

describe('vmalock exec', () => {
  it('answers operations from standard input', async () => {
    expect(await vmalock(['exec', '-p', '8'], SCRIPT)).toEqual({ code: 0, stdout: HEADER + ANSWERS, stderr: '' });
  });

  it('swaps pages out with --swap', async () => {
    const script = ['mmap 0 2 rw p', 'w 0 5', 'w 1 6', 'madvise 0 1 pageout', '?c', 'smaps', 'r 0', 'smaps'];
    const { stdout } = await vmalock(['exec', '-p', '2', '--swap', '1', '--header', 'none'], script.join('\n'));
    expect(stdout.split('\n').slice(3, 9)).toEqual([
      '0 ok',
      'maps 1 0-2:rw-p:a',
      'core 01',
      'smaps 0-2:4,4,4,0',
      '5 ok',
      'smaps 0-2:8,8,0,0',
    ]);
    expect((await vmalock(['exec', '--swap', '0'], '')).code).toBe(2);
  });

  it.each(POLICY_NAMES)('answers the same from a file under %s', (policy) =>
    withFolder(async (folder) => {
      const script = join(folder, 'script');
      writeFileSync(script, SCRIPT);
      const { stdout } = await vmalock(['exec', script, '-p', '8', '--header', 'none', '--policy', policy]);
      expect(stdout).toBe(ANSWERS);
    }),
  );

  it('answers a last line that has no end', async () => {
    expect((await vmalock(['exec', '--header', 'none'], 'mmap 0 1 r p\n?')).stdout).toBe('@0 ok\nmaps 1 0-1:r--p:a\n');
  });

  it('answers one operation before it is asked the next', async () => {
    const child = start('exec', '-p', '4');
    child.stdout.setEncoding('utf8');
    const said = async (): Promise<unknown> => (await once(child.stdout, 'data'))[0];
    try {
      expect(await said()).toBe('vmalock exec 1 pages 4 pagesize 4096 policy per-vma\n');
      for (const [question, answer] of [
        ['mmap 0 2 rw p', '@0 ok\n'],
        ['w 1 9', '9 ok\n'],
        ['r 1', '9 ok\n'],
      ] as const) {
        child.stdin.write(`${question}\n`);
        expect(await said()).toBe(answer);
      }
    } finally {
      child.stdin.end();
      await once(child, 'close');
    }
  });

  it('cuts a line without an end where the oracle does, and lives', async () => {
    const { code, stdout } = await vmalock(['exec', '--header', 'none'], `${'x'.repeat(3_000_000)}\n?\n`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'X syntax\nmaps 0\n' });
  });

  it.each([
    ['a file that is not there', '/nonexistent/script', /ENOENT.*\/nonexistent\/script/],
    ['a folder', '/', /EISDIR/],
  ])('refuses %s', async (_, script, why) => {
    expect(await vmalock(['exec', '--header', 'none', script])).toEqual(refusal(why));
  });
});

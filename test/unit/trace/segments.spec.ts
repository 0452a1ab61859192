/** System V memory: how long a segment is, which file it becomes, and what a shmdt lets go of. */
import { BEGUN, compiled, compiledPerf, enter, exit, perf, section, strace } from './drawn';

const A = 0x7f0000010000;
const at = (address: number): string => `0x${address.toString(16)}`;
const EXECVE = [10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000 /* 4 vars */) = 0'] as const;

describe('an attached segment', () => {
  it('is as long as shmget made it, whoever asked, and one file for all that attach it', async () => {
    const { events, files } = await compiled({
      'strace.txt': strace(
        EXECVE,
        [10, 'shmget(0x1234, 5000, IPC_CREAT|0600) = 7'],
        [10, 'shmget(0x1234, 0, 0) = 7'],
        [10, `shmat(7, NULL, SHM_RDONLY|SHM_EXEC) = ${at(A)}`],
        [10, `shmat(7, ${at(A + 0x10005)}, SHM_RND) = ${at(A + 0x10000)}`],
        [10, `shmdt(${at(A)}) = 0`],
      ),
      'maps.initial': section(10, 'exec'),
    });
    const file = Number(events[0]?.file);
    expect(files[file]).toMatchObject({ name: '/SYSV00001234 (deleted)', inode: 7n, length: 0x2000n });
    expect(events.slice(0, 3)).toMatchObject([
      { op: 23, a: 0n, b: 5000n, c: 5n, aux: 0x9000, result: BigInt(A), file },
      { op: 23, a: BigInt(A + 0x10005), b: 5000n, c: 3n, aux: 0x2000, file },
      { op: 24, a: BigInt(A), b: 5000n, result: 0n, file },
    ]);
  });

  it('is as long as the kernel reported where its shmget was not recorded', async () => {
    const { events, files } = await compiledPerf(
      ['10/10', enter('shmat', 9, 0, 0)],
      ['10/10', `PERF_RECORD_MMAP2 10/10: [${at(A)}(0x3000) @ 0 00:01 9 1]: rw-s /SYSV00000abc (deleted)`],
      ['10/10', exit('shmat', A)],
    );
    expect(events[0]).toMatchObject({ op: 23, b: 0x3000n });
    expect(files[Number(events[0]?.file)]).toMatchObject({ name: '/SYSV00000abc (deleted)', dev_minor: 1, inode: 9n });
  });

  it('is called as the layouts call it, and may have been there from the start', async () => {
    const row = `${A.toString(16)}-${(A + 0x2000).toString(16)} rw-s 00000000 00:03 9    /SYSV00000005`;
    const { events, files } = await compiled({
      'perf.txt': perf(...BEGUN, ['10/10', enter('shmdt', A)], ['10/10', exit('shmdt', 0)]),
      'maps.initial': section(10, 'exec', [row]),
    });
    const file = Number(events[0]?.file);
    expect(events[0]).toMatchObject({ op: 24, a: BigInt(A), b: 0x2000n });
    expect(files[file]).toMatchObject({ name: '/SYSV00000005', dev_minor: 3, inode: 9n });
  });

  it('is detached by a child that was forked from whoever attached it', async () => {
    const { lines } = await compiled({
      'strace.txt': strace(
        EXECVE,
        [10, 'shmget(IPC_PRIVATE, 4096, 0600) = 3'],
        [10, `shmat(3, NULL, 0) = ${at(A)}`],
        [10, 'clone(child_stack=NULL, flags=SIGCHLD) = 11'],
        [11, `shmdt(${at(A)}) = 0`],
        [11, `shmdt(${at(A)}) = -1 EINVAL (Invalid argument)`],
      ),
      'maps.initial': section(10, 'exec'),
    });
    expect(lines).toContain(`1/11 SHMDT(${at(A)}, 0x1000) = 0x0`);
    expect(lines).toContain(`1/11 SHMDT(${at(A)}, 0x1000) = -22`);
  });
});

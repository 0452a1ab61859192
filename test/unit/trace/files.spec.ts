import {
  BEGUN,
  compiled,
  compiledPerf,
  enter,
  exit,
  fault,
  MAP_ANON,
  MAP_PRIVATE,
  NO_FD,
  perf,
  section,
  signal,
  strace,
} from './drawn';

const A = 0x7f0000010000;
const row = (start: number, name: string, offset = 0): string =>
  `${start.toString(16)}-${(start + 0x2000).toString(16)} r--p ${offset.toString(16).padStart(8, '0')} fe:00 42   ${name}`;
const mapFile = (fd = 3, offset = 0): [string, string] => [
  '10/10',
  enter('mmap', 0, 0x2000, 1, MAP_PRIVATE, fd, offset),
];
const seen = (name: string, id = 'fe:00 42 1'): [string, string] => [
  '10/10',
  `PERF_RECORD_MMAP2 10/10: [0x${A.toString(16)}(0x2000) @ 0 ${id}]: r--p ${name}`,
];
const mapped: [string, string] = ['10/10', exit('mmap', A)];

describe('the file behind a mapping', () => {
  it('is the one that the kernel reported', async () => {
    const { files, events } = await compiledPerf(mapFile(), seen('/lib/a b.so (deleted)'), mapped);
    const file = Number(events[0]?.file);
    expect(files[file]).toMatchObject({
      name: '/lib/a b.so (deleted)',
      dev_major: 0xfe,
      dev_minor: 0,
      inode: 42n,
      length: 0x2000n,
    });
  });

  it('is known by its path where perf reports no device, or another one than /proc does', async () => {
    for (const id of ['<5ac5d1e5f6e3>', '00:2d 99 1']) {
      const { files, events } = await compiled({
        'perf.txt': perf(...BEGUN, mapFile(), seen('/lib/c.so', id), mapped),
        'maps.initial': section(10, 'exec'),
        'maps.final': section(10, 'exit', [row(A, '/lib/c.so')]),
      });
      expect(files[Number(events[0]?.file)]).toMatchObject({ name: '/lib/c.so', dev_major: 0xfe, inode: 42n });
    }
  });

  it('is the one of the descriptor in strace, with device and inode from the layouts', async () => {
    const { files } = await compiled({
      'strace.txt': strace(
        [10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000 /* 4 vars */) = 0'],
        [10, `mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</lib/c.so>, 0) = 0x${A.toString(16)}`],
        [10, `mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 4</gone>, 0) = 0x${(A + 0x2000).toString(16)}`],
      ),
      'strace.maps.initial': section(10, 'exec'),
      'strace.maps.final': section(10, 'exit', [row(A, '/lib/c.so')]),
    });
    expect(files.map(({ name, inode }) => [name, inode])).toEqual([
      ['/lib/c.so', 42n],
      ['/gone', 0n],
      ['/bin/prog', 7n],
    ]);
  });

  it('is what a later layout has at its place where nothing names it, if the offset fits', async () => {
    const plain = (what: string): [string, string] => ['10', what];
    const { files, events } = await compiled({
      'perf-default.txt': perf(
        plain(exit('execve', 0)),
        plain(mapFile()[1]),
        plain(exit('mmap', A)),
        plain(mapFile(3, 0x1000)[1]),
        plain(exit('mmap', A + 0x10000)),
      ),
      'maps.initial': section(10, 'exec'),
      'maps.final': section(10, 'exit', [row(A, '/lib/c.so'), row(A + 0x10000, '/lib/d.so', 0x5000)]),
    });
    const names = events.slice(0, 2).map(({ file }) => files[Number(file)]?.name);
    expect(names).toEqual(['/lib/c.so', '(file of line 4)']);
  });

  it('is an object of its own for each mapping of shared anonymous memory', async () => {
    const shared = (address: number, inode: number): [string, string][] => [
      ['10/10', enter('mmap', 0, 0x2000, 3, 0x21, NO_FD, 0)],
      [
        '10/10',
        `PERF_RECORD_MMAP2 10/10: [0x${address.toString(16)}(0x2000) @ 0 00:01 ${inode} 1]: rw-s /dev/zero (deleted)`,
      ],
      ['10/10', exit('mmap', address)],
    ];
    const { files, events } = await compiledPerf(...shared(A, 5), ...shared(A + 0x2000, 6));
    expect(events.slice(0, 2).map(({ file }) => files[Number(file)]?.inode)).toEqual([5n, 6n]);
  });

  it('is none for private anonymous memory, nor for a descriptor that was bad', async () => {
    const { events } = await compiledPerf(
      ['10/10', enter('mmap', 0, 0x2000, 3, MAP_ANON, 3, 0)],
      mapped,
      mapFile(),
      ['10/10', exit('mmap', -9)],
      mapFile(NO_FD),
      ['10/10', exit('mmap', -9)],
    );
    expect(events.slice(0, 3).map(({ file }) => file)).toEqual([0xffffffff, 0xffffffff, 0xffffffff]);
  });

  it('ends where a fault found it ending', async () => {
    const { files, events } = await compiledPerf(
      mapFile(),
      seen('/lib/c.so'),
      mapped,
      ['10/10', fault(A, 4)],
      ['10/10', fault(A + 0x1008, 4)],
      ['10/10', signal(7, 2)],
    );
    expect(files[Number(events[0]?.file)]).toMatchObject({ length: 0x1000n });
    expect(events[2]).toMatchObject({ result: -1002n, flags: 0 });
  });

  it('may have been cut while it was mapped: then the fault may end in any way', async () => {
    const { files, events } = await compiledPerf(
      mapFile(),
      seen('/lib/c.so'),
      mapped,
      ['10/10', fault(A + 0x1000, 4)],
      ['10/10', fault(A + 0x1008, 4)],
      ['10/10', signal(7, 2)],
    );
    expect(files[Number(events[0]?.file)]).toMatchObject({ length: 0x2000n });
    expect(events[2]).toMatchObject({ flags: 1 });
  });
});

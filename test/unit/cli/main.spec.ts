import { once } from 'node:events';
import { outcomeOf, refusal, start, vmalock } from './command';

describe('the command', () => {
  it('tells in its help what it can do and what it exits with', async () => {
    const { code, stdout, stderr } = await vmalock(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['replay', 'exec', 'version', 'Exit status: 0', '130']) expect(stdout).toContain(word);
  });

  it.each(['replay', 'exec', 'version'])('has a page of help for %s that an option of it appears on', async (name) => {
    const { code, stdout } = await vmalock([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: vmalock ${name} [\\s\\S]*--(json|policy)`));
  });

  it('prints its version', async () => {
    expect(await vmalock(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('prints an object for version --json', async () => {
    const { stdout } = await vmalock(['version', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ vmalock: '0.1.0', policies: ['mmap-lock', 'per-vma', 'per-vma-wait'] });
  });

  it.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['replay'], /missing required argument 'trace'/],
    [['replay', 'x', '--colour'], /unknown option '--colour'/],
    [['replay', 'x', '--policy', 'mmap-lock,lottery'], /no policy 'lottery'; there are mmap-lock, per-vma/],
    [['replay', 'x', '--pace', 'slow'], /no pace 'slow'; there are asap, recorded/],
    [['replay', 'x', '--faults', 'linux-2.4'], /no era 'linux-2\.4'; there are rfc, linux-6\.4/],
    [['replay', 'x', '--backing', 'disk'], /no backing 'disk'; there are memory, none/],
    [['replay', 'x', '--repeat', '0'], /whole number from 1 to 1000/],
    [['replay', 'x', '--frames', 'many'], /whole number from 1/],
    [['exec', '--pages', '4097'], /whole number from 1 to 4096/],
    [['exec', '--policy', ''], /no policy ''; there are/],
  ])('refuses %j in one line', async (args, why) => {
    expect(await vmalock(args)).toEqual(refusal(why));
  });

  it('ends without a word when nobody reads what it prints', async () => {
    const child = start('exec');
    const outcome = outcomeOf(child);
    child.stdout.destroy();
    child.stdin.on('error', () => undefined);
    const write = (): void => {
      if (child.exitCode === null) child.stdin.write('?c\n'.repeat(2000), () => setImmediate(write));
    };
    write();
    await once(child, 'exit');
    expect(await outcome).toMatchObject({ code: 0, stderr: '' });
  });
});

/** Every program in examples/ runs, and prints what its last comment says. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = resolve(__dirname, '../../examples');
const run = promisify(execFile);

/** The lines of the comment behind `// prints:`. */
function promised(source: string): string {
  const comment = source.split(/^\/\/ prints:\n/m)[1];
  if (comment === undefined) throw new Error('an example ends with a comment "// prints:" and what it prints');
  return comment.replace(/^\/\/ ?/gm, '');
}

describe('an example', () => {
  const programs = readdirSync(FOLDER).filter((name) => /\.[cm]?[jt]s$/.test(name));

  it('is there to be read', () => {
    expect(programs.length).toBeGreaterThanOrEqual(4);
  });

  it.each(programs)('prints what its comment says: %s', async (name) => {
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', join(FOLDER, name)], {
      cwd: resolve(FOLDER, '..'),
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(promised(readFileSync(join(FOLDER, name), 'utf8')));
  });
});

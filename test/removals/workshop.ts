/**
 * Where one removal after the other is made: a copy of native/ in which the edits are, and the programs that come of it.
 *
 * Only what an edit touches is compiled anew; the objects stand before the library of the clean build on the linker's
 * command, which then takes the rest from there.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOf } from '../../scripts/native-variants.cjs';
import { type CleanBuild, ROOT } from './clean-build';
import { byFile, edited } from './edit';
import { type Ended, type Place, run } from './programs';
import type { Edit } from './removal';

const NATIVE = join(ROOT, 'native');
const COMPILER_SECONDS = 300;

/** An edit after which the sources do not compile, or link. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** The program of a test, and the objects it is made of, are there until the next removal. */
export class Workshop {
  readonly #native: string;
  readonly #made: string;

  constructor(
    folder: string,
    readonly stop: AbortSignal,
  ) {
    this.#native = join(folder, 'native');
    this.#made = join(folder, 'made');
    cpSync(NATIVE, this.#native, { recursive: true });
  }

  /** Makes the edits, does the work and undoes them. */
  async withEdits<T>(edits: readonly Edit[], work: () => Promise<T>): Promise<T> {
    const files = [...byFile(edits)].map(([file, own]) => {
      const text = readFileSync(join(NATIVE, 'src', file), 'utf8');
      return { path: join(this.#native, 'src', file), text, changed: edited(text, own) };
    });
    mkdirSync(this.#made, { recursive: true });
    for (const { path, changed } of files) writeFileSync(path, changed);
    try {
      return await work();
    } finally {
      for (const { path, text } of files) writeFileSync(path, text);
      rmSync(this.#made, { recursive: true, force: true });
    }
  }

  /** Compiles what the edited files are part of, and gives the function that links a test with it. */
  async compile(build: CleanBuild, edits: readonly Edit[]): Promise<(test: string) => Promise<string>> {
    const files = [...byFile(edits).keys()].map((file) => join(NATIVE, 'src', file));
    const objects: string[] = [];
    for (const compilation of build.libraryObjectsOf(files)) objects.push(await this.#object(build, compilation));
    return async (test) => {
      const main = build.objectOf(test);
      const own = files.some((file) => main.sources.has(file)) ? await this.#object(build, main) : main.object;
      return this.#link(build, test, [own, ...objects]);
    };
  }

  runTest(build: CleanBuild, program: string, seconds: number): Promise<Ended> {
    return run(commandOf(build.variant, [program]), this.#place(build, seconds));
  }

  #place(build: CleanBuild, seconds: number): Place {
    return { cwd: build.folder, env: build.env, stop: this.stop, seconds };
  }

  async #object(
    build: CleanBuild,
    { object, command }: { object: string; command: readonly string[] },
  ): Promise<string> {
    const out = join(this.#made, object.replaceAll('/', '_'));
    const words = command.map((word) => (word === object ? out : word.replace(NATIVE, this.#native)));
    // an edit may leave something unused: its warnings are of no interest
    await this.#succeed(build, [...words, '-w']);
    return out;
  }

  async #link(build: CleanBuild, test: string, objects: readonly string[]): Promise<string> {
    const program = join(this.#made, test);
    const command = build.linkCommandOf(test);
    const clean = build.objectOf(test).object;
    const words = command.flatMap((word) => (word === clean ? objects : word === `test.${test}` ? [program] : [word]));
    await this.#succeed(build, words);
    return program;
  }

  async #succeed(build: CleanBuild, command: readonly string[]): Promise<void> {
    const { status, output } = await run(command, this.#place(build, COMPILER_SECONDS));
    if (status !== 0) throw new BuildError(output.trim() || `${command.join(' ')} failed`);
  }
}

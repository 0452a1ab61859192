/**
 * The native tests as they are built without any edit: how each object is compiled and each test linked, and which files an
 * object was made of. Reads what CMake and the compiler leave in the build's folder.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { environmentOf, VARIANTS, type VariantName } from '../../scripts/native-variants.cjs';

export const ROOT = join(__dirname, '../..');

interface Compilation {
  /** The object that comes out, from the build's folder. */
  object: string;
  command: readonly string[];
  /** All files that it was made of. */
  sources: ReadonlySet<string>;
}

/** Our commands have no white space within a word; a folder that has would be cut in two, and the compiler would say so. */
function wordsOf(command: string): string[] {
  return command.trim().split(/\s+/);
}

/** The files in the rule that the compiler has written beside an object. */
function sourcesOf(object: string, folder: string, source: string): Set<string> {
  const rule = join(folder, `${object}.d`);
  if (!existsSync(rule)) return new Set([source]);
  const [, ...files] = readFileSync(rule, 'utf8').split(/[\s\\]+/);
  return new Set(files.filter(Boolean).map((file) => resolve(folder, file)));
}

export class CleanBuild {
  readonly folder: string;
  /** In which its programs are compiled and run. */
  readonly env: NodeJS.ProcessEnv;
  readonly #compilations: readonly Compilation[];

  /** Of a variant that has been built. */
  constructor(readonly variant: VariantName) {
    this.folder = join(ROOT, VARIANTS[variant].folder);
    this.env = environmentOf(variant);
    const entries = JSON.parse(readFileSync(join(this.folder, 'compile_commands.json'), 'utf8')) as {
      command: string;
      file: string;
    }[];
    this.#compilations = entries.map(({ command, file }) => {
      const words = wordsOf(command);
      const object = words[words.indexOf('-o') + 1] ?? '';
      return { object, command: words, sources: sourcesOf(object, this.folder, file) };
    });
  }

  /** The objects of the library under test that were made of one of the files. */
  libraryObjectsOf(files: readonly string[]): Compilation[] {
    return this.#compilations.filter(
      ({ object, sources }) => object.includes('/vmalock_checked.dir/') && files.some((file) => sources.has(file)),
    );
  }

  get tests(): string[] {
    return this.#compilations.flatMap(({ object }) => /\/test\.([\w.]+)\.dir\//.exec(object)?.[1] ?? []);
  }

  objectOf(test: string): Compilation {
    const found = this.#compilations.find(({ object }) => object.includes(`/test.${test}.dir/`));
    if (!found) throw new Error(`there is no native test ${test}`);
    return found;
  }

  linkCommandOf(test: string): string[] {
    return wordsOf(readFileSync(join(this.folder, `CMakeFiles/test.${test}.dir/link.txt`), 'utf8'));
  }
}

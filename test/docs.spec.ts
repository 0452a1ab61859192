/**
 * What README.md and docs/ say is true: their programs run and print what they promise, their commands are accepted, the
 * files they name are there.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '..');
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const run = promisify(execFile);

/** A fenced block: the language behind the fence, and the text between. */
interface Block {
  language: string;
  text: string;
}

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

function blocksOf(page: string): Block[] {
  return Array.from(textOf(page).matchAll(/^```(\w*)\n([^]*?)^```$/gm), ([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/** A program of a page, in a folder below the project, so that it finds 'vmalock' as a user's would. */
async function runProgram(text: string): Promise<string> {
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'build', 'docs-'));
  try {
    const file = join(folder, 'program.mts');
    writeFileSync(file, text);
    return (await run(process.execPath, ['--import', 'tsx', file], { cwd: ROOT })).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The commands of a block, without comments; a backslash at the end of a line goes on. */
function commandsOf(text: string): string[] {
  return text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split('&&'))
    .map((command) => command.trim())
    .filter((command) => command !== '');
}

/** Programs of the host that a page may tell its reader to run; a test does not. */
const OF_THE_HOST = [
  'apt-get',
  'cc',
  'cmake',
  'cd',
  'ctest',
  'git',
  'gunzip',
  'gzip',
  'mkdir',
  'perf',
  'strace',
  'sudo',
];
const OF_NPM = ['install', 'test', 'start'];

const scripts = (JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }).scripts;

async function tryCommand(command: string): Promise<void> {
  const [program = '', ...args] = command.replace(/^npx /, '').split(/\s+/);
  if (program === 'vmalock') {
    await run(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], { cwd: ROOT });
  } else if (program === 'npm') {
    const [name = '', script = ''] = args;
    expect(name === 'run' ? Object.keys(scripts) : OF_NPM).toContain(name === 'run' ? script : name);
  } else if (program === 'node' || program === 'tsx') {
    expect(existsSync(join(ROOT, args[0] ?? ''))).toBe(true);
  } else {
    expect(OF_THE_HOST).toContain(program);
  }
}

/** Files of the project named in backticks or by links, as paths from its root. */
function filesNamedIn(page: string): string[] {
  const text = textOf(page).replace(/^```[^]*?^```$/gm, '');
  const quoted = Array.from(
    text.matchAll(/`((?:native|lib|scripts|docs|test|bench|examples|cmake)\/[\w./-]*)`/g),
    (m) => m[1],
  );
  const linked = Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g), (m) =>
    join(dirname(page), m[1] ?? ''),
  );
  return [...quoted, ...linked].filter((path): path is string => path !== undefined);
}

describe.each(PAGES)('%s', (page) => {
  const blocks = blocksOf(page);
  const programs = blocks.filter(({ language }) => language === 'ts');
  const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => commandsOf(text));

  it('names only files that are there', () => {
    expect(filesNamedIn(page).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  if (programs.length > 0)
    it.each(programs.map(({ text }, i) => [i + 1, text] as const))(
      'its program %i runs and prints what it says',
      async (_, text) => {
        const promised = text.split(/^\/\/ prints:\n/m)[1]?.replace(/^\/\/ ?/gm, '');
        const printed = await runProgram(text);
        if (promised !== undefined) expect(printed).toBe(promised);
      },
    );

  if (commands.length > 0)
    it.each([...new Set(commands)])('its command is one: %s', async (command) => {
      await tryCommand(command);
    });
});

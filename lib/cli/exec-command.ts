/**
 * `vmalock exec`: the line protocol of the kernel oracle, answered by the model.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { Command, Option } from 'commander';
import type { ThpMode } from '../address-space-options';
import { Executor } from '../exec/executor';
import { hostHasZeroPage } from '../exec/host';
import { MAX_PAGES } from '../exec/syntax';
import { type FaultEra, POLICY_NAMES, type PolicyName } from '../policy';
import { faultEra, oneOf, policyName, wholeNumber } from './options';

interface ExecOptions {
  pages: number;
  policy: PolicyName;
  faults: FaultEra;
  zeroPage: 'host' | 'yes' | 'no';
  thp: ThpMode;
  swap?: number;
  header: 'own' | 'none';
}

const HELP = `
One operation a line, one answer a line ('?c' and 'fork-flags' answer two, 'fork' three). Blank lines and lines that begin with # get
no answer. Answers are written as soon as their operation has been read, so a pipe may ask one at a time.

  mmap OFF LEN PROT FLAGS [PGOFF]   FLAGS: p private (default), s shared, a anonymous (default), f the protocol's file
                                    (needs PGOFF), N MAP_FIXED_NOREPLACE, R NORESERVE, P POPULATE, L LOCKED, S STACK,
                                    G GROWSDOWN, H without MAP_FIXED (goes at once where it is not taken: '@away'),
                                    B a length of 1 TiB more, which no machine promises,
                                    D DROPPABLE instead of p
  munmap OFF LEN                    madvise OFF LEN ADVICE
  mprotect OFF LEN PROT             mincore OFF LEN
  mremap OFF OLD NEW -              in place; with F NEWOFF it moves, with D NEWOFF the old place stays mapped
  mlock, munlock, msync OFF LEN     msync with MS_SYNC
  mbind OFF LEN POLICY [FLAGS]      bind:0, interleave=static:0,1, local, ...; FLAGS: s STRICT, m MOVE, a MOVE_ALL
  mempolicy OFF                     the policy of the mapping there
  r OFF, w OFF [VALUE]              load or store one byte
  x OFF                             fetch an instruction from where none may be executed
  ftruncate LEN                     the protocol's file, whatever maps it
  punch OFF LEN                     a hole in it: fallocate with PUNCH_HOLE
  pwrite OFF [VALUE]                one byte of it, also behind its end
  uffd-register OFF LEN MODES [N]   MODES: m missing, w write-protect, i minor; N: userfaultfd 1 (default), 2, which
                                    also protects empty memory, 3, whose protection a write lifts, or 4, which is told
                                    of changes; all give SIGBUS instead of events
  uffd-unregister, uffd-zeropage, uffd-poison OFF LEN - [N]
  uffd-copy, uffd-copywp OFF LEN VALUE [N]
  uffd-continue OFF LEN wp|- [N]    uffd-protect OFF LEN on|off [N]
  uffd-move, uffd-moveholes OFF LEN FROM [N]
  uffd-close [N]                    unregisters all; the next operation opens it anew
  uffd-told                         what 4 has been told since the last of these
  fork, fork-flags                  prints the child's copy; the flags of its mappings
  ?, ?c, ?m, ?mc                    mappings; c: and resident pages; m: adjacent equal rows joined
  vmflags                           flags of each mapping, as in smaps
  smaps                             kB of each private anonymous mapping: Rss, Anonymous, Swap, Locked; without --swap also
                                    Pss, Pss_Dirty, Shared_Clean, Shared_Dirty, Private_Clean, Private_Dirty
  status                            pages mapped, private writable, locked, of stacks, executable
  rlimit as|data|memlock|stack PAGES  so many, or - for no limit; of a stack 2048 at first
  privileged on|off                 off: limits on locked memory hold
  thp-disable on|advised|off        no huge pages; advised: but where they are asked for. --thp never begins with on
  sys NAME ARG...                   a system call with its arguments as they are, also such as no program gives: numbers, or
                                    addresses of the range @PAGE, @PAGE+BYTES, @PAGE-BYTES; mmap with the file last, its offset
                                    before: f, fr, fw of memory to read and write, to read, to write; d, dr, dw of a disk; -.
                                    What is mapped elsewhere is unmapped at once. brk as bytes from where the heap begins;
                                    uffd_register and its kin with the bits of their mode, and N
  reset                             unmaps the range, empties the file, lifts limits

An amount is PAGES, PAGES+BYTES or +BYTES; PROT is any of r, w, x, d for PROT_GROWSDOWN, or - for none.
Answers: '@PAGE ok', '@away ok' or 'N ok'; '-1 ERRNO' or a signal's code; 'X reason' for what is refused before it is tried.

  $ diff <(kernel_oracle < script | tail -n +2) <(vmalock exec --header none script)
`;

/** A line is cut where the oracle cuts it, so that a file without an end of line cannot fill the memory. */
const LONGEST_LINE = 4095;

/** The answers to whole lines; keeps what follows the last end of line for the next piece. */
class Lines {
  private rest = '';

  constructor(private readonly executor: Executor) {}

  answer(piece: string): string {
    const lines = (this.rest + piece).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    return lines.map((line) => this.executor.answer(line.slice(0, LONGEST_LINE))).join('');
  }

  finish(): string {
    return this.rest === '' ? '' : this.answer('\n');
  }
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Reads operations from a file or, for `-`, from standard input. */
function open(script: string): Readable {
  const input = script === '-' ? process.stdin : createReadStream(script);
  return input.setEncoding('utf8');
}

async function runExec(script: string, options: ExecOptions): Promise<void> {
  using executor = new Executor({
    pages: options.pages,
    policy: options.policy,
    faults: options.faults,
    zeroPage: options.zeroPage === 'host' ? hostHasZeroPage() : options.zeroPage === 'yes',
    thp: options.thp,
    ...(options.swap === undefined ? {} : { swap: options.swap }),
  });
  const lines = new Lines(executor);
  const input = open(script);
  if (options.header === 'own') await write(executor.header());
  for await (const piece of input as AsyncIterable<string>) await write(lines.answer(piece));
  await write(lines.finish());
}

export function execCommand(): Command {
  return new Command('exec')
    .summary('run operations from a script and print what Linux would answer')
    .description('Runs operations on a simulated range of pages and prints what the kernel would answer.')
    .argument('[script]', 'a file of operations, or - for standard input', '-')
    .addOption(new Option('-p, --pages <pages>', 'pages in the range').default(64).argParser(wholeNumber(1, MAX_PAGES)))
    .addOption(
      new Option('--policy <name>', `how faults find and hold a mapping: ${POLICY_NAMES.join(', ')}`)
        .default('per-vma')
        .argParser(policyName),
    )
    .addOption(new Option('--faults <era>', 'which faults may take the fast path').default('rfc').argParser(faultEra))
    .addOption(
      new Option('--zero-page <which>', 'whether reading fresh memory maps the zero page: yes, no, or as on this host')
        .default('host')
        .argParser(oneOf(['host', 'yes', 'no'], 'zero page')),
    )
    .addOption(
      new Option('--thp <which>', 'which memory has huge pages: never, madvise, always')
        .default('never')
        .argParser(oneOf(['never', 'madvise', 'always'], 'thp')),
    )
    .addOption(
      new Option('--swap <pages>', 'pages that may be out in swap: as many as MADV_PAGEOUT finds room for').argParser(
        wholeNumber(1, MAX_PAGES),
      ),
    )
    .addOption(
      new Option('--header <which>', 'the first line: own, or none')
        .default('own')
        .argParser(oneOf(['own', 'none'], 'header')),
    )
    .addHelpText('after', HELP)
    .action(runExec);
}

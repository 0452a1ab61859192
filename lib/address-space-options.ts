import { VmalockError } from './errors';
import { NativeCode } from './internal/errors.generated';
import { type Handle, native } from './internal/native';
import type { Bytes } from './units';
import { bytes, choice, isOn, LONGEST_SHOWN, object, text, wholeNumber } from './internal/options';
import { succeeded } from './internal/raise';
import { overcommitArguments, type OvercommitOptions } from './overcommit';
import { FAULT_ERAS, type FaultEra, POLICY_NAMES, type PolicyName } from './policy';

/** How a new {@link AddressSpace} works. */
export interface AddressSpaceOptions {
  /** How faults find and hold a mapping. @defaultValue 'per-vma' */
  policy?: PolicyName;
  /** Which faults may take the policy's fast path. @defaultValue 'rfc' */
  faults?: FaultEra;
  /** `memory`: frames hold bytes; `none`: they are only counted. @defaultValue 'memory' */
  backing?: 'memory' | 'none';
  /** Most 4 KiB page frames that the space and its forks may use. @defaultValue 1048576 */
  frames?: number;
  /**
   * Pages that the space and its forks may have out, in swap: where MADV_PAGEOUT puts them, and a shortage of frames.
   * A touch brings such a page back, as a major fault.
   * @defaultValue 0
   */
  swap?: number;
  /** NUMA nodes among which the frames are divided evenly, at most 64. @defaultValue 1 */
  numaNodes?: number;
  limits?: AddressSpaceLimits;
  /** How the machine promises memory, to the space and its forks together. */
  overcommit?: OvercommitOptions;
  /** As root on Linux: no memlock limit, may map the first page. @defaultValue true */
  privileged?: boolean;
  /**
   * Reading anonymous memory that nobody wrote maps the shared zero page. Where it does not, it brings a page of its
   * own, which shows in what is resident and in what merges: Linux on s390 (`mm_forbids_zeropage()`), and kernels of
   * some sandboxes.
   * @defaultValue true
   */
  zeroPage?: boolean;
  /**
   * Which private anonymous memory faults fill with huge pages of 2 MiB, where all 2 MiB lie inside one mapping and nothing is
   * there yet: `madvise`, what `madvise(..., 'hugepage')` asks for; `always`, also what was not asked for, unless by 'nohugepage'; `never`, only
   * by MADV_COLLAPSE ({@link AddressSpace.setThpDisable} forbids that, too).
   * As `/sys/kernel/mm/transparent_hugepage/enabled`.
   * @defaultValue 'madvise'
   */
  thp?: ThpMode;
  /**
   * Bytes: where the heap begins, of which {@link AddressSpace.brk} moves the end.
   * @defaultValue 0x555555559000, about where Linux puts that of a program under `norandmaps`
   */
  brkStart?: Bytes;
}

/** Of {@link AddressSpaceOptions.thp}. */
export type ThpMode = 'never' | 'madvise' | 'always';

/** As setrlimit(2) sets them: bytes, or Infinity for none. */
export interface AddressSpaceLimits {
  /** RLIMIT_AS. @defaultValue Infinity */
  as?: number;
  /** RLIMIT_DATA. @defaultValue Infinity */
  data?: number;
  /** RLIMIT_STACK. @defaultValue 8388608 */
  stack?: number;
  /** RLIMIT_MEMLOCK. @defaultValue Infinity */
  memlock?: number;
  /** Mappings; Linux's vm.max_map_count. @defaultValue 65530 */
  mapCount?: number;
}

const BACKINGS = ['memory', 'none'];
/** In the order of the C API's numbers. */
const THP_MODES: readonly ThpMode[] = ['never', 'madvise', 'always'];
const BRK_START = 0x5555_5555_9000;
const NO_LIMIT = (1n << 64n) - 1n;

function limit(name: string, value: number | undefined): number | bigint | undefined {
  if (value === undefined) return undefined;
  return value === Infinity ? NO_LIMIT : bytes(name, value);
}

/** As the addon takes them; undefined: what it was. */
type NativeLimits = [
  as: Bytes | undefined,
  data: Bytes | undefined,
  stack: Bytes | undefined,
  memlock: Bytes | undefined,
  mapCount: number | undefined,
];

/** @internal */
export function limitArguments(limits: AddressSpaceLimits): NativeLimits {
  const { as, data, stack, memlock, mapCount } = object('limits', limits);
  return [
    limit('limits.as', as),
    limit('limits.data', data),
    limit('limits.stack', stack),
    limit('limits.memlock', memlock),
    mapCount === undefined ? undefined : wholeNumber('limits.mapCount', mapCount, 1, 2 ** 32 - 1),
  ];
}

/** @internal The limits of a space. */
export function readLimits(space: Handle): Required<AddressSpaceLimits> {
  const values = new Float64Array(5);
  native.getLimits(space, values);
  const [as = 0, data = 0, stack = 0, memlock = 0, mapCount = 0] = values;
  return { as, data, stack, memlock, mapCount };
}

/** A policy or an era that does not exist is the C API's to refuse: `EINVAL`, and here with what there is. */
function known(name: string, value: string, names: readonly string[]): number {
  const at = names.indexOf(text(name, value));
  if (at < 0)
    throw new VmalockError(
      'EINVAL',
      `EINVAL: there is no ${name} '${value.slice(0, LONGEST_SHOWN)}'; there are ${names.join(', ')}`,
      {
        errno: NativeCode.EINVAL,
      },
    );
  return at;
}

/** @internal */
export function policyName(name: string): PolicyName {
  return POLICY_NAMES[known('policy', name, POLICY_NAMES)] ?? 'per-vma';
}

/** @internal The number of an era in the C API. */
export function eraCode(era: string): number {
  return known('era', era, FAULT_ERAS);
}

/** @internal The number of a backing in the C API. */
export function backingCode(backing: string): number {
  return choice('backing', backing, BACKINGS);
}

/** A space that cannot have its heap there is not made. */
function withHeap(space: Handle, brkStart: Bytes): Handle {
  const result = native.setBrkStart(space, brkStart);
  if (result < 0) native.spaceClose(space);
  succeeded(result, 'new AddressSpace', brkStart);
  return space;
}

/** @internal A handle of a new space. */
export function createSpace(options: AddressSpaceOptions): Handle {
  const {
    policy = 'per-vma',
    faults = 'rfc',
    backing = 'memory',
    frames,
    swap = 0,
    numaNodes = 1,
    thp = 'madvise',
    brkStart = BRK_START,
  } = object('options', options);
  const heap = bytes('brkStart', brkStart);
  const overcommit = overcommitArguments(options.overcommit ?? {});
  const result = native.spaceCreate(
    policyName(policy),
    eraCode(faults),
    backingCode(backing),
    frames === undefined ? undefined : wholeNumber('frames', frames, 1, Number.MAX_SAFE_INTEGER),
    wholeNumber('numaNodes', numaNodes, 1, native.constants.MAX_NODES),
    options.privileged === undefined || isOn('privileged', options.privileged) ? 1 : 0,
    ...limitArguments(options.limits ?? {}),
    options.zeroPage === undefined || isOn('zeroPage', options.zeroPage) ? 0 : 1,
    choice('thp', thp, THP_MODES),
    wholeNumber('swap', swap, 0, Number.MAX_SAFE_INTEGER),
  );
  const space = withHeap(succeeded(result, 'new AddressSpace'), heap);
  native.setOvercommit(space, ...overcommit);
  return space;
}

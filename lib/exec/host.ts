/**
 * What the running kernel does that others do not, found out by trying.
 */

const PAGE = 4096;
/** More than malloc ever keeps for itself, so that the memory comes fresh from the kernel. */
const SIZE = 64 << 20;
const STRIDE = 16 * PAGE;

/** By how much memory grows when each page that is read is its own; half of it, since other things happen meanwhile. */
const GROWTH = ((SIZE / STRIDE) * PAGE) / 2;

/** An odd number: what the process frees or takes meanwhile can hide one growth. */
const TRIES = 3;

let known: boolean | undefined;

function readingCostsMemory(): boolean {
  const fresh = new Uint8Array(SIZE);
  const before = process.memoryUsage.rss();
  let sum = 0;
  for (let at = 0; at < fresh.length; at += STRIDE) sum += fresh[at] ?? 0;
  return process.memoryUsage.rss() - before + sum >= GROWTH;
}

/**
 * Does reading memory that nobody wrote map the shared zero page here? It costs no memory then. A few kernels have no
 * zero page, and each page that is read is one more. Tried at the first call.
 */
export function hostHasZeroPage(): boolean {
  known ??= Array.from({ length: TRIES }, readingCostsMemory).filter((costs) => costs).length <= TRIES / 2;
  return known;
}

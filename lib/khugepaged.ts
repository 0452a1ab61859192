import { object, wholeNumber } from './internal/options';

/** When 2 MiB of small pages are worth a huge one: `/sys/kernel/mm/transparent_hugepage/khugepaged` of Linux. */
export interface KhugepagedOptions {
  /** Most of the 512 pages that may be empty. @defaultValue 511 */
  maxPtesNone?: number;
  /** Most that may be out in swap; they are brought in. @defaultValue 64 */
  maxPtesSwap?: number;
  /** Most that may be shared, as after a fork; they are copied. @defaultValue 256 */
  maxPtesShared?: number;
}

const PAGES = 512;

/** @internal Checked, with the defaults filled in. */
export function khugepagedLimits(options: KhugepagedOptions = {}): Required<KhugepagedOptions> {
  const { maxPtesNone = PAGES - 1, maxPtesSwap = PAGES / 8, maxPtesShared = PAGES / 2 } = object('options', options);
  return {
    maxPtesNone: wholeNumber('maxPtesNone', maxPtesNone, 0, PAGES - 1),
    maxPtesSwap: wholeNumber('maxPtesSwap', maxPtesSwap, 0, PAGES - 1),
    maxPtesShared: wholeNumber('maxPtesShared', maxPtesShared, 0, PAGES - 1),
  };
}

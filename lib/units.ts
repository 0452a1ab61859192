/**
 * A byte address or a length in bytes: a whole number from 0 to 2^53 - 1, or a bigint from 0 below 2^64.
 *
 * Results are always numbers: every user address of x86-64, arm64 and ppc64 lies below 2^53.
 */
export type Bytes = number | bigint;

/** [address, address + length) */
export interface AddressRange {
  address: Bytes;
  length: Bytes;
}

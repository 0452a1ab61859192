import type { Access } from './fault-result';
import type { Bytes } from './units';

/** One fault that a userfaultfd is to resolve. */
export interface UserfaultEvent {
  /** Bytes. */
  address: number;
  access: Access;
  kind: 'missing' | 'wp' | 'minor';
}

/** A simulated userfaultfd, as {@link AddressSpace.userfaultfd} will return it: not modelled yet. */
export interface Userfaultfd extends AsyncIterable<UserfaultEvent>, Disposable {
  /** @param modes or UFFDIO_REGISTER_MODE_ bits */
  register(address: Bytes, length: Bytes, modes: { missing?: boolean; wp?: boolean; minor?: boolean } | number): void;
  unregister(address: Bytes, length: Bytes): void;
  copy(address: Bytes, bytes: Uint8Array, options?: { wp?: boolean; wake?: boolean }): void;
  zeropage(address: Bytes, length: Bytes): void;
  continue(address: Bytes, length: Bytes): void;
  writeProtect(address: Bytes, length: Bytes, on: boolean): void;
  wake(address: Bytes, length: Bytes): void;
  close(): void;
}

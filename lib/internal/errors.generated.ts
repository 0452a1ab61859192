// Made by scripts/gen-errors.cjs from native/include/vmalock_errors.h: change that list and run the script.

/** What each code that the C API returns is called, and what it says. */
export const NATIVE_ERRORS: ReadonlyMap<number, { readonly name: string; readonly text: string }> = new Map([
  [-1, { name: 'EPERM', text: 'operation not permitted' }],
  [-2, { name: 'ENOENT', text: 'no such object' }],
  [-4, { name: 'EINTR', text: 'interrupted' }],
  [-5, { name: 'EIO', text: 'input/output error' }],
  [-9, { name: 'EBADF', text: 'bad file' }],
  [-11, { name: 'EAGAIN', text: 'try again' }],
  [-12, { name: 'ENOMEM', text: 'not enough memory, or no room in the address space' }],
  [-13, { name: 'EACCES', text: 'permission denied' }],
  [-14, { name: 'EFAULT', text: 'bad address' }],
  [-16, { name: 'EBUSY', text: 'busy' }],
  [-17, { name: 'EEXIST', text: 'part of the range is already mapped' }],
  [-19, { name: 'ENODEV', text: 'this file cannot be mapped so' }],
  [-22, { name: 'EINVAL', text: 'invalid argument' }],
  [-26, { name: 'ETXTBSY', text: 'text file busy' }],
  [-38, { name: 'ENOSYS', text: 'not modelled' }],
  [-75, { name: 'EOVERFLOW', text: 'value too large' }],
  [-95, { name: 'EOPNOTSUPP', text: 'operation not supported' }],
  [-125, { name: 'ECANCELED', text: 'cancelled' }],
  [-1000, { name: 'SIGSEGV_MAPERR', text: 'segmentation fault: address not mapped' }],
  [-1001, { name: 'SIGSEGV_ACCERR', text: 'segmentation fault: access not permitted by the mapping' }],
  [-1002, { name: 'SIGBUS', text: 'bus error: beyond the end of the file' }],
  [-1003, { name: 'BROKEN', text: 'a broken invariant was found' }],
  [-1004, { name: 'BAD_TRACE', text: 'not a trace that can be replayed' }],
]);

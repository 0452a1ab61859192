/** Numbers of the x86-64 Linux ABI that recordings print as names or as numbers. */

export const PAGE = 4096;
/** Mappings lie below this, in bytes. */
export const TASK_SIZE = 2 ** 47 - PAGE;

export const PROT = {
  PROT_NONE: 0,
  PROT_READ: 1,
  PROT_WRITE: 2,
  PROT_EXEC: 4,
  PROT_SEM: 8,
  PROT_GROWSDOWN: 0x1000000,
  PROT_GROWSUP: 0x2000000,
} as const;

export const MAP = {
  MAP_FILE: 0,
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  MAP_SHARED_VALIDATE: 3,
  MAP_DROPPABLE: 8,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_ANON: 0x20,
  MAP_32BIT: 0x40,
  MAP_ABOVE4G: 0x80,
  MAP_GROWSDOWN: 0x100,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_POPULATE: 0x8000,
  MAP_NONBLOCK: 0x10000,
  MAP_STACK: 0x20000,
  MAP_HUGETLB: 0x40000,
  MAP_SYNC: 0x80000,
  MAP_FIXED_NOREPLACE: 0x100000,
  MAP_UNINITIALIZED: 0x4000000,
  MAP_HUGE_SHIFT: 26,
} as const;

/** Bits that say which kind of mapping it is. */
export const MAP_TYPE = 0xf;

export const MLOCK = { MLOCK_ONFAULT: 1 } as const;
export const MCL = { MCL_CURRENT: 1, MCL_FUTURE: 2, MCL_ONFAULT: 4 } as const;
export const MS = { MS_ASYNC: 1, MS_INVALIDATE: 2, MS_SYNC: 4 } as const;

export const MREMAP = { MREMAP_MAYMOVE: 1, MREMAP_FIXED: 2, MREMAP_DONTUNMAP: 4 } as const;

export const MPOL = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
  MPOL_F_NUMA_BALANCING: 0x2000,
  MPOL_F_RELATIVE_NODES: 0x4000,
  MPOL_F_STATIC_NODES: 0x8000,
} as const;
/** Flags of mbind. */
export const MPOL_MF = { MPOL_MF_STRICT: 1, MPOL_MF_MOVE: 2, MPOL_MF_MOVE_ALL: 4 } as const;
/** Flags of get_mempolicy. */
export const MPOL_F = { MPOL_F_NODE: 1, MPOL_F_ADDR: 2, MPOL_F_MEMS_ALLOWED: 4 } as const;

export const SHM = { SHM_RDONLY: 0x1000, SHM_RND: 0x2000, SHM_REMAP: 0x4000, SHM_EXEC: 0x8000 } as const;
export const IPC = { IPC_PRIVATE: 0 } as const;

export const MADV: Readonly<Record<string, number>> = {
  MADV_NORMAL: 0,
  MADV_RANDOM: 1,
  MADV_SEQUENTIAL: 2,
  MADV_WILLNEED: 3,
  MADV_DONTNEED: 4,
  MADV_FREE: 8,
  MADV_REMOVE: 9,
  MADV_DONTFORK: 10,
  MADV_DOFORK: 11,
  MADV_MERGEABLE: 12,
  MADV_UNMERGEABLE: 13,
  MADV_HUGEPAGE: 14,
  MADV_NOHUGEPAGE: 15,
  MADV_DONTDUMP: 16,
  MADV_DODUMP: 17,
  MADV_WIPEONFORK: 18,
  MADV_KEEPONFORK: 19,
  MADV_COLD: 20,
  MADV_PAGEOUT: 21,
  MADV_POPULATE_READ: 22,
  MADV_POPULATE_WRITE: 23,
  MADV_DONTNEED_LOCKED: 24,
  MADV_COLLAPSE: 25,
  MADV_HWPOISON: 100,
  MADV_SOFT_OFFLINE: 101,
  MADV_GUARD_INSTALL: 102,
  MADV_GUARD_REMOVE: 103,
};

/** Of the flags of clone only these matter here; all others are named so that none is unknown. */
export const CLONE = { CLONE_VM: 0x100, CLONE_VFORK: 0x4000, CLONE_THREAD: 0x10000 } as const;

export const SIGNAL = { SIGBUS: 7, SIGSEGV: 11 } as const;

/** si_code of a signal that a fault raised. */
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRERR = 2;

/** The x86 error code of a fault. */
export const FAULT_PRESENT = 1;
export const FAULT_WRITE = 2;
export const FAULT_USER = 4;
export const FAULT_FETCH = 0x10;

const ERRNO_NAMES =
  'EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST ' +
  'EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE ' +
  'EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP';

/** errno by name. */
export const ERRNO: ReadonlyMap<string, number> = new Map([
  ...ERRNO_NAMES.split(' ').map((name, at): [string, number] => [name, at + 1]),
  ['EWOULDBLOCK', 11],
  ['EIDRM', 43],
  ['EOVERFLOW', 75],
  ['ELIBBAD', 80],
  ['EOPNOTSUPP', 95],
  ['ENOTSUP', 95],
  ['ENOBUFS', 105],
  ['ECANCELED', 125],
  ['EHWPOISON', 133],
  ['ERESTARTSYS', 512],
]);

const ERRNO_BY_NUMBER = new Map(Array.from(ERRNO, ([name, number]): [number, string] => [number, name]).reverse());

/** The name of an errno, or its number where it has none here. */
export function errnoName(errno: number): string {
  return ERRNO_BY_NUMBER.get(errno) ?? String(errno);
}

/** The least result that is an error, as 64 bits without a sign: -4095. */
const FIRST_ERROR = 0xffff_ffff_ffff_f001n;

/** The errno of a result in 64 bits without a sign; 0 for a success. */
export function errnoOf(result: bigint): number {
  const unsigned = BigInt.asUintN(64, result);
  return unsigned >= FIRST_ERROR ? Number(-BigInt.asIntN(64, unsigned)) : 0;
}

/** System calls by number, as raw_syscalls prints them: those that calls.ts knows. */
export const SYSCALL: ReadonlyMap<number, string> = new Map([
  [9, 'mmap'],
  [10, 'mprotect'],
  [11, 'munmap'],
  [12, 'brk'],
  [25, 'mremap'],
  [26, 'msync'],
  [27, 'mincore'],
  [28, 'madvise'],
  [29, 'shmget'],
  [30, 'shmat'],
  [56, 'clone'],
  [57, 'fork'],
  [58, 'vfork'],
  [59, 'execve'],
  [60, 'exit'],
  [67, 'shmdt'],
  [149, 'mlock'],
  [150, 'munlock'],
  [151, 'mlockall'],
  [152, 'munlockall'],
  [157, 'prctl'],
  [216, 'remap_file_pages'],
  [231, 'exit_group'],
  [237, 'mbind'],
  [238, 'set_mempolicy'],
  [239, 'get_mempolicy'],
  [256, 'migrate_pages'],
  [279, 'move_pages'],
  [322, 'execveat'],
  [323, 'userfaultfd'],
  [325, 'mlock2'],
  [329, 'pkey_mprotect'],
  [435, 'clone3'],
  [440, 'process_madvise'],
  [447, 'memfd_secret'],
  [450, 'set_mempolicy_home_node'],
  [453, 'map_shadow_stack'],
  [462, 'mseal'],
]);

// xxHash (XXH3, 128 bits): the hash of every file of a checkpoint and of a token folder.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>

/// Two names of a file system exchange what they name, in one step (Linux 3.15). glibc declares renameat2 only for GNU's dialect,
/// which Swift does not import.
static inline int cfiles_exchange(const char *_Nonnull one, const char *_Nonnull other) {
#ifdef SYS_renameat2
  const unsigned int exchange = 1 << 1; /* RENAME_EXCHANGE */
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, exchange);
#else
  errno = ENOSYS;
  return -1;
#endif
}

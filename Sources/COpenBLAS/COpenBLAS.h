// OpenBLAS's C interface. Debian's header stands in a folder of its own, which pkg-config names.
#pragma once
#include <cblas.h>
#include <stddef.h>

// Not in the header, but exported by every build: sgemm takes its workspace with the first and, where
// the system refuses it, asks again for ever.
extern void *_Nullable blas_memory_alloc(int) __attribute__((weak));
extern void blas_memory_free(void *_Nonnull) __attribute__((weak));

static inline int cblas_has_workspaces(void) {
  return blas_memory_alloc != NULL && blas_memory_free != NULL;
}

#pragma once
#include <mpi.h>
#include <sys/syscall.h>
#include <unistd.h>

// Open MPI's handles are macros that cast addresses, which Swift does not import: one function for
// each.

static inline MPI_Comm _Nonnull cmpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Comm cmpi_comm_null(void) { return MPI_COMM_NULL; }
static inline MPI_Info cmpi_info_null(void) { return MPI_INFO_NULL; }
static inline MPI_Errhandler cmpi_errors_return(void) { return MPI_ERRORS_RETURN; }

static inline MPI_Request cmpi_request_null(void) { return MPI_REQUEST_NULL; }

static inline MPI_Datatype cmpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype cmpi_int32(void) { return MPI_INT32_T; }
static inline MPI_Datatype cmpi_uint32(void) { return MPI_UINT32_T; }
static inline MPI_Datatype cmpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Datatype cmpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype cmpi_double(void) { return MPI_DOUBLE; }

static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }
static inline MPI_Op cmpi_min(void) { return MPI_MIN; }
static inline MPI_Op cmpi_max(void) { return MPI_MAX; }
static inline MPI_Op cmpi_bit_or(void) { return MPI_BOR; }

static inline int cmpi_comm_type_shared(void) { return MPI_COMM_TYPE_SHARED; }
static inline MPI_Status *cmpi_statuses_ignore(void) { return MPI_STATUSES_IGNORE; }
static inline const void *cmpi_in_place_const(void) { return MPI_IN_PLACE; }

// Swift imports no variadic functions, and no tgkill. A signal handler: hands a signal that reached
// another thread on to the main thread, whose id is the process's.
static inline void cmpi_signal_main_thread(int signal) {
  syscall(SYS_tgkill, getpid(), getpid(), signal);
}

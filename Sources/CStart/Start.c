#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

// What has to be right before any library is initialized: OpenBLAS starts its threads, and MPI and
// others open files, before `main`.

// Descriptors 0 to 2 that are closed would be given to the first files and pipes that a library
// opens, and our log would be written into them. /dev/null is opened in their place, such that
// reading standard input and writing standard output fail with EBADF as they did while closed: an
// empty input or a lost result would be silent. Log lines are dropped.
static void open_standard_streams(void) {
  static const int flags[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free descriptor, which is this one.
    if (open("/dev/null", flags[descriptor]) != descriptor) return;
  }
}

// Variables that libraries read while they are initialized.
static const struct {
  const char *name, *entry;
  int is_default;  // whether the user's value is kept
} variables[] = {
    // The program has threads of its own, and OpenBLAS dies by SIGINT where it may start none.
    {"OPENBLAS_NUM_THREADS", "OPENBLAS_NUM_THREADS=1", 0},
    // Containers and batch systems start users without a home and without a line in /etc/passwd.
    {"HOME", "HOME=/", 1},
};
enum { variable_count = sizeof variables / sizeof *variables };

static int names(const char *entry, const char *name) {
  size_t length = strlen(name);
  return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

// Begins the program anew where its environment lacks one of the variables: the C library is not
// initialized yet and would replace what `setenv` does here. The process stays the same. Where the
// system refuses, the program goes on as it is.
static void set_variables(char **argv, char **envp) {
  // Started as `ld.so program`, the executable is not ours.
  if (getauxval(AT_BASE) == 0) return;
  int is_right[variable_count] = {0}, is_complete = 1;
  size_t count = 0;
  for (; envp[count]; count++) {
    for (int i = 0; i < variable_count; i++) {
      if (names(envp[count], variables[i].name) && !is_right[i])
        is_right[i] = variables[i].is_default || strcmp(envp[count], variables[i].entry) == 0;
    }
  }
  for (int i = 0; i < variable_count; i++) is_complete &= is_right[i];
  if (is_complete) return;

  const char *changed[count + variable_count + 1];
  size_t size = 0;
  for (int i = 0; i < variable_count; i++) {
    if (!is_right[i]) changed[size++] = variables[i].entry;
  }
  for (size_t entry = 0; entry < count; entry++) {
    int is_replaced = 0;
    for (int i = 0; i < variable_count; i++)
      is_replaced |= !is_right[i] && names(envp[entry], variables[i].name);
    if (!is_replaced) changed[size++] = envp[entry];
  }
  changed[size] = NULL;
  const char *path = (const char *)getauxval(AT_EXECFN);
  if (path) execve(path, argv, (char **)changed);
  execve("/proc/self/exe", argv, (char **)changed);  // Where it was started by a descriptor.
}

static size_t append(char *text, size_t size, const char *more) {
  size_t length = strlen(more);
  memcpy(text + size, more, length);
  return size + length;
}

// The end of a process in which a collection of Swift's, or a library, was refused memory: they abort, after a line that says how
// many bytes were asked for. Under a limit that is no crash; the limit is named, and the status is 1. Signal-safe.
static void memory_was_refused(int signal_number) {
  (void)signal_number;
  char text[256];
  size_t size = append(text, 0, "gpt1-dist: the system refused memory, as this process may have only ");
  struct rlimit limit;
  const char *name = "ulimit -v";
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    if (getrlimit(RLIMIT_DATA, &limit) != 0) _exit(1);
    name = "ulimit -d";
  }
  char digits[24];
  size_t first = sizeof digits;
  digits[--first] = 0;
  unsigned long long kibibytes = limit.rlim_cur >> 10;
  do digits[--first] = (char)('0' + kibibytes % 10);
  while (kibibytes /= 10);
  size = append(text, size, digits + first);
  size = append(text, size, " KiB (");
  size = append(text, size, name);
  size = append(text, size, "): raise the limit, or process less data at once\n");
  if (write(STDERR_FILENO, text, size) < 0) _exit(1);
  _exit(1);
}

// Swift and MPI leave a handler alone that is there before them.
static void answer_refused_memory(void) {
  struct rlimit addresses, data;
  if (getrlimit(RLIMIT_AS, &addresses) != 0 || getrlimit(RLIMIT_DATA, &data) != 0) return;
  if (addresses.rlim_cur == RLIM_INFINITY && data.rlim_cur == RLIM_INFINITY) return;
  // Every arena reserves 64 MiB of address space, and how many there are follows from which threads allocate at the same time: the
  // same command would fit at one time and not at another.
  if (addresses.rlim_cur != RLIM_INFINITY) mallopt(M_ARENA_MAX, 1);
  struct sigaction action = {0};
  action.sa_handler = memory_was_refused;
  sigaction(SIGABRT, &action, NULL);
}

static void start(int argc, char **argv, char **envp) {
  (void)argc;
  open_standard_streams();
  // A file larger than `ulimit -f` allows is an error of the write, not the end of the process.
  signal(SIGXFSZ, SIG_IGN);
  set_variables(argv, envp);
  answer_refused_memory();
}

// Called by the dynamic linker before any library's own initializers.
__attribute__((section(".preinit_array"), used, retain)) static void (*const at_start)(
    int, char **, char **) = start;

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
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

static void start(int argc, char **argv, char **envp) {
  (void)argc;
  open_standard_streams();
  set_variables(argv, envp);
}

// Called by the dynamic linker before any library's own initializers.
__attribute__((section(".preinit_array"), used, retain)) static void (*const at_start)(
    int, char **, char **) = start;

// oneDNN's C interface. Debian's library has its threads from OpenMP.
#pragma once
#include <oneapi/dnnl/dnnl.h>

// OpenMP's own header belongs to the C compiler; this is all that is wanted of it.
void omp_set_num_threads(int count);

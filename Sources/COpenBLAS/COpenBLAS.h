// OpenBLAS's C interface. Debian's header stands in a folder of its own, which pkg-config names.
#pragma once
#include <cblas.h>

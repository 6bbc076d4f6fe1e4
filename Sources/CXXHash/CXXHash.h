// xxHash (XXH3, 128 bits): the hash of every file of a checkpoint and of a token folder.
#pragma once
#include <xxhash.h>

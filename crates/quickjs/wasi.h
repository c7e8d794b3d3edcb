/* Included before each C file that is compiled for WASI: QuickJS checks no stack there, and deep recursion would end the
   whole module. Its build, and no other, defines EMSCRIPTEN. The system's own headers have to be read before. */
#ifdef EMSCRIPTEN
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#undef __wasi__
#endif

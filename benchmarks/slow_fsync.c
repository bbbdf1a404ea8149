/* Preloaded into PostgreSQL: each flush to the disk takes a millisecond longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#define MICROSECONDS 1000
#define SLOW(name)                                         \
    int name(int file)                                     \
    {                                                      \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name); \
        usleep(MICROSECONDS);                              \
        return real(file);                                 \
    }

SLOW(fsync)
SLOW(fdatasync)

#include "depth.h"

#include <pthread.h>
#include <stdint.h>

#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000

#include <limits.h>

/* The header's number is not that of each release. */
int dz_depth_least = INT_MIN;

void dz_depth_note(void)
{
    int remaining = PyThreadState_Get()->c_recursion_remaining;
    if (remaining / 2 > dz_depth_least)
        dz_depth_least = remaining / 2;
}

#elif PY_VERSION_HEX >= 0x030B0000

/* Where this thread's stack is half used. */
static __thread uintptr_t half __attribute__((tls_model("initial-exec")));

static void find_half(void)
{
    pthread_attr_t attributes;
    void *lowest;
    size_t size;
    /* Never: an answer nobody gives is none. */
    half = 1;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0)
        half = (uintptr_t)lowest + size / 2;
    pthread_attr_destroy(&attributes);
}

int dz_depth_has_little_stack(void)
{
    if (!half)
        find_half();
    return (uintptr_t)__builtin_frame_address(0) < half;
}

#endif

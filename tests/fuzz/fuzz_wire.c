/* Any bytes may come from a process that runs users' tests: the decoder refuses them or understands them,
 * and what it understood it writes again as the same bytes. */
#include "host/base/buf.h"
#include "host/base/wire.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void take(const char *at, size_t size)
{
    struct dz_msg msg;
    long n = dz_wire_take(at, size, &msg);
    if (n <= 0)
        return;
    dz_autobuf struct dz_buf again = {0};
    dz_wire_put(&again, &msg);
    if (!dz_buf_ok(&again) || again.len != (size_t)n || memcmp(again.data, at, again.len) != 0)
        abort();
}

/* The same bytes as a body under a right header, which no fuzzer would hit upon. */
static void take_as_body(const char *body, size_t size)
{
    if (size < 1)
        return;
    uint32_t type = 1 + (uint32_t)(unsigned char)body[0] % (DZ_MSG_COUNT - 1);
    uint32_t length = (uint32_t)size - 1;
    uint32_t check =
        (uint32_t)XXH3_64bits_withSeed(body + 1, length, ((uint64_t)type << 32) | length);
    dz_autobuf struct dz_buf frame = {0};
    dz_buf_put(&frame, &(uint32_t[]){length, type, check}, DZ_FRAME_HEADER);
    dz_buf_put(&frame, body + 1, length);
    if (dz_buf_ok(&frame))
        take(frame.data, frame.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take((const char *)data, size);
    take_as_body((const char *)data, size);
    return 0;
}

/* The wire: what is put is taken, for each row of wire.def; and nothing else is. */
#include "../../host/base/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char some_bytes[] = "bytes with \0 and \xff\xfe in them";

/* Each field another value, so that two that are exchanged are seen. */
static uint64_t value;

static uint64_t next_value(void)
{
    return value = value * 6364136223846793005u + 1442695040888963407u;
}

static struct dz_bytes next_bytes(void)
{
    return dz_bytes(some_bytes, next_value() % sizeof some_bytes);
}

#define DZ_U8(name) m->name = (uint8_t)next_value();
#define DZ_U32(name) m->name = (uint32_t)next_value();
#define DZ_U64(name) m->name = next_value();
#define DZ_F64(name) m->name = (double)next_value() / 7;
#define DZ_BYTES(name) m->name = next_bytes();
#define DZ_MSG(name, fields)                    \
    static void fill_##name(struct dz_msg *msg) \
    {                                           \
        struct dz_msg_##name *m = &msg->name;   \
        msg->type = DZ_MSG_##name;              \
        (void)m;                                \
        fields                                  \
    }
#include "../../host/base/wire.def"

static int is_same_bytes(struct dz_bytes a, struct dz_bytes b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

#define DZ_U8(name) &&a->name == b->name
#define DZ_U32(name) &&a->name == b->name
#define DZ_U64(name) &&a->name == b->name
#define DZ_F64(name) &&memcmp(&a->name, &b->name, sizeof a->name) == 0
#define DZ_BYTES(name) &&is_same_bytes(a->name, b->name)
#define DZ_MSG(name, fields)                                                                \
    static int is_same_##name(const struct dz_msg_##name *a, const struct dz_msg_##name *b) \
    {                                                                                       \
        return a && b fields;                                                               \
    }
#include "../../host/base/wire.def"

static int is_same(const struct dz_msg *a, const struct dz_msg *b)
{
    if (a->type != b->type)
        return 0;
    switch (a->type) {
#define DZ_MSG(name, fields) \
    case DZ_MSG_##name:      \
        return is_same_##name(&a->name, &b->name);
#include "../../host/base/wire.def"
    case DZ_MSG_NONE:
    case DZ_MSG_COUNT:
        break;
    }
    return 0;
}

static void (*const fills[])(struct dz_msg *) = {
#define DZ_MSG(name, fields) fill_##name,
#include "../../host/base/wire.def"
};

enum { N_ROWS = sizeof fills / sizeof *fills };

static void each_message_comes_through_as_it_was(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++)
        for (size_t i = 0; i < N_ROWS; i++) {
            dz_autobuf struct dz_buf buf = {0};
            struct dz_msg put = {0}, taken = {0};
            fills[i](&put);
            dz_wire_put(&buf, &put);
            assert_true(dz_buf_ok(&buf));
            assert_int_equal(dz_wire_take(buf.data, buf.len, &taken), (long)buf.len);
            if (!is_same(&put, &taken))
                fail_msg("%s does not come through", dz_msg_name(put.type));
        }
}

static void messages_stand_one_behind_the_other(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf buf = {0};
    struct dz_msg msg;
    for (size_t i = 0; i < N_ROWS; i++) {
        fills[i](&msg);
        dz_wire_put(&buf, &msg);
    }
    size_t at = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        long size = dz_wire_take(buf.data + at, buf.len - at, &msg);
        assert_true(size > 0);
        assert_int_equal(msg.type, DZ_MSG_NONE + 1 + i);
        at += (size_t)size;
    }
    assert_int_equal(at, buf.len);
}

/* In a buffer of exactly that size, so that a read beyond it is seen under a sanitizer. */
static long take_copy(const char *bytes, size_t size)
{
    struct dz_msg msg;
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    long taken = dz_wire_take(copy, size, &msg);
    free(copy);
    return taken;
}

static void a_part_of_a_message_wants_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        dz_autobuf struct dz_buf buf = {0};
        struct dz_msg put = {0};
        fills[i](&put);
        dz_wire_put(&buf, &put);
        for (size_t size = 0; size < buf.len; size++)
            assert_int_equal(take_copy(buf.data, size), 0);
    }
}

/* A larger size may want more: then more is awaited, up to the size that none has. */
static void a_flipped_bit_is_never_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        dz_autobuf struct dz_buf buf = {0};
        struct dz_msg put = {0};
        fills[i](&put);
        dz_wire_put(&buf, &put);
        for (size_t bit = 0; bit < buf.len * 8; bit++) {
            buf.data[bit / 8] ^= (char)(1 << bit % 8);
            long r = take_copy(buf.data, buf.len);
            if (r != -EBADMSG && !(r == 0 && bit < 32))
                fail_msg("%s with bit %zu flipped is taken: %ld", dz_msg_name(put.type), bit, r);
            buf.data[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

static void a_message_of_no_type_is_not_put(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf none = {0}, beyond = {0};
    dz_wire_put(&none, &(struct dz_msg){.type = DZ_MSG_NONE});
    dz_wire_put(&beyond, &(struct dz_msg){.type = DZ_MSG_COUNT});
    assert_false(dz_buf_ok(&none));
    assert_false(dz_buf_ok(&beyond));
}

static void a_header_that_promises_too_much_is_refused_at_once(void **state)
{
    (void)state;
    uint32_t header[] = {DZ_FRAME_MOST + 1, DZ_MSG_note, 0};
    assert_int_equal(take_copy((const char *)header, sizeof header), -EBADMSG);
}

static void each_message_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(dz_msg_name(DZ_MSG_hello), "hello");
    assert_string_equal(dz_msg_name(DZ_MSG_death), "death");
    assert_string_equal(dz_msg_name(DZ_MSG_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_comes_through_as_it_was),
        cmocka_unit_test(messages_stand_one_behind_the_other),
        cmocka_unit_test(a_part_of_a_message_wants_more),
        cmocka_unit_test(a_flipped_bit_is_never_a_message),
        cmocka_unit_test(a_message_of_no_type_is_not_put),
        cmocka_unit_test(a_header_that_promises_too_much_is_refused_at_once),
        cmocka_unit_test(each_message_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

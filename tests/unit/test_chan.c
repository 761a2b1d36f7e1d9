/* A channel: frames and descriptors over a local socket, however the bytes are cut. */
#include "../../host/base/chan.h"
#include "../../host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct ends {
    struct dz_chan here, there;
};

static int open_ends(void **state)
{
    static struct ends ends;
    int fds[2];
    if (dz_chan_pair(fds) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK);
    dz_chan_init(&ends.here, fds[0]);
    dz_chan_init(&ends.there, fds[1]);
    *state = &ends;
    return 0;
}

static int close_ends(void **state)
{
    struct ends *ends = *state;
    dz_mem_fail_after(0);
    dz_chan_close(&ends->here);
    dz_chan_close(&ends->there);
    return 0;
}

static struct dz_msg note(const char *text, size_t size)
{
    return (struct dz_msg){.type = DZ_MSG_note, .note = {dz_bytes(text, size)}};
}

/* Fills and takes until there is one. */
static struct dz_msg expect_one(struct dz_chan *chan)
{
    struct dz_msg msg;
    int r;
    while ((r = dz_chan_take(chan, &msg)) == 0)
        assert_true(dz_chan_fill(chan) > 0);
    assert_int_equal(r, 1);
    return msg;
}

static void frames_arrive_in_order(void **state)
{
    struct ends *ends = *state;
    for (uint32_t i = 0; i < 1000; i++)
        dz_chan_put(&ends->here, &(struct dz_msg){.type = DZ_MSG_started, .started = {i}});
    assert_int_equal(dz_chan_flush(&ends->here), 0);
    assert_int_equal(dz_chan_waiting(&ends->here), 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct dz_msg msg = expect_one(&ends->there);
        assert_int_equal(msg.type, DZ_MSG_started);
        assert_int_equal(msg.started.test, i);
    }
    assert_int_equal(dz_chan_fill(&ends->there), -EAGAIN);
}

/* Larger than a socket's buffer: it goes in parts, as the other end reads. */
static void a_large_frame_goes_in_parts(void **state)
{
    struct ends *ends = *state;
    enum { SIZE = 5 << 20 };
    char *text = malloc(SIZE);
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)(i * 31 >> 3);
    struct dz_msg put = note(text, SIZE), taken;
    dz_chan_put(&ends->here, &put);
    int times = 0, r = 0;
    while (r == 0) {
        int sent = dz_chan_flush(&ends->here);
        assert_true(sent == 0 || sent == -EAGAIN);
        times += sent == -EAGAIN;
        long n = dz_chan_fill(&ends->there);
        assert_true(n > 0 || n == -EAGAIN);
        r = dz_chan_take(&ends->there, &taken);
    }
    assert_int_equal(r, 1);
    assert_true(times > 1);
    assert_int_equal(taken.note.text.size, SIZE);
    assert_memory_equal(taken.note.text.at, text, SIZE);
    free(text);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
    struct ends *ends = *state;
    dz_autobuf struct dz_buf frame = {0};
    struct dz_msg put = note("slowly", 6), taken;
    dz_wire_put(&frame, &put);
    for (size_t i = 0; i < frame.len; i++) {
        assert_int_equal(dz_chan_take(&ends->there, &taken), 0);
        assert_int_equal(send(ends->here.fd, frame.data + i, 1, 0), 1);
        assert_int_equal(dz_chan_fill(&ends->there), 1);
    }
    assert_int_equal(dz_chan_take(&ends->there, &taken), 1);
    assert_memory_equal(taken.note.text.at, "slowly", 6);
}

static ino_t inode(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static void descriptors_come_beside_their_frame(void **state)
{
    struct ends *ends = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct dz_msg before = note("before", 6), with = note("with", 4);
    dz_chan_put(&ends->here, &before);
    assert_int_equal(dz_chan_send_fds(&ends->here, &with, fds, 2), 0);
    assert_memory_equal(expect_one(&ends->there).note.text.at, "before", 6);
    assert_memory_equal(expect_one(&ends->there).note.text.at, "with", 4);
    for (int i = 0; i < 2; i++) {
        int fd = dz_chan_take_fd(&ends->there);
        assert_true(fd >= 0 && fd != fds[i]);
        assert_int_equal(inode(fd), inode(fds[i]));
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
        close(fds[i]);
    }
    assert_int_equal(dz_chan_take_fd(&ends->there), -1);
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void descriptors_that_nobody_takes_are_closed(void **state)
{
    struct ends *ends = *state;
    int before = count_descriptors();
    struct dz_msg msg = note("here", 4);
    int fds[DZ_CHAN_FDS];
    for (int i = 0; i < DZ_CHAN_FDS; i++)
        fds[i] = ends->here.fd;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dz_chan_send_fds(&ends->here, &msg, fds, DZ_CHAN_FDS), 0);
        expect_one(&ends->there);
    }
    assert_int_equal(count_descriptors(), before + DZ_CHAN_FDS);
    dz_chan_close(&ends->there);
    assert_int_equal(count_descriptors(), before - 1);
}

static void rubbish_is_refused(void **state)
{
    struct ends *ends = *state;
    struct dz_msg msg;
    char rubbish[64];
    memset(rubbish, 'r', sizeof rubbish);
    assert_int_equal(send(ends->here.fd, rubbish, sizeof rubbish, 0), sizeof rubbish);
    assert_true(dz_chan_fill(&ends->there) > 0);
    assert_int_equal(dz_chan_take(&ends->there, &msg), -EBADMSG);
    assert_int_equal(dz_chan_take(&ends->there, &msg), -EBADMSG);
}

static void what_was_said_before_the_end_is_heard(void **state)
{
    struct ends *ends = *state;
    struct dz_msg last = note("last", 4);
    dz_chan_put(&ends->here, &last);
    assert_int_equal(dz_chan_flush(&ends->here), 0);
    dz_chan_close(&ends->here);
    assert_memory_equal(expect_one(&ends->there).note.text.at, "last", 4);
    assert_int_equal(dz_chan_fill(&ends->there), 0);
}

static void writing_to_one_who_is_gone_is_an_error_and_no_signal(void **state)
{
    struct ends *ends = *state;
    struct dz_msg msg = note("anybody?", 8);
    dz_chan_close(&ends->there);
    dz_chan_put(&ends->here, &msg);
    assert_int_equal(dz_chan_flush(&ends->here), -EPIPE);
    ends->here.out.len = 0;
    assert_int_equal(dz_chan_send_fds(&ends->here, &msg, &ends->here.fd, 1), -EPIPE);
    /* Without its descriptor it must not go later. */
    assert_int_equal(dz_chan_waiting(&ends->here), 0);
}

/* The descriptor has gone with the first bytes: the order stands, though the rest has to wait. */
static void an_order_of_which_a_part_waits_has_been_given(void **state)
{
    struct ends *ends = *state;
    enum { SIZE = 1 << 20 };
    char *text = calloc(1, SIZE);
    assert_non_null(text);
    struct dz_msg put = note(text, SIZE), taken;
    assert_int_equal(dz_chan_send_fds(&ends->here, &put, &ends->here.fd, 1), 0);
    assert_true(dz_chan_waiting(&ends->here) > 0);
    for (int r = 0; r == 0; r = dz_chan_take(&ends->there, &taken)) {
        dz_chan_flush(&ends->here);
        dz_chan_fill(&ends->there);
    }
    int fd = dz_chan_take_fd(&ends->there);
    assert_true(fd >= 0);
    close(fd);
    free(text);
}

static void without_memory_nothing_is_sent_by_halves(void **state)
{
    struct ends *ends = *state;
    struct dz_msg msg = note("lost", 4);
    dz_mem_fail_after(1);
    dz_chan_put(&ends->here, &msg);
    assert_int_equal(dz_chan_flush(&ends->here), -ENOMEM);
    assert_int_equal(dz_chan_fill(&ends->there), -ENOMEM);
    dz_mem_fail_after(0);
    assert_int_equal(recv(ends->there.fd, &(char){0}, 1, 0), -1);
}

static void a_descriptor_moves_high_and_stays_the_same_file(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY);
    ino_t before = inode(fd);
    int high = dz_fd_move_high(fd);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(high > fd && (rlim_t)high < limit.rlim_cur);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(inode(high), before);
    assert_true(fcntl(high, F_GETFD) & FD_CLOEXEC);
    close(high);
}

static void a_descriptor_stays_where_there_is_no_room_above(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY);
    struct rlimit limit, low;
    getrlimit(RLIMIT_NOFILE, &limit);
    low = limit;
    low.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int same = dz_fd_move_high(fd);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(same, fd);
    assert_true(fcntl(fd, F_GETFD) >= 0);
    close(fd);
}

#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, open_ends, close_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ENDS(frames_arrive_in_order),
        WITH_ENDS(a_large_frame_goes_in_parts),
        WITH_ENDS(a_frame_may_come_byte_by_byte),
        WITH_ENDS(descriptors_come_beside_their_frame),
        WITH_ENDS(descriptors_that_nobody_takes_are_closed),
        WITH_ENDS(rubbish_is_refused),
        WITH_ENDS(what_was_said_before_the_end_is_heard),
        WITH_ENDS(writing_to_one_who_is_gone_is_an_error_and_no_signal),
        WITH_ENDS(an_order_of_which_a_part_waits_has_been_given),
        WITH_ENDS(without_memory_nothing_is_sent_by_halves),
        cmocka_unit_test(a_descriptor_moves_high_and_stays_the_same_file),
        cmocka_unit_test(a_descriptor_stays_where_there_is_no_room_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

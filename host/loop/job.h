/* What the parts of a running job share. The scheduler has the tests' lives (suite.c), the vassal the
 * workers' (vassal.c), front.c speaks with the process that users see; each tells the next by a call.
 *
 * All of it runs on one loop and never waits. */
#pragma once

#include "../base/err.h"
#include "../base/wire.h"
#include "../choice.h"
#include "../job.h"
#include "../record/durations.h"
#include "../record/graph.h"
#include "../record/plan.h"
#include "census.h"
#include "peer.h"
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <uv.h>

/* A test's life: DUE until the plan gives it out, and again when its process died before it began. */
/* What an audit makes of a test: DOUBTED, once it has come to something else, and runs again. */
enum dz_audit {
    DZ_AUDIT_NOT,
    DZ_AUDIT_DUE,
    DZ_AUDIT_DOUBTED,
    DZ_AUDIT_HELD,
    DZ_AUDIT_FLAKY,
    DZ_AUDIT_MISSED
};

enum dz_test_state { DZ_DUE, DZ_GIVEN, DZ_RUNNING, DZ_THROUGH };

struct dz_test {
    char *nodeid;
    char *location; /* pickled, for a replay */
    uint32_t location_size;
    uint32_t module, klass;
    uint32_t first_use, uses;
    enum dz_test_state state;
    uint32_t slot;
    uint32_t serial; /* of the process that ran it */
    uint8_t failed, shown, kept, leaky;
    uint8_t audit;  /* dz_audit */
    uint8_t proves; /* with equal inputs it comes to the same again */
    uint64_t started_us, duration_us;
    struct dz_buf frames; /* report, event and death messages as they came */
};

struct dz_suite {
    struct dz_test *tests;
    uint32_t n, cap, n_through, n_failed, n_failures;
    char **fixtures;
    uint32_t n_fixtures, cap_fixtures;
    uint32_t *use_list;
    uint32_t n_uses, cap_uses;
    uint32_t next_shown; /* where whole files are told in order */
    struct dz_plan *plan;
    struct dz_durations *durations;
    uint8_t complete, closed;
    char *digest; /* of the node ids, as the front has found them */
};

enum dz_slot_state {
    DZ_SLOT_EMPTY,   /* no process */
    DZ_SLOT_FORKING, /* ordered, not yet heard of */
    DZ_SLOT_WAITING, /* it has nothing to do and asks */
    DZ_SLOT_BUSY,    /* it holds tests */
    DZ_SLOT_LEAVING, /* it was told its last */
    DZ_SLOT_DYING,   /* gone, or killed by us: its status is still to come */
};

/* Why we killed it, if we did. */
enum dz_verdict { DZ_NO_VERDICT, DZ_TIMED_OUT, DZ_STOPPED, DZ_LIED, DZ_HUNG_UP, DZ_ENDED };

struct dz_worker {
    struct dz_job *job;
    uint32_t slot, serial;
    enum dz_slot_state state;
    struct dz_peer peer;
    pid_t pid;
    int files[3];           /* its thread stacks, captured stdout and stderr; -1 */
    uint32_t running, last; /* tests; last: the one it was through with */
    uint32_t *given;        /* committed and not begun, in order */
    uint32_t n_given, cap_given;
    uint8_t told_last, status_known, hung_up, interrupted;
    enum dz_verdict verdict;
    int status, stop_signal;
    uint32_t barren;           /* processes in a row that died here before they began a test */
    uint64_t born_us, idle_us; /* when it said hello, and when it was through with its last test */
    uint64_t asked_us, killed_us, interrupted_us;
    off_t stacks; /* of its stacks, what was seen last, and when they grew */
    uint64_t grown_us;
};

enum { DZ_MOST_REMARKS = 16 };

struct dz_remarks {
    struct dz_remark {
        char *text;
        uint32_t times;
    } list[DZ_MOST_REMARKS];
    uint32_t n;
};

struct dz_job {
    uv_loop_t loop;
    uv_timer_t tick, nap;
    uv_poll_t signals;
    int signals_fd;
    sigset_t users_mask;
    uint64_t interrupted_us;
    const struct dz_python *python;
    int argc;
    char **argv;

    struct dz_peer front;
    pid_t front_pid;
    int unreaped; /* no child was told of, when there should be one */
    int front_status, front_ended, front_told, front_done, replaying, replay_ready;
    struct dz_peer zygote;
    pid_t zygote_pid;
    int zygote_lost;

    struct dz_msg_settings settings; /* its texts aside */
    char *junit;                     /* where junit is wanted, or empty */
    int settings_known, spawns, showing_rest, zygotes, stillborn, missed;
    struct dz_run run;
    struct {
        char *rootdir, *base, *profile;
        struct dz_fingerprint key;
        int all;
        double audit;
        struct dz_buf ignore, external; /* as told */
    } asked;
    struct {
        pid_t pid;  /* who looks for what is proved, or 0 */
        int answer; /* its file */
        uint64_t began_us;
        int is_late; /* it was not waited for any longer */
        struct dz_buf frame;
    } choice;
    struct {
        int is_on;
        uint32_t seed, n, n_ran, n_missed, n_flaky;
    } audit;
    struct {
        char *name;                    /* of its record, or NULL */
        struct dz_buf resolved, frame; /* as the front has told what it came to */
    } command;
    struct dz_buf told; /* frames of what the front has found, for who learns */
    uint32_t n_left_out;
    struct dz_bits spoilt; /* serials of workers in which something failed behind the last test */

    struct dz_suite suite;
    struct dz_worker *workers;
    uint32_t n_slots, n_useful, n_serials;

    enum dz_end_reason reason;
    uint32_t exit_code;
    char *reason_text;
    int over, interrupts;

    uint64_t
        inherited_us; /* CPU that this pid had used before it became the host: a shell may have executed us */
    uint64_t cpu_us;  /* of all its processes, when the run has ended */
    int64_t began_ns; /* since 1970, by the clock of files' times */
    uint64_t began_us, run_began_us, run_ended_us, told_us;
    struct {
        uint32_t crashed, timed_out, leaky, recycled, died_leaving;
        uint64_t tests_us;
        struct dz_buf leaks, late;
    } count;
    struct dz_census census;
    struct {
        pid_t pid;         /* who makes sheets, or 0 */
        int said;          /* its pipe */
        int is_waited_for; /* the job's end tells of what it finds */
        int is_due;        /* again, when this one has ended */
        struct dz_buf text;
    } cuts;
    struct dz_remarks remarks;
};

uint64_t dz_now_us(void);

/* ---- suite.c: the scheduler ---- */
int dz_suite_message(struct dz_job *job, const struct dz_msg *msg);
void dz_suite_free(struct dz_suite *suite);
/* The suite is whole: past durations, plan. Negative with a sentence. */
int dz_suite_plan(struct dz_job *job, struct dz_err *err);
/* Commits what this worker is to do next. */
void dz_suite_feed(struct dz_job *job, struct dz_worker *worker);
/* Whether it has work for some milliseconds, so that what it says need not be heard at once. */
int dz_suite_is_supplied(const struct dz_worker *worker);
/* What a worker says of its tests. Negative when it makes no sense. */
int dz_suite_heard(struct dz_job *job, struct dz_worker *worker, const struct dz_msg *msg);
/* A process is dead: its running test is to blame, the rest is due again. */
void dz_suite_bury(struct dz_job *job, struct dz_worker *worker);
/* It was told its last, and has run all it was given: what is left is to leave. */
int dz_suite_has_left(const struct dz_worker *worker);
/* It died then: no test is to blame, but the job has failed. */
void dz_suite_note_late_death(struct dz_job *job, const struct dz_worker *worker);
/* It died before it said hello. */
void dz_suite_note_stillbirth(struct dz_job *job, const struct dz_worker *worker);
/* Nothing more is given out. */
void dz_suite_close(struct dz_job *job, enum dz_end_reason reason, uint32_t code,
                    struct dz_bytes text);
/* The same, for a reason of our own: an internal error, in a sentence. */
void dz_suite_abort(struct dz_job *job, const char *why);
/* Whatever is through and not yet shown is shown. */
void dz_suite_show_rest(struct dz_job *job);
int dz_suite_is_done(const struct dz_job *job);

/* ---- autopsy.c ---- */
/* How this worker came to its end, a sentence. */
void dz_autopsy_cause(const struct dz_job *job, const struct dz_worker *worker,
                      struct dz_buf *text);
/* The end of what was written to one of its files; nothing where fd is -1. */
void dz_autopsy_read(int fd, struct dz_buf *text);

/* ---- vassal.c: workers ---- */
int dz_vassal_start(struct dz_job *job, struct dz_err *err);
int dz_vassal_open_zygote(struct dz_job *job, int fd);
void dz_vassal_order_forks(struct dz_job *job);
void dz_vassal_heard_death(struct dz_job *job, pid_t pid, int status);
void dz_vassal_tick(struct dz_job *job);
void dz_vassal_kill(struct dz_worker *worker, enum dz_verdict verdict);
void dz_vassal_interrupt(struct dz_job *job);
void dz_vassal_kill_all(struct dz_job *job);
int dz_vassal_is_empty(const struct dz_job *job);

/* ---- front.c ---- */
int dz_front_start(struct dz_job *job, enum dz_role role, struct dz_err *err);
int dz_front_open(struct dz_job *job, int fd, struct dz_err *err);
void dz_front_show(struct dz_job *job, uint32_t test);
__attribute__((format(printf, 2, 3))) void dz_front_note(struct dz_job *job, const char *fmt, ...);
void dz_front_live(struct dz_job *job, const char *text);
/* Something a worker said that belongs to no test. 0. */
int dz_front_pass(struct dz_job *job, const struct dz_msg *msg);
void dz_front_end(struct dz_job *job);
void dz_front_ask_for_zygote(struct dz_job *job);
void dz_front_died(struct dz_job *job, int status);

/* ---- plain.c ---- */
/* What is known of the job, where no pytest is left to say it: failures, counts, and junit if it is wanted. */
void dz_plain_write(struct dz_job *job, FILE *to);

/* ---- strays.c ---- */
/* For the block: what is still running now that no test is, and which tests have started it. */
void dz_strays_name(struct dz_job *job);
/* Whatever there is below us ends. */
void dz_strays_end(void);

/* ---- birth.c ---- */
/* Forks a python in that role. Returns the host's end of its socket, or negative with a sentence. */
int dz_birth(struct dz_job *job, enum dz_role role, pid_t *ret_pid, struct dz_err *err);
/* In a process that the host has forked: its descriptors but this one. */
void dz_birth_close_ours(int but);

/* ---- choice.c: what need not run ---- */
/* What is asked for. */
struct dz_choice dz_choice_asked(const struct dz_job *job);
/* Looks for it; the front is told when it is found. */
void dz_choice_begin(struct dz_job *job);
int dz_choice_is_over(const struct dz_job *job);
/* Whether that was the process that looks. */
int dz_choice_heard_death(struct dz_job *job, pid_t pid, int status);
/* It is waited for so long, and no longer. */
void dz_choice_tick(struct dz_job *job, uint64_t now_us);
/* Nobody waits for it any more. */
void dz_choice_end(struct dz_job *job);
/* To the front, or a worker that collects by itself. */
void dz_choice_tell(struct dz_job *job, struct dz_peer *peer);
/* As it was found, or empty. */
const struct dz_msg_chosen *dz_choice_of(const struct dz_job *job, struct dz_msg *room);

/* ---- audit.c: what is proved, and runs all the same ---- */
/* The suite is whole. */
void dz_audit_begin(struct dz_job *job);
/* It has come to something else than what is proved. 1: for the first time, and all is as if it had not run. */
int dz_audit_is_to_run_again(struct dz_job *job, struct dz_test *test);
/* It is through. */
void dz_audit_settle(struct dz_job *job, struct dz_test *test);
/* For the block. */
void dz_audit_write(const struct dz_job *job, struct dz_buf *text);
/* Node ids of those in that state, each ended by NUL. Negative when there is no memory. */
int dz_audit_list(const struct dz_job *job, enum dz_audit state, struct dz_buf *ret);

/* ---- learning.c ---- */
/* The next baseline. What of it is not to be known is put into text. */
void dz_learning_do(const struct dz_job *job, struct dz_buf *text);

/* ---- cuts.c: sheets of the sources that the job has met ---- */
void dz_cuts_begin(struct dz_job *job);
/* The last of them, now that all has been met. */
void dz_cuts_finish(struct dz_job *job);
int dz_cuts_are_over(const struct dz_job *job);
/* Whether that was the process that makes them. */
int dz_cuts_heard_death(struct dz_job *job, pid_t pid, int status);
/* Before job->interrupts is counted up. */
void dz_cuts_interrupted(struct dz_job *job);
/* What is not known, on standard error, behind all that pytest has said. */
void dz_cuts_tell(struct dz_job *job);

/* ---- job.c ---- */
/* Something has ended: is all of it over? */
void dz_job_check(struct dz_job *job);
void dz_job_interrupted(struct dz_job *job, int signal, int by_terminal);

/* ---- remarks.c ---- */
void dz_remarks_add(struct dz_remarks *remarks, struct dz_bytes text);
void dz_remarks_write(const struct dz_remarks *remarks, struct dz_buf *text);
void dz_remarks_free(struct dz_remarks *remarks);

/* ---- block.c ---- */
void dz_block_write(struct dz_job *job, struct dz_buf *text);
void dz_block_running(struct dz_job *job, struct dz_buf *text, const char *between);

/* A computer on which time goes RATE times as fast, as far as libfaketime does not see to it.

   libfaketime 0.9.10 has one offset for all clocks, and does not know sem_clockwait (glibc 2.30),
   in which Python waits since 3.11: with its own monotonic clock every wait with an end would
   last for ever. So it keeps the wall clock, poll and sleep (FAKETIME_DONT_FAKE_MONOTONIC), and
   this the clocks nobody sets and the waits that go by them.

   WAITS_RATE: how fast. WAITS_BEGAN: the real CLOCK_MONOTONIC, in seconds, at which all clocks
   were right. WAITS_ASLEEP: a file with one double, the seconds for which the computer slept so
   far: they count for CLOCK_BOOTTIME and not for CLOCK_MONOTONIC, as on Linux. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double rate = 1, began = 0;
static const volatile double *asleep;
static int (*next_clock)(clockid_t, struct timespec *);
static int (*next_sem)(sem_t *, clockid_t, const struct timespec *);
static int (*next_cond)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("WAITS_ASLEEP");
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(0, sizeof(double), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (at != MAP_FAILED) asleep = at;
    if (getenv("WAITS_RATE")) rate = atof(getenv("WAITS_RATE"));
    if (getenv("WAITS_BEGAN")) began = atof(getenv("WAITS_BEGAN"));
}

static double seconds(const struct timespec *at) { return at->tv_sec + at->tv_nsec / 1e9; }

static struct timespec timespec(double at) {
    struct timespec found = {(time_t)at, (long)((at - (time_t)at) * 1e9)};
    return found;
}

static double real(void) {
    struct timespec at;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &at);
    return seconds(&at);
}

static double now(clockid_t clock) {
    double at = began + (real() - began) * rate;
    return clock == CLOCK_BOOTTIME || !asleep ? at : at - *asleep;
}

/* When, by the real clock, it will be `due` by ours. Waits below 50 ms are Python's own, for its
   lock: made 100 times as short they would cost more than what they are for. */
static struct timespec when(const struct timespec *due) {
    double left = seconds(due) - now(CLOCK_MONOTONIC);
    return timespec(real() + (left > 0.05 ? left / rate : left > 0 ? left : 0));
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME) {
        *at = timespec(now(clock));
        return 0;
    }
    if (!next_clock) next_clock = dlsym(RTLD_NEXT, "clock_gettime");
    return next_clock(clock, at);
}

int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *due) {
    if (!next_sem) next_sem = dlsym(RTLD_NEXT, "sem_clockwait");
    if (clock != CLOCK_MONOTONIC) return next_sem(sem, clock, due);
    struct timespec at = when(due);
    return next_sem(sem, clock, &at);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *due) {
    if (!next_cond) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        next_cond = dlvsym(libc, "pthread_cond_timedwait", "GLIBC_2.3.2");
    }
    if (due->tv_sec > 1000000000) return next_cond(cond, mutex, due); /* by the wall clock */
    struct timespec at = when(due);
    return next_cond(cond, mutex, &at);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *due,
                    struct timespec *left) {
    struct timespec at = *due;
    if (clock == CLOCK_MONOTONIC && flags == TIMER_ABSTIME) at = when(due);
    else if (flags != TIMER_ABSTIME) at = timespec(seconds(due) / rate);
    return syscall(SYS_clock_nanosleep, clock, flags, &at, left) ? 4 /* EINTR */ : 0;
}

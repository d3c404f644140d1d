/* A disk that fails on command: preloaded (LD_PRELOAD) into sipbot and its children, it lets the
 * n-th write below a folder fail, or tells of a disk that is smaller than the real one.
 *
 * FAILING_UNDER    the folder; files elsewhere, sockets and pipes are left alone
 * FAILING_CONTROL  a file of sizeof(struct control) bytes, shared with the harness, which arms and
 *                  disarms a running process there: a start for each n would take hours
 *
 * Only the libc's own entry points are wrapped, in the manner of ld.so(8), LD_PRELOAD.  pjmedia
 * records through stdio, whose writes never pass such an entry point, so fopen() hands out a stream
 * with its own writer (fopencookie(3)): the buffering, and what is lost with it, stays stdio's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MAIN = 1, AGENT = 2, EAR = 3 };

struct control {
  int64_t armed;   /* 0: nobody fails; else MAIN, AGENT or EAR */
  int64_t error;   /* errno of the failure */
  int64_t nth;     /* the first that fails, counted from 1 */
  int64_t forever; /* 0: that one only; 1: every one from then on */
  int64_t count;   /* how many there were since it was armed */
  int64_t failed;  /* how many of them failed */
  int64_t room;    /* bytes that the disk still takes; below 0: ask the real disk */
  int64_t files;   /* inodes that are free; below 0: ask the real disk */
  int64_t at;      /* when the first of them failed, CLOCK_MONOTONIC in ns; 0: none has */
};

static struct control *control;
static char under[PATH_MAX];
static size_t under_length;
static int role;

__attribute__((constructor)) static void begin(void) {
  char words[4096] = "";
  const char *folder = getenv("FAILING_UNDER"), *shared = getenv("FAILING_CONTROL");
  if (folder == NULL || shared == NULL || realpath(folder, under) == NULL) return;
  under_length = strlen(under);
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? 0 : read(fd, words, sizeof words - 1);
  if (fd >= 0) close(fd);
  for (ssize_t at = 0; at < length; at += (ssize_t)strlen(words + at) + 1) {
    if (strcmp(words + at, "run") == 0) role = MAIN;
    if (strcmp(words + at, "sipbot.sip.agent") == 0) role = AGENT;
    if (strcmp(words + at, "sipbot.speech.worker") == 0) role = EAR; /* the live one alone syncs */
  }
  fd = open(shared, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) control = at;
  close(fd);
}

static int below(const char *path) {
  return strncmp(path, under, under_length) == 0 && path[under_length] == '/';
}

static int is_below(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return below(path);
}

/* What the disk says to an operation that brings so many bytes: 0, or an errno. */
static int refusal(int fd, int64_t bytes) {
  int kept = errno, answer = 0;
  int aimed = control != NULL && role != 0 && control->armed == role;
  if (control == NULL || (!aimed && control->room < 0) || !is_below(fd)) {
    errno = kept;
    return 0;
  }
  if (aimed) {
    int64_t n = __atomic_add_fetch(&control->count, 1, __ATOMIC_ACQ_REL);
    if (n == control->nth || (control->forever && n > control->nth)) {
      if (__atomic_fetch_add(&control->failed, 1, __ATOMIC_ACQ_REL) == 0) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        __atomic_store_n(&control->at, now.tv_sec * 1000000000 + now.tv_nsec, __ATOMIC_RELEASE);
      }
      answer = (int)control->error;
    }
  }
  int64_t room = __atomic_load_n(&control->room, __ATOMIC_ACQUIRE);
  if (answer == 0 && bytes > 0 && room >= 0) {
    if (room < bytes) answer = ENOSPC;
    else __atomic_sub_fetch(&control->room, bytes, __ATOMIC_ACQ_REL);
  }
  errno = kept;
  return answer;
}

#define FIND(name)                                                                                 \
  if (real_##name == NULL) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

#define WRAP(type, name, bytes, parameters, ...)                                                   \
  type name parameters {                                                                           \
    static type(*real_##name) parameters;                                                          \
    int error = refusal(fd, (int64_t)(bytes));                                                     \
    if (error) {                                                                                   \
      errno = error;                                                                               \
      return -1;                                                                                   \
    }                                                                                              \
    FIND(name);                                                                                    \
    return real_##name(__VA_ARGS__);                                                               \
  }

static int64_t total(const struct iovec *parts, int number) {
  int64_t bytes = 0;
  for (int i = 0; i < number; i++) bytes += (int64_t)parts[i].iov_len;
  return bytes;
}

WRAP(ssize_t, write, n, (int fd, const void *from, size_t n), fd, from, n)
WRAP(ssize_t, pwrite, n, (int fd, const void *from, size_t n, off_t at), fd, from, n, at)
WRAP(ssize_t, pwrite64, n, (int fd, const void *from, size_t n, off64_t at), fd, from, n, at)
WRAP(ssize_t, writev, total(v, n), (int fd, const struct iovec *v, int n), fd, v, n)
WRAP(ssize_t, pwritev, total(v, n), (int fd, const struct iovec *v, int n, off_t at), fd, v, n, at)
WRAP(ssize_t, pwritev64, total(v, n), (int fd, const struct iovec *v, int n, off64_t at), fd, v, n,
     at)
WRAP(int, fsync, 0, (int fd), fd)
WRAP(int, fdatasync, 0, (int fd), fd)
WRAP(int, ftruncate, 0, (int fd, off_t length), fd, length)
WRAP(int, ftruncate64, 0, (int fd, off64_t length), fd, length)
WRAP(int, fallocate, length, (int fd, int mode, off_t at, off_t length), fd, mode, at, length)
WRAP(int, fallocate64, length, (int fd, int mode, off64_t at, off64_t length), fd, mode, at, length)

/* -- stdio ------------------------------------------------------------------------------------- */

static ssize_t cookie_read(void *fd, char *into, size_t n) { return read((int)(intptr_t)fd, into, n); }

static ssize_t cookie_write(void *fd, const char *from, size_t n) {
  ssize_t written = write((int)(intptr_t)fd, from, n);
  return written < 0 ? 0 : written; /* fopencookie(3): a writer says 0 for an error */
}

static int cookie_seek(void *fd, off64_t *offset, int whence) {
  off64_t at = lseek64((int)(intptr_t)fd, *offset, whence);
  if (at < 0) return -1;
  *offset = at;
  return 0;
}

static int cookie_close(void *fd) { return close((int)(intptr_t)fd); }

static FILE *open_stream(const char *path, const char *mode, FILE *(*real)(const char *, const char *)) {
  if (control == NULL || role != AGENT || strpbrk(mode, "wa+") == NULL) return real(path, mode);
  if (path[0] != '/' || !below(path)) return real(path, mode);
  int flags = strchr(mode, '+') ? O_RDWR : O_WRONLY;
  flags |= strchr(mode, 'w') ? O_CREAT | O_TRUNC : strchr(mode, 'a') ? O_CREAT | O_APPEND : 0;
  int fd = open(path, flags, 0666);
  if (fd < 0) return NULL;
  cookie_io_functions_t io = {cookie_read, cookie_write, cookie_seek, cookie_close};
  FILE *stream = fopencookie((void *)(intptr_t)fd, mode, io);
  if (stream == NULL) close(fd);
  else setvbuf(stream, NULL, _IOFBF, 4096); /* st_blksize, which a real stream would use */
  return stream;
}

FILE *fopen(const char *path, const char *mode) {
  static FILE *(*real_fopen)(const char *, const char *);
  FIND(fopen);
  return open_stream(path, mode, real_fopen);
}

FILE *fopen64(const char *path, const char *mode) {
  static FILE *(*real_fopen64)(const char *, const char *);
  FIND(fopen64);
  return open_stream(path, mode, real_fopen64);
}

/* -- how much room there is ---------------------------------------------------------------------- */

#define TELL(found)                                                                                \
  if (error == 0 && control != NULL && control->room >= 0)                                         \
    found->f_bavail = found->f_bfree = (fsblkcnt_t)(control->room / (int64_t)found->f_frsize);     \
  if (error == 0 && control != NULL && control->files >= 0) {                                      \
    found->f_favail = found->f_ffree = (fsfilcnt_t)control->files;                                 \
    if (found->f_files < found->f_favail) found->f_files = found->f_favail + 1;                    \
  }

int statvfs(const char *path, struct statvfs *found) {
  static int (*real_statvfs)(const char *, struct statvfs *);
  FIND(statvfs);
  int error = real_statvfs(path, found);
  TELL(found)
  return error;
}

int statvfs64(const char *path, struct statvfs64 *found) {
  static int (*real_statvfs64)(const char *, struct statvfs64 *);
  FIND(statvfs64);
  int error = real_statvfs64(path, found);
  TELL(found)
  return error;
}

// The first process of the ARM Linux system that run.sh boots: runs one program, says how it
// ended, switches the machine off.
//
//   init PROGRAM ARGUMENT...       (the kernel passes on what follows -- on its command line)
//   init all PROGRAM               runs PROGRAM on each script of /scripts, in a control group that
//                                  may use 4 MB; before, /peer, if it is there, in the background
//
// For each script of `all` there is a line "init: script NAME STATUS OUT ERR PEAK": its exit status,
// so many bytes of what it wrote to stdout and to stderr, which follow, and the highest KB that the
// group has used so far. Every line of its own starts with "init: ", so that run.sh can tell it from the program's.

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

// What shells report for a program that cannot be started and for one that a signal ended.
#define STATUS_NO_PROGRAM (127)
#define STATUS_SIGNAL (128)

// What a script may use: the machine's memory, as the kernel reads it; MicroPython's heap, and that of
// a script whose name says so; time.
#define MEMORY "4M"
#define HEAP "heapsize=256k"
#define HEAP_LEAST "heapsize=64k"
#define HEAP_LEAST_NAME "_64k.py"
#define SECONDS (120)

// The kernel opens no console for init unless the archive holds the node, and a program without
// a controlling terminal behaves differently from one that a user starts.
static void open_console(void) {
    setsid();
    int fd = open("/dev/console", O_RDWR);
    for (int i = 0; i < 3; ++i) {
        dup2(fd, i);
    }
    if (fd > 2) {
        close(fd);
    }
    ioctl(0, TIOCSCTTY, 1);
}

// The program's bytes arrive as they were written: the terminal adds no carriage returns.
static void set_raw_output(void) {
    struct termios settings;
    if (tcgetattr(0, &settings) == 0) {
        settings.c_oflag &= ~OPOST;
        settings.c_lflag &= ~ECHO;
        tcsetattr(0, TCSANOW, &settings);
    }
}

static void write_file(const char *name, const char *text) {
    int fd = open(name, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        printf("init: cannot write %s\n", name);
    }
    close(fd);
}

static int run(char **argv, bool limited) {
    pid_t pid = fork();
    if (pid < 0) {
        return STATUS_NO_PROGRAM;
    }
    if (pid == 0) {
        if (limited) {
            write_file("/cgroup/run/cgroup.procs", "0");
            alarm(SECONDS);
            freopen("/dev/null", "r", stdin);
            freopen("/tmp/out", "w", stdout);
            freopen("/tmp/err", "w", stderr);
        }
        execv(argv[0], argv);
        _exit(STATUS_NO_PROGRAM);
    }
    // The first process inherits every orphan: wait for the program, reap the others.
    int status;
    pid_t ended;
    do {
        ended = wait(&status);
    } while (ended != pid && ended != -1);
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/******************************************************************************/
// All scripts of a folder

static void start_network(void) {
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}

static void make_group(void) {
    mkdir("/cgroup", 0755);
    mount("cgroup2", "/cgroup", "cgroup2", 0, NULL);
    write_file("/cgroup/cgroup.subtree_control", "+memory");
    mkdir("/cgroup/run", 0755);
    write_file("/cgroup/run/memory.max", MEMORY);
}

static long peak(void) {
    long bytes = -1;
    FILE *file = fopen("/cgroup/run/memory.peak", "r");
    if (file != NULL) {
        if (fscanf(file, "%ld", &bytes) != 1) {
            bytes = -1;
        }
        fclose(file);
    }
    return bytes / 1024;
}

static long size_of(const char *name) {
    struct stat status;
    return stat(name, &status) == 0 ? (long)status.st_size : 0;
}

static void copy_out(const char *name) {
    char buf[4096];
    int fd = open(name, O_RDONLY);
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        fwrite(buf, 1, n, stdout);
    }
    close(fd);
}

static int is_script(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return len > 3 && strcmp(entry->d_name + len - 3, ".py") == 0;
}

static int run_all(char *program) {
    start_network();
    make_group();
    pid_t peer = 0;
    if (access("/peer", X_OK) == 0 && (peer = fork()) == 0) {
        execl("/peer", "/peer", "/peer.py", NULL);
        _exit(STATUS_NO_PROGRAM);
    }
    chdir("/scripts");
    struct dirent **entries;
    int count = scandir(".", &entries, is_script, alphasort);
    for (int i = 0; i < count; ++i) {
        char *name = entries[i]->d_name;
        char *heap = strstr(name, HEAP_LEAST_NAME) != NULL ? HEAP_LEAST : HEAP;
        char *argv[] = { program, "-X", heap, name, NULL };
        int status = run(argv, true);
        printf("init: script %s %d %ld %ld %ld\n", name, status, size_of("/tmp/out"), size_of("/tmp/err"), peak());
        copy_out("/tmp/out");
        copy_out("/tmp/err");
        fflush(stdout);
    }
    return count > 0 ? 0 : STATUS_NO_PROGRAM;
}

int main(int argc, char **argv) {
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    open_console();
    set_raw_output();
    setenv("PATH", "/bin", 1);
    setenv("HOME", "/", 1);
    setenv("MICROPYPATH", ".frozen:/lib", 1);

    struct utsname name;
    uname(&name);
    printf("init: %s %s on %s\n", name.sysname, name.release, name.machine);
    fflush(stdout);
    int status = STATUS_NO_PROGRAM;
    if (argc > 2 && strcmp(argv[1], "all") == 0) {
        status = run_all(argv[2]);
    } else if (argc > 1) {
        status = run(argv + 1, false);
    }
    printf("init: exit status %d\n", status);
    fflush(stdout);
    tcdrain(1);
    reboot(RB_POWER_OFF);
    return status;
}

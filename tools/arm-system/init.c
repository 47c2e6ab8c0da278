// The first process of the ARM Linux system that run.sh boots: runs one program, says how it
// ended, switches the machine off.
//
//   init PROGRAM ARGUMENT...       (the kernel passes on what follows -- on its command line)
//   init all PROGRAM               runs PROGRAM on each script of /scripts, in a control group that
//                                  may use 4 MB; before, /peer, if it is there, in the background
//   init board PROGRAM ARGUMENT... runs it with the disk at /data and the network up, and looks at
//                                  what its child takes: /tmp/figures
//
// For each script of `all` there is a line "init: script NAME STATUS OUT ERR PEAK": its exit status,
// so many bytes of what it wrote to stdout and to stderr, which follow, and the highest KB that the
// group has used so far. Every line of its own starts with "init: ", so that run.sh can tell it from the program's.

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
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
#include <sys/statvfs.h>
#include <sys/syscall.h>
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

// What QEMU's user-mode network expects. The mask that Linux takes for it, that of its class, makes
// the host, 10.0.2.2, a neighbour: no route is needed.
#define ADDRESS "10.0.2.15"

// Between two looks at a board: shorter than any file of an upgrade lives.
#define LOOK_MS (50)

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

static pid_t start(char **argv, bool limited) {
    pid_t pid = fork();
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
    return pid;
}

// The first process inherits every orphan: wait for the program, reap the others.
static int wait_for(pid_t pid) {
    if (pid < 0) {
        return STATUS_NO_PROGRAM;
    }
    int status;
    pid_t ended;
    do {
        ended = wait(&status);
    } while (ended != pid && ended != -1);
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static void start_network(const char *interface, const char *address) {
    struct ifreq request = { 0 };
    strcpy(request.ifr_name, interface);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = inet_addr(address);
    bool ok = ioctl(fd, SIOCSIFADDR, &request) == 0;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (!ok || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        printf("init: no network %s\n", interface);
    }
    close(fd);
}

/******************************************************************************/
// All scripts of a folder

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
    start_network("lo", "127.0.0.1");
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
        int status = wait_for(start(argv, true));
        printf("init: script %s %d %ld %ld %ld\n", name, status, size_of("/tmp/out"), size_of("/tmp/err"), peak());
        copy_out("/tmp/out");
        copy_out("/tmp/err");
        fflush(stdout);
    }
    return count > 0 ? 0 : STATUS_NO_PROGRAM;
}

/******************************************************************************/
// A board

static int is_module(const struct dirent *entry) {
    return strstr(entry->d_name, ".ko") != NULL;
}

// Modules need each other: who is refused for that is tried again as long as others are not.
static void load_modules(void) {
    chdir("/modules");
    struct dirent **entries;
    int count = scandir(".", &entries, is_module, alphasort);
    bool more = true;
    while (more) {
        more = false;
        for (int i = 0; i < count; ++i) {
            int fd = open(entries[i]->d_name, O_RDONLY);
            more |= syscall(SYS_finit_module, fd, "", 0) == 0;
            close(fd);
        }
    }
    chdir("/");
}

static pid_t child_of(pid_t parent) {
    char name[64];
    int child = 0;
    snprintf(name, sizeof(name), "/proc/%d/task/%d/children", parent, parent);
    FILE *file = fopen(name, "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &child) != 1) {
            child = 0;
        }
        fclose(file);
    }
    return child;
}

// The most that was seen, memory in KB; what is resident now, and what of it is no other's.
typedef struct {
    long flash, resident, private, peak, threads;
} figures_t;

static void keep_most(long *most, long now) {
    if (*most < now) {
        *most = now;
    }
}

// The number behind a word in a file of /proc/PID, 0 if there is none.
static long look_up(pid_t pid, const char *name, const char *word) {
    char line[128];
    long n = 0;
    snprintf(line, sizeof(line), "/proc/%d/%s", pid, name);
    FILE *file = fopen(line, "r");
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, word, strlen(word)) == 0) {
            n = strtol(line + strlen(word), NULL, 10);
        }
    }
    fclose(file);
    return n;
}

static void look(pid_t parent, figures_t *figures) {
    struct statvfs disk;
    if (statvfs("/data", &disk) == 0) {
        keep_most(&figures->flash, (disk.f_blocks - disk.f_bfree) * disk.f_frsize / 1024);
    }
    pid_t child = child_of(parent);
    // VmRSS in status leaves out up to 64 pages of each thread.
    figures->resident = look_up(child, "smaps_rollup", "Rss:");
    figures->private = look_up(child, "smaps_rollup", "Private_Dirty:");
    keep_most(&figures->peak, figures->resident);
    keep_most(&figures->threads, look_up(child, "status", "Threads:"));
}

static void write_figures(const figures_t *figures) {
    FILE *file = fopen("/tmp/figures.new", "w");
    if (file != NULL) {
        fprintf(file, "{\"flash\": %ld, \"resident\": %ld, \"private\": %ld, \"peak\": %ld, \"threads\": %ld}\n",
            figures->flash, figures->resident, figures->private, figures->peak, figures->threads);
        fclose(file);
        rename("/tmp/figures.new", "/tmp/figures");
    }
}

static int run_board(char **argv) {
    load_modules();
    start_network("lo", "127.0.0.1");
    start_network("eth0", ADDRESS);
    mkdir("/data", 0755);
    if (mount("/dev/vda", "/data", "ext4", 0, NULL) != 0) {
        printf("init: no disk: %s\n", strerror(errno));
        return STATUS_NO_PROGRAM;
    }
    pid_t program = start(argv, false);
    if (fork() == 0) {
        figures_t figures = { 0 };
        for (;;) {
            look(program, &figures);
            write_figures(&figures);
            usleep(LOOK_MS * 1000);
        }
    }
    return wait_for(program);
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
    } else if (argc > 2 && strcmp(argv[1], "board") == 0) {
        status = run_board(argv + 2);
    } else if (argc > 1) {
        status = wait_for(start(argv + 1, false));
    }
    printf("init: exit status %d\n", status);
    fflush(stdout);
    tcdrain(1);
    reboot(RB_POWER_OFF);
    return status;
}

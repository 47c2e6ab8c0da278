// The first process of the ARM Linux system that run.sh boots: runs one program, says how it
// ended, switches the machine off.
//
//   init PROGRAM ARGUMENT...       (the kernel passes on what follows -- on its command line)
//
// Every line of its own starts with "init: ", so that run.sh can tell it from the program's.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

// What shells report for a program that cannot be started and for one that a signal ended.
#define STATUS_NO_PROGRAM (127)
#define STATUS_SIGNAL (128)

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

static int run(char **argv) {
    pid_t pid = fork();
    if (pid < 0) {
        return STATUS_NO_PROGRAM;
    }
    if (pid == 0) {
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

int main(int argc, char **argv) {
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    open_console();
    set_raw_output();
    setenv("PATH", "/bin", 1);
    setenv("HOME", "/", 1);

    struct utsname name;
    uname(&name);
    printf("init: %s %s on %s\n", name.sysname, name.release, name.machine);
    fflush(stdout);
    int status = argc > 1 ? run(argv + 1) : STATUS_NO_PROGRAM;
    printf("init: exit status %d\n", status);
    fflush(stdout);
    tcdrain(1);
    reboot(RB_POWER_OFF);
    return status;
}

/* Idleness: a process with an executor that has nothing to do and a timer that is an hour away.
 *
 *     switches S    context switches of all its threads in S seconds */
#include "bench.h"
#include PEER

#include <dirent.h>

/* Of all threads, voluntary and not. */
static long context_switches(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    long sum = 0;
    if (tasks == NULL) {
        die("no /proc/self/task");
    }
    while ((task = readdir(tasks)) != NULL) {
        char path[300], line[200];
        FILE *status;
        long count;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        if (task->d_name[0] == '.' || (status = fopen(path, "r")) == NULL) {
            continue;
        }
        while (fgets(line, sizeof line, status) != NULL) {
            if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1 ||
                sscanf(line, "nonvoluntary_ctxt_switches: %ld", &count) == 1) {
                sum += count;
            }
        }
        fclose(status);
    }
    closedir(tasks);
    return sum;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "switches")) {
        long before;
        peer_idle_begin();
        sleep_for(1); /* what starts lazily, or lingers, is done then */
        before = context_switches();
        sleep_for(number(argc, argv, 0));
        /* Without this thread's own sleep. */
        return report(PEER_IDLE, (double)(context_switches() - before - 1));
    }
    die("measurements: switches");
}

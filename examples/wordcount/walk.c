#define _POSIX_C_SOURCE 200809L

#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Directories still to be listed. A stack in place of recursion: depth costs memory, never the thread's
 * stack. */
struct pending {
    struct pending *next;
    char path[];
};

static struct pending *new_path(const char *parent, const char *name)
{
    size_t length = strlen(parent);
    const char *slash = length > 0 && parent[length - 1] != '/' ? "/" : "";
    struct pending *made = malloc(sizeof *made + length + strlen(slash) + strlen(name) + 1);

    if (made != NULL) {
        strcpy(made->path, parent);
        strcat(made->path, slash);
        strcat(made->path, name);
    }
    return made;
}

static void push(struct pending **stack, struct pending *directory)
{
    directory->next = *stack;
    *stack = directory;
}

static struct pending *pop(struct pending **stack)
{
    struct pending *top = *stack;

    *stack = top->next;
    return top;
}

/* One name in a directory: visited if a file, pushed if a directory. */
static int take_entry(int directory_fd, const char *directory, const char *name, struct pending **stack,
                      const struct visitor *visitor, bool *go_on)
{
    struct pending *entry = new_path(directory, name);
    struct stat st;

    if (entry == NULL)
        return ENOMEM;
    if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        visitor->unreadable(visitor->arg, entry->path, errno);
    } else if (S_ISDIR(st.st_mode)) {
        push(stack, entry);
        return 0;
    } else if (S_ISREG(st.st_mode)) {
        *go_on = visitor->file(visitor->arg, entry->path, (uint64_t)st.st_size);
    }
    free(entry);
    return 0;
}

static int list_directory(const char *path, struct pending **stack, const struct visitor *visitor,
                          bool *go_on)
{
    DIR *directory = opendir(path);
    int error = 0;

    if (directory == NULL) {
        visitor->unreadable(visitor->arg, path, errno);
        return 0;
    }
    while (*go_on && error == 0) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            if (errno != 0)
                visitor->unreadable(visitor->arg, path, errno);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            error = take_entry(dirfd(directory), path, entry->d_name, stack, visitor, go_on);
    }
    closedir(directory);
    return error;
}

int walk(char *const *roots, size_t n, const struct visitor *visitor)
{
    struct pending *stack = NULL;
    bool go_on = true;
    int error = 0;

    for (size_t i = 0; i < n && go_on && error == 0; i++) {
        struct stat st;
        if (stat(roots[i], &st) != 0) {
            visitor->unreadable(visitor->arg, roots[i], errno);
        } else if (S_ISREG(st.st_mode)) {
            go_on = visitor->file(visitor->arg, roots[i], (uint64_t)st.st_size);
        } else if (S_ISDIR(st.st_mode)) {
            struct pending *root = new_path(roots[i], "");
            if (root == NULL)
                error = ENOMEM;
            else
                push(&stack, root);
        }
        while (stack != NULL && go_on && error == 0) {
            struct pending *directory = pop(&stack);
            error = list_directory(directory->path, &stack, visitor, &go_on);
            free(directory);
        }
    }
    while (stack != NULL)
        free(pop(&stack));
    return error;
}

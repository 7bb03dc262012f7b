/* The rules of text getters and setters. */
#ifndef PIRN_TESTS_TEXT_H
#define PIRN_TESTS_TEXT_H

#include "support.h"

typedef pirn_status_t (*text_fn)(void *object, char *buf, size_t cap, size_t *len);

/* Reads the text with every capacity from 0 to more than enough. */
static inline void check_text(text_fn get, void *object, const char *expected)
{
    size_t whole = strlen(expected), len;
    char *buf = malloc(whole + 8);
    for (size_t cap = 0; cap <= whole + 4; cap++) {
        memset(buf, '#', whole + 8);
        len = SIZE_MAX;
        CHECK_OK(get(object, buf, cap, cap % 2 ? &len : NULL));
        if (cap % 2 == 0)
            CHECK_OK(get(object, NULL, 0, &len));
        CHECK_EQ(len, whole);
        for (size_t i = cap; i < whole + 8; i++)
            CHECK_EQ(buf[i], '#');
        if (cap == 0)
            continue;
        CHECK(memchr(buf, '\0', cap));
        size_t kept = strlen(buf), room = cap - 1 < whole ? cap - 1 : whole;
        CHECK(memcmp(buf, expected, kept) == 0);
        CHECK(kept <= room && kept + 3 >= room); /* at most the rest of a cut character is missing */
    }
    len = SIZE_MAX;
    CHECK_OK(get(object, NULL, 0, &len));
    CHECK_EQ(len, whole);
    CHECK_STATUS(get(object, NULL, 1, &len), PIRN_ERR_INVALID_ARGUMENT);
    free(buf);
}

static const char *const malformed_texts[] = {
    "\xff", "a\x80", "\xc3", "\xc0\x80", "\xed\xa0\x80", "ok\xf4\x90\x80\x80"};

#define CHECK_TEXT_REFUSED(set)                                                                              \
    do {                                                                                                     \
        const char *text = NULL;                                                                             \
        CHECK_STATUS(set, PIRN_ERR_INVALID_ARGUMENT);                                                        \
        for (size_t i = 0; i < LENGTH(malformed_texts); i++) {                                               \
            text = malformed_texts[i];                                                                       \
            CHECK_STATUS(set, PIRN_ERR_INVALID_ARGUMENT);                                                    \
        }                                                                                                    \
    } while (0)

static inline pirn_status_t thread_name(void *thread, char *buf, size_t cap, size_t *len)
{
    return pirn_thread_name(thread, buf, cap, len);
}

static inline void check_thread_name(pirn_thread_t *thread, const char *expected)
{
    check_text(thread_name, thread, expected);
}

#endif

/*
 * Words, and how often each was seen. Plain C: nothing here knows of threads.
 */
#ifndef WORDCOUNT_WORDS_H
#define WORDCOUNT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word is a run of ASCII letters, folded to lower case, and of bytes above 127, kept as they are: UTF-8
 * letters hold together without being decoded. Longer ones are cut, so that a word needs no memory of its
 * own while it is read. */
#define LONGEST_WORD 255

struct word {
    const char *text;   /* not terminated; NULL: a free slot */
    uint32_t length;
    uint32_t hash;
    uint64_t count;
};

/* An open-addressing hash table that owns the text of its words. All zero is the empty table. */
struct words {
    struct word *slots;
    size_t capacity;    /* 0 or a power of two */
    size_t used;
    struct chunk *text;
};

/*
 * All words of some text, dealt out over tables by their hash. The same word is always in the shard of the
 * same number, so two tallies are merged shard by shard, and different shards of one tally by different
 * threads.
 */
#define SHARDS 64

struct tally {
    struct words shards[SHARDS];
};

/* Splits a text that comes in blocks: a word may begin in one block and end in the next. All zero is the
 * start. */
struct splitter {
    char word[LONGEST_WORD];
    uint32_t length;
    uint32_t hash;
};

/* These return false when there is no memory left; what was counted until then stays counted. */
bool split_block(struct splitter *splitter, const char *block, size_t size, struct tally *tally);
bool split_end(struct splitter *splitter, struct tally *tally);
bool words_merge(struct words *into, const struct words *from);

void tally_free(struct tally *tally);
bool tally_equal(const struct tally *a, const struct tally *b);
void tally_size(const struct tally *tally, uint64_t *distinct, uint64_t *total);

/* Fills `top` with the most frequent words, at most `n`, equally frequent ones by alphabet; returns how
 * many. They borrow their text from the tally. */
size_t tally_top(const struct tally *tally, struct word *top, size_t n);

#endif

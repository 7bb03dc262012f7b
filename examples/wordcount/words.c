#include "words.h"

#include <stdlib.h>
#include <string.h>

/* ---- the text of the words: chunks that never move, so that words can point into them ---- */

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    char bytes[];
};

enum { FIRST_CHUNK = 512, LARGEST_CHUNK = 64 * 1024, FIRST_CAPACITY = 32 };

static const char *keep_text(struct words *words, const char *text, size_t length)
{
    struct chunk *chunk = words->text;

    if (chunk == NULL || chunk->size - chunk->used < length) {
        /* Doubling: a batch of short files stays small, a whole tree takes few allocations. */
        size_t size = chunk == NULL ? FIRST_CHUNK : chunk->size * 2;
        if (size > LARGEST_CHUNK)
            size = LARGEST_CHUNK;
        chunk = malloc(sizeof *chunk + size);
        if (chunk == NULL)
            return NULL;
        chunk->next = words->text;
        chunk->used = 0;
        chunk->size = size;
        words->text = chunk;
    }
    char *kept = memcpy(chunk->bytes + chunk->used, text, length);
    chunk->used += length;
    return kept;
}

/* ---- one table ---- */

/* The slot of the word, or the free slot where it belongs. The table is never full. */
static struct word *find_slot(const struct words *words, const char *text, uint32_t length, uint32_t hash)
{
    size_t mask = words->capacity - 1;
    size_t i = hash & mask;

    for (;; i = (i + 1) & mask) {
        struct word *slot = &words->slots[i];
        if (slot->text == NULL)
            return slot;
        if (slot->hash == hash && slot->length == length && memcmp(slot->text, text, length) == 0)
            return slot;
    }
}

static bool grow(struct words *words)
{
    struct words bigger = *words;

    bigger.capacity = words->capacity == 0 ? FIRST_CAPACITY : words->capacity * 2;
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return false;
    for (size_t i = 0; i < words->capacity; i++) {
        const struct word *word = &words->slots[i];
        if (word->text != NULL)
            *find_slot(&bigger, word->text, word->length, word->hash) = *word;
    }
    free(words->slots);
    *words = bigger;
    return true;
}

static bool words_add(struct words *words, const char *text, uint32_t length, uint32_t hash, uint64_t count)
{
    /* At most three quarters full: a search that meets no free slot would never end. */
    if (words->used >= words->capacity / 4 * 3 && !grow(words))
        return false;

    struct word *slot = find_slot(words, text, length, hash);
    if (slot->text == NULL) {
        const char *kept = keep_text(words, text, length);
        if (kept == NULL)
            return false;
        *slot = (struct word){ .text = kept, .length = length, .hash = hash };
        words->used++;
    }
    slot->count += count;
    return true;
}

bool words_merge(struct words *into, const struct words *from)
{
    for (size_t i = 0; i < from->capacity; i++) {
        const struct word *word = &from->slots[i];
        if (word->text != NULL && !words_add(into, word->text, word->length, word->hash, word->count))
            return false;
    }
    return true;
}

static bool words_equal(const struct words *a, const struct words *b)
{
    if (a->used != b->used)
        return false;
    for (size_t i = 0; i < a->capacity; i++) {
        const struct word *word = &a->slots[i];
        if (word->text != NULL && find_slot(b, word->text, word->length, word->hash)->count != word->count)
            return false;
    }
    return true;
}

static void words_free(struct words *words)
{
    while (words->text != NULL) {
        struct chunk *chunk = words->text;
        words->text = chunk->next;
        free(chunk);
    }
    free(words->slots);
    memset(words, 0, sizeof *words);
}

/* ---- from bytes to words ---- */

/* The constants of the FNV-1a hash. */
#define HASH_START 2166136261u
#define HASH_PRIME 16777619u

/* By the high bits, since the low ones choose the slot: else a shard's words would all want a few of its
 * slots. */
static struct words *shard_of(struct tally *tally, uint32_t hash)
{
    return &tally->shards[hash / (UINT32_MAX / SHARDS + 1)];
}

/* The byte as it stands in a word; 0: it is no part of one. */
static unsigned char fold(unsigned char byte)
{
    unsigned char lower = byte | 0x20;

    if (lower >= 'a' && lower <= 'z')
        return lower;
    return byte > 127 ? byte : 0;
}

bool split_end(struct splitter *splitter, struct tally *tally)
{
    uint32_t length = splitter->length;

    splitter->length = 0;
    return length == 0 ||
           words_add(shard_of(tally, splitter->hash), splitter->word, length, splitter->hash, 1);
}

bool split_block(struct splitter *splitter, const char *block, size_t size, struct tally *tally)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = fold((unsigned char)block[i]);

        if (byte == 0) {
            if (splitter->length > 0 && !split_end(splitter, tally))
                return false;
        } else if (splitter->length < LONGEST_WORD) {
            if (splitter->length == 0)
                splitter->hash = HASH_START;
            splitter->word[splitter->length++] = (char)byte;
            splitter->hash = (splitter->hash ^ byte) * HASH_PRIME;
        }
    }
    return true;
}

/* ---- a whole tally ---- */

void tally_free(struct tally *tally)
{
    for (size_t s = 0; s < SHARDS; s++)
        words_free(&tally->shards[s]);
}

bool tally_equal(const struct tally *a, const struct tally *b)
{
    for (size_t s = 0; s < SHARDS; s++) {
        if (!words_equal(&a->shards[s], &b->shards[s]))
            return false;
    }
    return true;
}

void tally_size(const struct tally *tally, uint64_t *distinct, uint64_t *total)
{
    *distinct = 0;
    *total = 0;
    for (size_t s = 0; s < SHARDS; s++) {
        const struct words *words = &tally->shards[s];
        *distinct += words->used;
        for (size_t i = 0; i < words->capacity; i++)
            *total += words->slots[i].count;
    }
}

static bool ranks_before(const struct word *a, const struct word *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
    return order != 0 ? order < 0 : a->length < b->length;
}

size_t tally_top(const struct tally *tally, struct word *top, size_t n)
{
    size_t found = 0;

    for (size_t s = 0; s < SHARDS; s++) {
        const struct words *words = &tally->shards[s];
        for (size_t i = 0; i < words->capacity; i++) {
            const struct word *word = &words->slots[i];
            if (word->text == NULL || n == 0 || (found == n && !ranks_before(word, &top[n - 1])))
                continue;
            size_t rank = found < n ? found++ : n - 1;
            for (; rank > 0 && ranks_before(word, &top[rank - 1]); rank--)
                top[rank] = top[rank - 1];
            top[rank] = *word;
        }
    }
    return found;
}

#!/bin/sh
# test.sh EXAMPLE PROGRAM: runs the example; compares what it prints and returns with what it should.
set -eu

example=$1
program=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect CODE ARG...: runs the program, output in $dir/out and $dir/err.
expect() {
    expected=$1
    shift
    code=0
    "$program" "$@" >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" -eq "$expected" ] || {
        cat "$dir/out" "$dir/err" >&2
        fail "$example $* returned $code, not $expected"
    }
}

# same: standard output is the text on standard input.
same() {
    diff - "$dir/out" >&2 || fail "$example printed something else"
}

printed() {
    grep -q -- "$1" "$dir/out" || {
        cat "$dir/out" >&2
        fail "$example did not print '$1'"
    }
}

test_hello() {
    expect 0
    printf '1\n4\n9\n16\n25\n' | same
}

test_mergesort() {
    for workers in 1 2 8; do
        expect 0 1000000 $workers
        echo '1000000 numbers sorted' | same
    done
    # One piece, two, and none.
    for n in 0 1 4096 4097; do
        expect 0 $n
        echo "$n numbers sorted" | same
    done
}

test_pipeline() {
    expect 0
    printf '17984 primes below 200000\n0 batches lost\n' | same
    expect 0 1000
    printf 'found 1000 primes or more\n0 batches lost\n' | same
}

# Three workers, and the files 3, 7 and 11 stall: nobody is left to start what comes behind.
test_downloads() {
    expect 0 3
    for file in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        case $file in
        3 | 7 | 11) echo "file $file: failed: the connection was shut down half way" ;;
        12 | 13 | 14 | 15) echo "file $file: never started" ;;
        *) echo "file $file: 1000 bytes" ;;
        esac
    done | same
}

make_tree() {
    tree=$dir/tree
    mkdir -p "$tree/a/b/c" "$tree/empty"
    printf "The cat, the Dog; the end.\nDon't stop42go" >"$tree/one.txt"
    printf 'na\303\257ve caf\303\251 na\303\257ve CAF\303\251' >"$tree/a/utf8"
    # A word across the end of a block, and a file that ends with a block.
    { head -c 65533 /dev/zero | tr '\0' ' '; printf 'across '; } >"$tree/a/b/two-blocks"
    { head -c 131069 /dev/zero | tr '\0' ' '; printf 'end'; } >"$tree/a/b/c/whole-blocks"
    # 300 letters count as the first 255.
    { head -c 300 /dev/zero | tr '\0' z; echo; head -c 255 /dev/zero | tr '\0' Z; } >"$tree/long"
    : >"$tree/a/nothing"
    printf 'text\0text' >"$tree/a/binary"
    # Followed, this would never end.
    ln -s .. "$tree/a/b/up"
}

# The printed counts are exact; only the line with the speed differs from run to run.
test_counts() {
    longest=$(head -c 255 /dev/zero | tr '\0' z)
    expect 0 --once --quiet --workers=2 "$tree"
    sed '/ MB\/s/d' "$dir/out" >"$dir/counts"
    mv "$dir/counts" "$dir/out"
    same <<END
18 words, 12 different ones; the most frequent:
    1            3  the
    2            2  café
    3            2  end
    4            2  naïve
    5            2  $longest
    6            1  across
    7            1  cat
    8            1  dog
    9            1  don
   10            1  go
   11            1  stop
   12            1  t

7 files: 6 of text, 1 binary, 0 unreadable
197234 bytes of text

END
}

# Every word of three letters, once in a file of all and once in one of 676 small files: several batches, whose
# words meet in every shard.
test_many_words() {
    mkdir "$dir/many"
    awk -v dir="$dir/many" 'BEGIN {
        letters = "abcdefghijklmnopqrstuvwxyz"
        for (i = 1; i <= 26; i++)
            for (j = 1; j <= 26; j++) {
                file = dir "/" i "-" j
                for (k = 1; k <= 26; k++) {
                    word = substr(letters, i, 1) substr(letters, j, 1) substr(letters, k, 1)
                    print word >file
                    print word >(dir "/all")
                }
                close(file)
            }
    }'
    expect 0 --workers=4 --top=10000 "$dir/many"
    printed '^35152 words, 17576 different ones; the most frequent:$'
    printed '^    1            2  aaa$'
    printed '^10000            2  oup$'
    printed '^677 files: 677 of text, 0 binary, 0 unreadable$'
    printed '^check: both counts agree, word by word$'
}

test_comparison() {
    expect 0 --workers=3 --queue=1 --top=1 "$tree" "$tree"
    printed '^36 words, 12 different ones; the most frequent:$'
    printed '^    1            6  the$'
    printed '^1 worker  .* MB/s$'
    printed '^3 workers  .* MB/s$'
    printed '^check: both counts agree, word by word$'
    [ "$(grep -c 'done after' "$dir/err")" -eq 3 ] || fail "not three passes: $(cat "$dir/err")"

    # A file that reads differently every time.
    expect 1 --quiet /proc/sys/kernel/random/uuid /proc/sys/kernel/random/uuid
    printed '^check: FAILED'
}

# Permissions would not stop root; reading address 0 of a process's own memory fails for every user.
test_unreadable() {
    expect 0 --once "$tree" /proc/self/mem
    printed '^8 files: 6 of text, 1 binary, 1 unreadable$'
    printed '^unreadable: /proc/self/mem: '
}

test_arguments() {
    if "$program" --help >/dev/full 2>"$dir/err"; then
        fail "a full disk under standard output was not noticed"
    fi
    expect 0 --help
    printed '^Usage: wordcount'
    expect 0 --version
    printed 'pirn [0-9]'
    expect 2 --workers=0
    expect 2 --workers=two
    expect 2 --queue=-1
    expect 2 --no-such-option
    expect 2 "$dir/no-such-directory"
    expect 2 /dev/null
}

# Far more text than one worker counts until the signal comes, which is once the progress shows some speed.
test_interrupt() {
    yes word | head -c 4000000 >"$dir/large"
    i=0
    set --
    while [ $i -lt 4000 ]; do
        set -- "$@" "$dir/large"
        i=$((i + 1))
    done
    mkfifo "$dir/progress"
    "$program" --once --workers=1 "$@" >"$dir/out" 2>"$dir/progress" &
    pid=$!
    exec 3<"$dir/progress"
    while read -r line <&3; do
        case $line in
        *" 0.0 MB/s"*) ;;
        *) break ;;
        esac
    done
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    exec 3<&-
    [ $code -eq 130 ] || fail "interrupted, wordcount returned $code, not 130"
    printed '^Interrupted. What was counted until then:$'
    printed '^    1 .* word$'
}

test_wordcount() {
    make_tree
    test_counts
    test_many_words
    test_comparison
    test_unreadable
    test_arguments
    test_interrupt
}

# The trace is JSON, says who ran, nests on each thread, and shows what the threads of a print shop do. That they wait for each
# other is up to the machine: it is printed again until each of the waits has been seen.
test_trace() {
    touch "$dir/waits"
    check_trace
    until [ "$(sort -u "$dir/waits" | wc -l)" -eq 4 ]; do
        check_trace
    done
}

check_trace() {
    expect 0 "$dir/trace.json"
    printed '^11 orders printed, 1 spoiled$'
    python3 -m json.tool "$dir/trace.json" >"$dir/pretty.json" || fail "the trace is no JSON"
    python3 - "$dir/trace.json" >>"$dir/waits" <<'END' || fail "the trace does not hold together"
import collections, json, sys

events = json.load(open(sys.argv[1]))["traceEvents"]
of_phase = collections.defaultdict(list)
for event in events:
    of_phase[event["ph"]].append(event)

threads = {event["tid"]: event["args"]["name"] for event in of_phase["M"]}
assert {"MainThread", "desk", "printer 1", "printer 2", "setter_0"} <= set(threads.values()), threads
assert {event["tid"] for event in events} == set(threads)

seen = collections.Counter()
for tid, name in threads.items():
    open_ones, time = [], 0
    for event in events:
        if event["tid"] != tid or event["ph"] == "M":
            continue
        assert event["ts"] >= time, (name, event)
        time = event["ts"]
        if event["ph"] == "B":
            open_ones.append(event)
            seen[event["name"].split("#")[0]] += 1
        elif event["ph"] == "E":
            assert open_ones.pop()["cat"] == event["cat"], (name, event)
            seen[event["cat"], event["args"]["result"]] += 1
    assert not open_ones, (name, open_ones)
    assert seen[name] == (name != "MainThread"), (name, seen)

for what in ("wait: queue orders", "wait: lock press", "wait: future ", "wait: thread printer 1"):
    if seen[what] > 0:
        print(what)
assert seen["task: future "] == 36 and seen["task", "0"] == 33 and seen["task", "1"] == 3, seen
assert len([event for event in of_phase["i"] if event["cat"] == "failure"]) == 3
begins = {event["id"]: event["ts"] for event in of_phase["s"]}
ends = {event["id"]: event["ts"] for event in of_phase["f"]}
assert len(begins) == 36 and begins.keys() == ends.keys()
assert all(begins[task] <= ends[task] for task in begins)
END
}

# A program of basics: standard output is basics/NAME.out, but for the number that a race leaves open.
test_basics() {
    expect 0
    sed 's/^in pieces: [0-9]* /in pieces: N /' "$dir/out" >"$dir/settled"
    diff "$(dirname "$0")/basics/$example.out" "$dir/settled" >&2 || fail "$example printed something else"
}

if [ -e "$(dirname "$0")/basics/$example.out" ]; then
    test_basics
else
    "test_$example"
fi

//! The C headers under `include/` are what cbindgen makes of `src/capi`. `make headers` (this test with
//! `PIRN_WRITE_HEADERS` set) writes them; without it the test fails where one is stale, missing or left over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Header topics that have items outside `src/capi/<topic>.rs` as well.
const MORE_SOURCES: &[(&str, &str)] = &[
    ("status", "src/status.rs"),
    ("hooks", "src/thread/hooks/event.rs"),
    ("executor", "src/capi/executor/submit.rs"),
    ("executor", "src/capi/executor/map.rs"),
];

/// Headers that every other topic includes, in this order; they include only the ones before themselves.
const SHARED: &[&str] = &["status", "types"];

/// Headers that are written by hand.
const BY_HAND: &[&str] = &["include/pirn/with.h"];

/// Rust names that mean something else to C. `Flag` takes any byte where C passes a `bool`, since a caller in another
/// language may pass one that is neither 0 nor 1.
const RENAMED: &[(&str, &str)] = &[("Flag", "bool")];

#[test]
fn headers_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let headers = generate(root);

    if env::var_os("PIRN_WRITE_HEADERS").is_some() {
        for stale in committed(root).keys().filter(|path| !headers.contains_key(*path)) {
            fs::remove_file(root.join(stale)).unwrap();
        }
        for (path, text) in &headers {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    let committed = committed(root);
    let mut paths: Vec<&PathBuf> = headers.keys().chain(committed.keys()).collect();
    paths.sort();
    paths.dedup();
    let stale: Vec<_> = paths.into_iter().filter(|path| headers.get(*path) != committed.get(*path)).collect();
    assert!(stale.is_empty(), "not what src/capi says: {stale:?}; run `make headers` and commit the result");
}

#[test]
fn public_names_have_the_prefix() {
    for (path, text) in generate(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        for line in text.lines() {
            let defines = line.strip_prefix("#define ");
            let declares = line.strip_prefix("typedef ");
            let prefixed = defines.is_none_or(|rest| rest.starts_with("PIRN_"))
                && declares.is_none_or(|rest| rest.contains("pirn_"));
            assert!(prefixed, "{}: {line}", path.display());
        }
    }
}

#[test]
fn rustdoc_links_become_plain_names() {
    let cases = [
        (" see [`pirn_lock_free`].", " see `pirn_lock_free`."),
        (" [`free`](crate::capi::lock::pirn_lock_free)", " `free`"),
        (" [the contract](super), twice [`a`] [`b`]", " the contract, twice `a` `b`"),
        (" `buf[0]`, [0, 1), a [note] and f[i] (x)", " `buf[0]`, [0, 1), a [note] and f[i] (x)"),
        (" [Python](https://docs.python.org/3/)", " [Python](https://docs.python.org/3/)"),
    ];
    for (rustdoc, plain) in cases {
        assert_eq!(without_links(rustdoc), plain);
    }
}

/// Every header by its path below the repository.
fn generate(root: &Path) -> BTreeMap<PathBuf, String> {
    let topics = topics(root);
    let mut headers: BTreeMap<_, _> =
        topics.iter().map(|topic| (format!("include/pirn/{topic}.h").into(), topic_header(root, topic))).collect();
    headers.insert("include/pirn.h".into(), umbrella(root, &topics));
    headers
}

fn committed(root: &Path) -> BTreeMap<PathBuf, String> {
    let topic_headers =
        fs::read_dir(root.join("include/pirn")).into_iter().flatten().map(|entry| entry.unwrap().path());
    topic_headers
        .chain([root.join("include/pirn.h")])
        .filter(|path| path.extension().is_some_and(|extension| extension == "h"))
        .filter_map(|path| Some((path.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&path).ok()?)))
        .filter(|(path, _)| !BY_HAND.iter().any(|by_hand| path == Path::new(by_hand)))
        .collect()
}

/// The files of `src/capi` that export something, by their stems.
fn topics(root: &Path) -> Vec<String> {
    let mut topics: Vec<String> = fs::read_dir(root.join("src/capi"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|topic| topic != "mod" && sources(root, topic).iter().any(|source| exports(source)))
        .collect();
    topics.sort();
    topics
}

fn sources(root: &Path, topic: &str) -> Vec<PathBuf> {
    let more = MORE_SOURCES.iter().filter(|(of, _)| *of == topic).map(|(_, path)| root.join(path));
    more.chain([root.join(format!("src/capi/{topic}.rs"))]).collect()
}

fn exports(source: &Path) -> bool {
    let text = read(source);
    text.contains("#[unsafe(no_mangle)]") || text.contains("pub const PIRN_") || !public_types(&text).is_empty()
}

/// The C types that a source declares: cbindgen by itself would leave out those that no function of the same file uses.
fn public_types(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| ["pub type ", "pub struct ", "pub enum "].iter().find_map(|start| line.strip_prefix(start)))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned())
        .filter(|name| name.starts_with("pirn_"))
        .collect()
}

fn topic_header(root: &Path, topic: &str) -> String {
    let sources = sources(root, topic);
    let includes = match SHARED.iter().position(|shared| *shared == topic) {
        Some(place) => &SHARED[..place],
        None => SHARED,
    };
    let system = ["stdbool.h", "stddef.h", "stdint.h"].map(String::from);
    let pirn = includes.iter().map(|shared| format!("pirn/{shared}.h"));

    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        style: cbindgen::Style::Type,
        usize_is_size_t: true,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        line_length: 110,
        tab_width: 4,
        no_includes: true,
        sys_includes: system.into_iter().chain(pirn).collect(),
        after_includes: (topic == "library").then(version_macros),
        header: Some(head_comment(&module_docs(sources.last().unwrap()))),
        include_guard: Some(format!("PIRN_{}_H", topic.to_uppercase())),
        ..Default::default()
    };
    config.export.rename = RENAMED.iter().map(|(rust, c)| (rust.to_string(), c.to_string())).collect();
    config.export.exclude = RENAMED.iter().map(|(rust, _)| rust.to_string()).collect();

    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in &sources {
        for name in public_types(&read(source)) {
            builder = builder.include_item(name);
        }
        builder = builder.with_src(source);
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    let text: String =
        String::from_utf8(text).unwrap().lines().map(|line| parenthesized(&without_links(line)) + "\n").collect();
    let text = with_tags(&text);
    // rustdoc's section for what an unsafe function asks of its caller is a precondition to a reader of C.
    text.replace(" * # Safety\n * ", " * @pre ")
}

fn umbrella(root: &Path, topics: &[String]) -> String {
    let comment = without_links(&head_comment(&module_docs(&root.join("src/capi/mod.rs"))));
    let includes: String = topics.iter().map(|topic| format!("#include <pirn/{topic}.h>\n")).collect();
    format!("{comment}\n\n#ifndef PIRN_H\n#define PIRN_H\n\n{includes}\n#endif  /* PIRN_H */\n")
}

fn version_macros() -> String {
    let version = [
        ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ];
    let macros: String =
        version.iter().map(|(part, number)| format!("#define PIRN_VERSION_{part} {number}\n")).collect();
    let comment = "/** The version of this header; `pirn_version` tells that of the library that is running. */";
    format!("\n{comment}\n{}", macros.trim_end())
}

/// The `//!` lines at the top of a source file.
fn module_docs(source: &Path) -> Vec<String> {
    let text = read(source);
    text.lines().map_while(|line| line.strip_prefix("//!")).map(str::to_owned).collect()
}

fn head_comment(docs: &[String]) -> String {
    let body: String = docs.iter().map(|line| format!(" *{line}\n")).collect();
    format!("/**\n * @file\n{body} */\n/* Generated from src/capi by `make headers`: change it there. */")
}

/// A negative constant in parentheses, as a macro's value has to be.
fn parenthesized(line: &str) -> String {
    match line.split_once(" -") {
        Some((define, value)) if line.starts_with("#define ") => format!("{define} (-{value})"),
        _ => line.to_owned(),
    }
}

/// Gives `typedef struct { ... } pirn_x_t;` the tag `struct pirn_x`, so that it can be declared without its header.
fn with_tags(text: &str) -> String {
    let mut parts = text.split("typedef struct {\n");
    let before = parts.next().unwrap_or_default().to_owned();
    parts.fold(before, |done, part| {
        let end = part.find("\n} ").expect("the end of a struct") + "\n} ".len();
        let name = part[end..].split("_t;").next().expect("the name of a struct");
        format!("{done}typedef struct {name} {{\n{part}")
    })
}

/// Turns rustdoc's links to items, which mean nothing to a reader of C, into their texts. Addresses stay.
fn without_links(line: &str) -> String {
    let mut rest = line;
    let mut plain = String::new();
    while let Some((before, text, after)) = first_link(rest) {
        plain.push_str(before);
        plain.push_str(text);
        rest = after;
    }
    plain + rest
}

/// What stands before, in and after the first `` [`text`] `` or `[text](path)`.
fn first_link(line: &str) -> Option<(&str, &str, &str)> {
    for (open, _) in line.match_indices('[') {
        let length = line[open..].find(']')?;
        let (text, after) = (&line[open + 1..open + length], &line[open + length + 1..]);
        let target = after.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let is_code = text.len() > 2 && text.starts_with('`') && text.ends_with('`');
        match target {
            Some((path, after)) if is_item_path(path) => return Some((&line[..open], text, after)),
            None if is_code => return Some((&line[..open], text, after)),
            _ => {}
        }
    }
    None
}

fn is_item_path(path: &str) -> bool {
    path.split("::").all(|segment| !segment.is_empty() && segment.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

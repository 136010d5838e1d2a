//! What a log is called in a figure: its file without folders and endings, which say nothing about it.

/// Endings of logs, compressed or not.
const ENDINGS: [&str; 4] = [".gz", ".zst", ".jsonl", ".parquet"];

/// `file` without folders and endings; what is no file stays as it is.
pub(super) fn log_name(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let short = ENDINGS.iter().fold(name, |name, ending| {
        name.strip_suffix(ending).unwrap_or(name)
    });
    if short.is_empty() { file } else { short }
}

#[cfg(test)]
mod tests {
    use super::log_name;

    #[test]
    fn folders_and_endings_are_left_out_and_nothing_else() {
        for (file, name) in [
            ("logs/a-1.5b.jsonl.zst", "a-1.5b"),
            ("a.b.jsonl.gz", "a.b"),
            ("c:\\logs\\a.parquet", "a"),
            ("llama 3.1", "llama 3.1"),
            ("a.jsonl.bak", "a.jsonl.bak"),
            (".jsonl", ".jsonl"),
            ("", ""),
        ] {
            assert_eq!(log_name(file), name);
        }
    }
}

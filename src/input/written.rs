//! Pieces of TOML for those who write files.

/// Text as comments, each line one.
pub fn comment(text: &str) -> String {
    let line = |line: &str| {
        // Control characters are not allowed in comments.
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        format!("# {line}").trim_end().to_owned() + "\n"
    };
    text.lines().map(line).collect()
}

/// A basic string: the escapes of JSON are those of TOML, which also wants the delete character escaped. It
/// may stand for a key, too.
pub fn string(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007F")
}

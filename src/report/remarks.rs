//! Remarks on many places: what is said of several is said once.

/// Different remarks that are shown.
const MOST: usize = 6;

/// Each different one of `remarks`, given as number of its place and text, behind the `places` that it is
/// about; at most six, and how many more there are. `kind` is what places are called.
pub(super) fn gathered<'f>(
    remarks: impl Iterator<Item = (usize, &'f str)>,
    places: impl Fn(&[usize]) -> String,
    kind: &str,
) -> Vec<String> {
    let mut different: Vec<(&str, Vec<usize>)> = Vec::new();
    for (place, text) in remarks {
        match different.iter_mut().find(|(other, _)| *other == text) {
            Some((_, at)) => at.push(place),
            None => different.push((text, vec![place])),
        }
    }
    let more = different.len().saturating_sub(MOST);
    let shown = different.iter().take(MOST);
    let mut gathered: Vec<String> = shown
        .map(|(text, at)| format!("{}: {text}", places(at)))
        .collect();
    if more > 0 {
        gathered.push(format!(
            "{more} more remarks stand with their {kind} in the JSON"
        ));
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::gathered;

    #[test]
    fn what_is_said_twice_is_said_once_and_too_much_is_counted() {
        let texts: Vec<String> = (0..8).map(|i| format!("text {i}")).collect();
        let remarks = texts.iter().map(String::as_str).enumerate();
        let all = gathered(
            remarks.chain([(9, "text 1")]),
            |at| format!("{at:?}"),
            "rows",
        );
        assert_eq!(all.len(), 7);
        assert_eq!(all[..2], ["[0]: text 0", "[1, 9]: text 1"]);
        assert_eq!(all[6], "2 more remarks stand with their rows in the JSON");
    }
}

//! What a rule has found in a problem, kept while generations of that problem follow each other.

/// The last problem and what was found in it.
#[derive(Debug)]
pub(super) struct OfProblem<T> {
    last: Option<(String, T)>,
}

impl<T: Clone> OfProblem<T> {
    pub(super) const fn new() -> Self {
        Self { last: None }
    }

    /// What `find`, which depends on nothing else, finds in `problem`.
    pub(super) fn get(&mut self, problem: &str, find: impl FnOnce(&str) -> T) -> T {
        match &mut self.last {
            Some((last, found)) if last == problem => found.clone(),
            last => {
                let found = find(problem);
                *last = Some((problem.to_owned(), found.clone()));
                found
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_problem_is_looked_at() {
        let mut lengths = OfProblem::new();
        let mut looked = 0;
        for problem in ["a", "a", "bcd", "bcd", "a"] {
            let found = lengths.get(problem, |text| {
                looked += 1;
                text.len()
            });
            assert_eq!(found, problem.len());
        }
        assert_eq!(looked, 3);
    }
}

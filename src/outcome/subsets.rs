//! What happens to one generation under any subset of a policy's validators.
//!
//! A generation stops where the first of the validators that are present rejects it. Lined up by
//! when they would, v₁, v₂, …, the generation goes beyond the stop of `v_j` exactly if none of
//! v₁ … `v_j` is present. So what is paid is a sum of terms `x · 1{none of E is present}`, and
//! whether it survives is one such term: sums over subsets become arithmetic on few numbers.

use smallvec::SmallVec;

/// A set of validators: bit v is the one with index v.
pub type Validators = u64;

/// Validators that a [`Validators`] can hold.
pub const MOST_VALIDATORS: usize = Validators::BITS as usize;

/// Numbers of the validators of a set, in ascending order.
pub fn members(mut set: Validators) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let member = set.trailing_zeros() as usize;
        // All but the lowest one.
        set &= set.checked_sub(1)?;
        Some(member)
    })
}

/// Terms (E, x): x · 1{none of E is present}. Of most generations there are very few, and many
/// generations: they need no memory of their own.
pub type Terms = SmallVec<[(Validators, f64); 3]>;

/// One generation under any subset of the validators.
#[derive(Debug, Clone, PartialEq)]
pub struct SubsetOutcome {
    /// Number of the prompt.
    pub prompt: u64,
    /// Tokens of the full generation.
    pub tokens_full: f64,
    /// x tokens are paid if no validator of E is present.
    pub paid: Terms,
    /// Those that reject it, each by itself.
    pub rejecting: Validators,
    /// Whether the final filter accepts the full generation, where that is known.
    pub accepted: Option<bool>,
}

impl SubsetOutcome {
    /// Tokens paid when exactly the validators of `present` are consulted; what checkpoints charge
    /// included.
    pub fn paid(&self, present: Validators) -> f64 {
        let terms = self.paid.iter().filter(|(absent, _)| absent & present == 0);
        terms.map(|(_, tokens)| tokens).sum()
    }

    /// Those that make any difference to it.
    pub fn involved(&self) -> Validators {
        self.paid
            .iter()
            .fold(self.rejecting, |set, term| set | term.0)
    }

    /// Whether any of `present` rejects it.
    pub fn rejected(&self, present: Validators) -> bool {
        self.rejecting & present != 0
    }
}

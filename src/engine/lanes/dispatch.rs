//! The one place with unsafe code: calling what was compiled for an instruction set that this
//! machine has.
//!
//! The work itself is safe code without intrinsics. It is inlined here three times, and the compiler
//! uses in each copy the instructions that the copy may use. The call is unsafe because running the
//! wrong copy would be undefined; a copy is called only after the machine has been asked. The
//! scalar copy is the twin by which tests check the others.

use std::sync::OnceLock;

/// An instruction set for which the kernel was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isa {
    /// What every machine of the architecture has.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The best instruction set of this machine, or the one that `FOLDEM_ISA` asks for if the machine has it.
fn isa() -> Isa {
    static ISA: OnceLock<Isa> = OnceLock::new();
    *ISA.get_or_init(|| {
        // Results do not depend on it; tests compare them.
        let asked = std::env::var_os("FOLDEM_ISA").unwrap_or_default();
        choose(&asked.to_string_lossy())
    })
}

#[cfg(target_arch = "x86_64")]
fn choose(asked: &str) -> Isa {
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match asked {
        "scalar" => Isa::Scalar,
        "avx2" if is_x86_feature_detected!("avx2") => Isa::Avx2,
        _ if avx512 => Isa::Avx512,
        _ if is_x86_feature_detected!("avx2") => Isa::Avx2,
        _ => Isa::Scalar,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn choose(_asked: &str) -> Isa {
    Isa::Scalar
}

/// What is compiled for each instruction set: everything must be inlined into `run`.
pub(super) trait Work {
    fn run(self);
}

/// Does `work` in its copy for this machine.
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the machine has been asked for the instruction set"
    )
)]
pub(super) fn run(work: impl Work) {
    match isa() {
        Isa::Scalar => work.run(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `choose` gives this set only where the machine has it.
        Isa::Avx2 => unsafe { avx2(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx512 => unsafe { avx512(work) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(work: impl Work) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512(work: impl Work) {
    work.run();
}

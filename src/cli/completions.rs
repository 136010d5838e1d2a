//! `foldem completions`: what a shell needs to complete the command line, generated from the parser.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::error::CliError;
use super::output::print;

/// Print a completion script for your shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    foldem completions bash > foldem.bash\n  \
    foldem completions zsh > _foldem\n  \
    foldem completions fish > foldem.fish\n\n\
    bash: source the file, or put it into ~/.local/share/bash-completion/completions/foldem.\n\
    zsh: put it into a folder of $fpath. fish: into ~/.config/fish/completions/.")]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<u8, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "foldem", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(super::exit::FINE)
}

//! `foldem man`: manual pages, generated from the parser, so that they say what `--help` says.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::error::CliError;
use super::output::{print, write_file};
use super::{Cli, Context, exit};

/// Print the manual page, or write those of all commands
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    foldem man > foldem.1\n  \
    foldem man .\n\n\
    `man ./foldem.1` shows a page; in ~/.local/share/man/man1 `man foldem-replay` finds it.")]
pub(super) struct ManArgs {
    /// Write foldem.1 and a page for each command into this folder
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, context: &Context) -> Result<u8, CliError> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = &args.directory else {
        print(&String::from_utf8_lossy(&page(&command, "foldem")?))?;
        return Ok(exit::FINE);
    };
    if !directory.is_dir() {
        return Err(CliError::Usage(format!(
            "{}: there is no such folder; create it first",
            directory.display()
        )));
    }
    let mut written = 0;
    write_file(&directory.join("foldem.1"), &page(&command, "foldem")?)?;
    for subcommand in command.get_subcommands() {
        let name = format!("foldem-{}", subcommand.get_name());
        write_file(
            &directory.join(format!("{name}.1")),
            &page(subcommand, &name)?,
        )?;
        written += 1;
    }
    let message = format!("wrote {} pages to {}", written + 1, directory.display());
    context.output.tell(&message);
    Ok(exit::FINE)
}

fn page(command: &Command, title: &str) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    Man::new(command.clone())
        .title(title.to_owned())
        .render(&mut bytes)
        .map_err(|e| CliError::Internal(format!("cannot render the page of {title}: {e}")))?;
    Ok(bytes)
}

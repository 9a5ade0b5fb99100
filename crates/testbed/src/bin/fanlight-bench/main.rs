//! The measurements: Fanlight on a control plane of its own, with many objects and people, against its budgets.
//!
//! Everything is measured from outside, while the people's pages are open; nothing here fails because of a figure.

mod break_glass;
mod changes;
mod house;
mod measure;
mod people;
mod process;
mod requests;
mod sessions;
mod size;
mod table;

use std::io::Write;

use clap::Parser;

use size::Size;
use table::Table;

/// Measures what the budgets are about.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are")]
struct Arguments {
    /// 10,000 objects in 300 namespaces, 50 people.
    #[arg(long)]
    large: bool,
    /// 200 objects in 20 namespaces, 5 people, short windows.
    #[arg(long, conflicts_with = "large")]
    quick: bool,
    /// The break-glass commands in place of the dashboard.
    #[arg(long, conflicts_with_all = ["large", "quick"])]
    break_glass: bool,
    /// What sessions cost in place of all that.
    #[arg(long, conflicts_with_all = ["large", "quick", "break_glass"])]
    sessions: bool,
    /// Print JSON in place of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt().with_env_filter("warn,kube_client=off").with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let size = match (arguments.large, arguments.quick) {
        (true, _) => Size::LARGE,
        (_, true) => Size::QUICK,
        _ => Size::DEFAULT,
    };
    let mut table = Table::new((!arguments.break_glass && !arguments.sessions).then_some(size));
    if arguments.break_glass {
        break_glass::everything(&mut table).await?;
    } else if arguments.sessions {
        sessions::everything(&mut table).await?;
    } else {
        measure::everything(&size, &mut table).await?;
    }
    let text = if arguments.json { format!("{:#}", table.json()) } else { table.text() };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Says one line on the way.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

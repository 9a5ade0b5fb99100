//! The measurements: Fanlight on a control plane of its own, with many objects and people, against its budgets.
//!
//! Everything is measured from outside, while the people's pages are open; nothing here fails because of a figure.

mod access;
mod break_glass;
mod changes;
mod explain;
mod house;
mod measure;
mod pages;
mod people;
mod process;
mod reading;
mod requests;
mod sessions;
mod size;
mod table;

use std::io::Write;

use clap::{Parser, ValueEnum};

use size::Size;
use table::Table;

/// Measures what the budgets are about.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Something other than one cluster and its people.
    what: Option<What>,
    /// 10,000 objects in 300 namespaces, 50 people.
    #[arg(long)]
    large: bool,
    /// 200 objects in 20 namespaces, 5 people, short windows; of what is compared, the smallest.
    #[arg(long, conflicts_with = "large")]
    quick: bool,
    /// Of what is compared, only what concerns so many people (1, 11 or 50).
    #[arg(long)]
    people: Option<usize>,
    /// Print JSON in place of the table.
    #[arg(long)]
    json: bool,
}

/// What else there is to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Clusters of three sizes and people in three numbers, with one who sees everything, without, and with that one
    /// leaving; and what doubles when something doubles.
    Access,
    /// How long a person waits for the break-glass commands, also over 200 clusters.
    BreakGlass,
    /// What it costs to say why 200 objects fail, to show a tree of 5,000 parts, and to follow 50,000 lines.
    Explain,
    /// What a session costs: the check at each request, sign-ins, memory.
    Sessions,
    /// How quick and how heavy every page is, at the server and in a browser.
    Pages,
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
    if arguments.what.is_some() && arguments.large {
        anyhow::bail!("--large is about one cluster and its people");
    }
    if matches!(arguments.what, Some(What::BreakGlass | What::Sessions)) && arguments.quick {
        anyhow::bail!("--quick is about clusters and their people");
    }
    if arguments.people.is_some() && arguments.what != Some(What::Access) {
        anyhow::bail!("--people is about what is compared");
    }
    let mut table = Table::new(if arguments.what.is_none() { size.to_string() } else { String::new() });
    match arguments.what {
        None => measure::everything(&size, &mut table).await?,
        Some(What::Access) => {
            return access::everything(arguments.quick, arguments.people, &mut |table| show(table, arguments.json))
                .await;
        }
        Some(What::BreakGlass) => break_glass::everything(&mut table).await?,
        Some(What::Sessions) => sessions::everything(&mut table).await?,
        Some(What::Explain) => explain::everything(arguments.quick, &mut table).await?,
        Some(What::Pages) => pages::everything(arguments.quick, &mut table).await?,
    }
    show(&table, arguments.json)
}

fn show(table: &Table, as_json: bool) -> anyhow::Result<()> {
    let text = if as_json { format!("{:#}", table.json()) } else { table.text() };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Says one line on the way.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

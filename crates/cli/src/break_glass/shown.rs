use std::io::{Write, stdout};

use fanlight_breakglass::Error;
use serde::Serialize;

use super::{Output, terminal};

/// Prints a result: as JSON, or as the text that `text` makes of it.
pub(crate) fn print<T: Serialize>(output: Output, result: &T, text: impl FnOnce(&T) -> String) -> Result<(), Error> {
    let shown = match output {
        Output::Text => terminal::printable(&text(result)),
        Output::Json => serde_json::to_string_pretty(result).map_err(|error| failed(&error))?,
    };
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(stdout(), "{}", shown.trim_end()).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::Refused(format!("the result cannot be printed: {error}"))
}

/// Rows in columns, as `kubectl` prints them; the last column is as wide as it likes.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            rows.iter().chain([&head]).filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in [&head].into_iter().chain(rows) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("   ").trim_end());
        text.push('\n');
    }
    text
}

/// How long ago, as `kubectl` says it: `45s`, `12m`, `5h`, `3d`.
pub(super) fn age(since: jiff::Timestamp) -> String {
    let seconds = jiff::Timestamp::now().duration_since(since).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["eu/prod".to_owned(), "1".to_owned()], vec!["ü".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["CLUSTER", "N"], &rows), "CLUSTER   N\neu/prod   1\nü         22\n");
    }
}

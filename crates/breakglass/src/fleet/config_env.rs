use std::{fs, io, path::Path};

/// No `cluster-config.env` is longer, in bytes.
const LIMIT: u64 = 64 * 1024;

/// The outside address of the API server as the cluster's folder tells it: `KUBE_API_EXTERNAL_URL` in
/// `cluster-config.env`, in the format of kube-dc's fleets (`NAME=value` lines, `#` comments, outer quotes, the first wins).
pub(crate) fn external_url(folder: &Path) -> io::Result<Option<String>> {
    let file = folder.join("cluster-config.env");
    match fs::metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(data) if data.len() > LIMIT => return Err(io::Error::other("it is longer than 64 KiB")),
        Ok(_) => {}
    }
    Ok(value(&fs::read_to_string(file)?, "KUBE_API_EXTERNAL_URL"))
}

fn value(text: &str, name: &str) -> Option<String> {
    text.lines().map(str::trim).filter(|line| !line.starts_with('#')).find_map(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| unquoted(value.trim()).to_owned()).filter(|value| !value.is_empty())
    })
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_says_something_wins_whatever_its_quotes() {
        let text = "# KUBE_API_EXTERNAL_URL=https://comment\nDOMAIN=x\nKUBE_API_EXTERNAL_URL=\n\
            export KUBE_API_EXTERNAL_URL=\"https://a:6443\"\nKUBE_API_EXTERNAL_URL='https://b'\r\n";
        assert_eq!(value(text, "KUBE_API_EXTERNAL_URL").as_deref(), Some("https://a:6443"));
        assert_eq!(
            value("KUBE_API_EXTERNAL_URL='https://b'\r\n", "KUBE_API_EXTERNAL_URL").as_deref(),
            Some("https://b")
        );
        assert_eq!(value("OTHER=1", "KUBE_API_EXTERNAL_URL"), None);
    }
}

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::{SessionError, folder::Folder};

/// A shell whose prompt can be marked after the user's own settings have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bash,
    Zsh,
    Fish,
    /// Another one, which may look at `PS1`.
    Other,
}

/// What makes an interactive shell show where it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: Vec<(&'static str, OsString)>,
}

/// Prepares `shell` to mark its prompt with the cluster's name, and to set `pinned` variables again after the user's own
/// files: many of those set `KUBECONFIG`, which would lead back to the everyday cluster.
pub(super) fn mark(
    shell: &OsStr,
    cluster: &str,
    pinned: &[(&str, &OsStr)],
    zdotdir: Option<&OsStr>,
    folder: &Folder,
) -> Result<Marked, SessionError> {
    let cluster = plain(cluster);
    match kind(shell) {
        Kind::Bash => {
            let file = folder.write("bashrc", &bashrc(&cluster, pinned))?;
            Ok(Marked { arguments: vec!["--rcfile".into(), file.into(), "-i".into()], variables: Vec::new() })
        }
        Kind::Zsh => {
            let ours = folder.make("zsh")?;
            folder.write("zsh/.zshenv", &zshenv(&ours, zdotdir))?;
            folder.write("zsh/.zshrc", &zshrc(&cluster, pinned, &ours))?;
            Ok(Marked { arguments: vec!["-i".into()], variables: vec![("ZDOTDIR", ours.into())] })
        }
        Kind::Fish => {
            let file = folder.write("mark.fish", &fish(&cluster, pinned))?;
            let source = [b"source ", fish_quoted(file.as_os_str()).as_slice()].concat();
            Ok(Marked { arguments: vec!["-i".into(), "-C".into(), os(source)], variables: Vec::new() })
        }
        Kind::Other => {
            let prompt = format!("[BREAK-GLASS {cluster}] $ ");
            Ok(Marked { arguments: Vec::new(), variables: vec![("PS1", prompt.into())] })
        }
    }
}

fn kind(shell: &OsStr) -> Kind {
    match Path::new(shell).file_name().and_then(OsStr::to_str) {
        Some("bash") => Kind::Bash,
        Some("zsh") => Kind::Zsh,
        Some("fish") => Kind::Fish,
        _ => Kind::Other,
    }
}

/// A name that no shell reads anything into.
fn plain(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    name.chars().map(|c| if safe(c) { c } else { '?' }).collect()
}

/// The user's own file first. Prompts are often built anew before each line, so the mark is looked for before each line.
fn bashrc(cluster: &str, pinned: &[(&str, &OsStr)]) -> Vec<u8> {
    let head = b"[ -r ~/.bashrc ] && . ~/.bashrc\n".to_vec();
    let tail = format!(
        r#"__fanlight_mark() {{
  case "$PS1" in
    *'[BREAK-GLASS {cluster}]'*) ;;
    *) if [ -n "${{NO_COLOR:-}}" ]; then PS1='[BREAK-GLASS {cluster}] '"$PS1"
       else PS1='\[\e[1;41m\][BREAK-GLASS {cluster}]\[\e[0m\] '"$PS1"; fi ;;
  esac
}}
if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501 )); then PROMPT_COMMAND+=(__fanlight_mark)
else PROMPT_COMMAND="${{PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}}__fanlight_mark"; fi
"#
    );
    [head, exports(pinned), tail.into_bytes()].concat()
}

/// zsh looks for all its files in one directory. Ours stands in for the user's until theirs have been read.
fn zshenv(ours: &Path, theirs: Option<&OsStr>) -> Vec<u8> {
    let ours = quoted(ours.as_os_str());
    let set = match theirs.filter(|theirs| !theirs.is_empty()) {
        Some(theirs) => [b"ZDOTDIR=", quoted(theirs).as_slice(), b"\n"].concat(),
        None => b"unset ZDOTDIR\n".to_vec(),
    };
    let read = b"[[ -r ${ZDOTDIR:-$HOME}/.zshenv ]] && source ${ZDOTDIR:-$HOME}/.zshenv\n\
        (( ${+ZDOTDIR} )) && __fanlight_zdotdir=$ZDOTDIR\nexport ZDOTDIR=";
    [set, read.to_vec(), ours, b"\n".to_vec()].concat()
}

fn zshrc(cluster: &str, pinned: &[(&str, &OsStr)], ours: &Path) -> Vec<u8> {
    let head = "if (( ${+__fanlight_zdotdir} )); then ZDOTDIR=$__fanlight_zdotdir; unset __fanlight_zdotdir
else unset ZDOTDIR; fi
";
    let ours = quoted(ours.as_os_str());
    let home = b"/* ]] && HISTFILE=${ZDOTDIR:-$HOME}/.zsh_history\n";
    let history = [b"[[ ${HISTFILE:-} == ", ours.as_slice(), home].concat();
    let read = "[[ -r ${ZDOTDIR:-$HOME}/.zshrc ]] && source ${ZDOTDIR:-$HOME}/.zshrc\n";
    let tail = format!(
        r"__fanlight_mark() {{
  [[ $PROMPT == *'[BREAK-GLASS {cluster}]'* ]] && return
  if [[ -n ${{NO_COLOR:-}} ]]; then PROMPT='[BREAK-GLASS {cluster}] '$PROMPT
  else PROMPT='%K{{red}}%B[BREAK-GLASS {cluster}]%b%k '$PROMPT; fi
}}
autoload -Uz add-zsh-hook && add-zsh-hook precmd __fanlight_mark
"
    );
    [head.as_bytes(), &history, read.as_bytes(), &exports(pinned), tail.as_bytes()].concat()
}

/// fish reads this after the user's own files. The status of the last command is kept for the user's prompt.
fn fish(cluster: &str, pinned: &[(&str, &OsStr)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in pinned {
        text.extend([format!("set -gx {name} ").as_bytes(), &fish_quoted(value), b"\n"].concat());
    }
    let mark = format!(
        "functions -q fish_prompt; and functions -c fish_prompt __fanlight_prompt
function __fanlight_status; return $argv[1]; end
function fish_prompt
  set -l last $status
  set -q NO_COLOR; or set_color --bold --background red
  echo -n '[BREAK-GLASS {cluster}]'
  set -q NO_COLOR; or set_color normal
  echo -n ' '
  __fanlight_status $last
  functions -q __fanlight_prompt; and begin; __fanlight_status $last; __fanlight_prompt; end; or echo -n '> '
end
"
    );
    text.extend(mark.into_bytes());
    text
}

/// Variables, set for the shells that share that way of saying it.
fn exports(pinned: &[(&str, &OsStr)]) -> Vec<u8> {
    let export =
        |(name, value): &(&str, &OsStr)| [format!("export {name}=").as_bytes(), &quoted(value), b"\n"].concat();
    pinned.iter().flat_map(export).collect()
}

/// A word for sh, bash and zsh.
fn quoted(text: &OsStr) -> Vec<u8> {
    escaped(text, &[(b'\'', br"'\''")])
}

/// A word for fish.
fn fish_quoted(text: &OsStr) -> Vec<u8> {
    escaped(text, &[(b'\'', br"\'"), (b'\\', br"\\")])
}

fn escaped(text: &OsStr, special: &[(u8, &[u8])]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in text.as_encoded_bytes() {
        match special.iter().find(|(special, _)| special == byte) {
            Some((_, escaped)) => word.extend_from_slice(escaped),
            None => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

fn os(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

/// The user's shell: the one in `SHELL`, else the one that is always there.
pub(super) fn shell(variable: Option<OsString>) -> PathBuf {
    variable.filter(|shell| !shell.is_empty()).map_or_else(|| "/bin/sh".into(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn no_shell_reads_anything_into_a_cluster_or_a_path() {
        assert_eq!(plain("a`id`$(id)\\u'%n/b-1.c"), "a?id???id??u??n/b-1.c");
        let odd = OsStr::new("/a b/$(id)'\"\\`");
        let script = [b"printf %s ", quoted(odd).as_slice()].concat();
        let printed = Command::new("sh").arg("-c").arg(os(script)).output().unwrap();
        assert_eq!(printed.stdout, odd.as_encoded_bytes());
        assert_eq!(fish_quoted(OsStr::new(r"a'\b")), br"'a\'\\b'");
    }

    #[test]
    fn a_shell_is_told_by_its_name_and_there_is_always_one() {
        for (shell, expected) in
            [("/usr/bin/bash", Kind::Bash), ("zsh", Kind::Zsh), ("/opt/fish", Kind::Fish), ("/bin/dash", Kind::Other)]
        {
            assert_eq!(kind(OsStr::new(shell)), expected);
        }
        assert_eq!(shell(Some(OsString::new())), Path::new("/bin/sh"));
        assert_eq!(shell(None), Path::new("/bin/sh"));
        assert_eq!(shell(Some("/usr/bin/zsh".into())), Path::new("/usr/bin/zsh"));
    }
}
